/*
 * The control socket of a daemon: for root and one group, by the socket's mode.
 */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "proto.h"

#define MAX_PEERS 8

static struct daemon *the;
static struct server_conf *before; /* the last RELOAD; NULL: none, or undone */

static void
answer_status(
    struct ipc_conn *c, enum verb v, uint32_t id, enum ipc_status status, const char *text)
{
	struct status_rep rep = { .status = status };
	struct buf b = { 0 };

	buf_put(&b, &rep, sizeof(rep));
	buf_str(&b, text);
	ipc_send(c, v, id, b.p, b.len);
	buf_free(&b);
}

/* Whole lines, as many as fit. */
static void
answer_text(struct ipc_conn *c, enum verb v, uint32_t id, struct buf *text)
{
	size_t len = text->len;

	if (len > IPC_MAX_BODY)
		for (len = IPC_MAX_BODY; len > 0 && text->p[len - 1] != '\n';)
			len--;
	ipc_send(c, v, id, text->p, len);
	buf_free(text);
}

/*
 * The daemon works with fresh from now on, or as before (-1). What it had is kept: another daemon
 * may refuse the same text, and then all go back.
 */
static int
take_conf(struct server_conf *fresh, struct errmsg *e)
{
	if (the->level != -1)
		fresh->log_level = (enum log_level)the->level;
	if (the->reload != NULL && the->reload(the, fresh, e) == -1)
		return -1;
	log_setlevel(fresh->log_level);
	before = the->conf;
	the->conf = fresh;
	return 0;
}

static int
do_reload(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct errmsg e = { "" };
	struct server_conf *fresh, *last = before;

	fresh = conf_parse(the->conf->file, (const char *)body, len, NULL, &e);
	if (fresh == NULL || take_conf(fresh, &e) == -1) {
		log_warnx("the configuration stays as it was: %s", e.s);
		answer_status(c, V_RELOAD, id, ST_FAIL, e.s);
		conf_free(fresh);
		return 0;
	}
	conf_free(last);
	log_info("configuration reloaded");
	conf_fixed(before, fresh, &e);
	answer_status(c, V_RELOAD, id, ST_OK, e.s);
	return 0;
}

static int
do_undo(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct errmsg e = { "there is nothing to go back to" };
	struct server_conf *last = before;

	(void)body;
	(void)len;
	if (last == NULL || take_conf(last, &e) == -1) {
		answer_status(c, V_UNDO, id, ST_FAIL, e.s);
		return 0;
	}
	conf_free(before);
	before = NULL;
	log_warnx("the configuration is as it was before: another process did not take the new "
		  "one");
	answer_status(c, V_UNDO, id, ST_OK, "");
	return 0;
}

static int
do_stats(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct buf out = { 0 };

	(void)body;
	(void)len;
	for (struct counter *n = the->counters; n != NULL && n->name != NULL; n++)
		buf_printf(&out, "%s %llu\n", n->name, (unsigned long long)n->n);
	answer_text(c, V_STATS, id, &out);
	return 0;
}

static int
do_queue(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct buf out = { 0 };

	(void)body;
	(void)len;
	if (the->queue != NULL)
		the->queue(the, &out);
	answer_text(c, V_QUEUE, id, &out);
	return 0;
}

static int
do_logreopen(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	int fd = ipc_take_fd(c);

	(void)body;
	(void)len;
	if (fd != -1)
		log_reopen(fd);
	answer_status(c, V_LOGREOPEN, id, fd != -1 ? ST_OK : ST_FAIL, "");
	return 0;
}

/* What only some daemons can do. */
static int
do_special(struct ipc_conn *c, enum verb v, uint32_t id,
    int (*what)(struct daemon *d, struct errmsg *e))
{
	struct errmsg e = { "" };
	int rv = -1;

	if (what != NULL)
		rv = what(the, &e);
	else
		err_set(&e, "that is not %s's to do", the->name);
	answer_status(c, v, id, rv == 0 ? ST_OK : ST_FAIL, e.s);
	return 0;
}

static int
do_republish(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)body;
	(void)len;
	return do_special(c, V_REPUBLISH, id, the->republish);
}

static int
do_confirm_clock(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)body;
	(void)len;
	return do_special(c, V_CONFIRM_CLOCK, id, the->confirm_clock);
}

static int
do_clean(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)body;
	(void)len;
	return do_special(c, V_CLEAN, id, the->clean);
}

void
control_stop(struct daemon *d)
{
	if (d->stop != NULL)
		d->stop(d);
	else
		loop_stop(d->loop);
}

static int
do_stop(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)body;
	(void)len;
	answer_status(c, V_STOP, id, ST_OK, "");
	control_stop(the);
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ V_RELOAD, 1, IPC_MAX_BODY, do_reload },
	{ V_UNDO, 0, 0, do_undo },
	{ V_STATS, 0, 0, do_stats },
	{ V_QUEUE, 0, 0, do_queue },
	{ V_LOGREOPEN, 0, 0, do_logreopen },
	{ V_STOP, 0, 0, do_stop },
	{ V_REPUBLISH, 0, 0, do_republish },
	{ V_CONFIRM_CLOCK, 0, 0, do_confirm_clock },
	{ V_CLEAN, 0, 0, do_clean },
	{ 0, 0, 0, NULL },
};

static void
opened(struct ipc_conn *c)
{
	ipc_allow_fd(c, V_LOGREOPEN);
}

void
control_serve(struct daemon *d, int fd)
{
	the = d;
	ipc_listen(d->loop, fd, "control", verbs, MAX_PEERS, opened, NULL);
}
