/*
 * The control socket of a daemon: for root and one group, by the socket's mode.
 */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "proto.h"

#define MAX_PEERS 8

static struct daemon *the;

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

static int
take_conf(struct server_conf *fresh, struct errmsg *e)
{
	if (the->reload == NULL) {
		log_setlevel(fresh->log_level);
		conf_free(fresh);
		return 0;
	}
	if (the->reload(the, fresh, e) == -1) {
		conf_free(fresh);
		return -1;
	}
	log_setlevel(fresh->log_level);
	conf_free(the->conf);
	the->conf = fresh;
	return 0;
}

static int
do_reload(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct errmsg e = { "" };
	struct server_conf *fresh;

	fresh = conf_parse(the->conf->file, (const char *)body, len, NULL, &e);
	if (fresh == NULL || take_conf(fresh, &e) == -1) {
		log_warnx("the configuration stays as it was: %s", e.s);
		answer_status(c, V_RELOAD, id, ST_FAIL, e.s);
		return 0;
	}
	log_info("configuration reloaded");
	answer_status(c, V_RELOAD, id, ST_OK, "");
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
	{ V_STATS, 0, 0, do_stats },
	{ V_QUEUE, 0, 0, do_queue },
	{ V_LOGREOPEN, 0, 0, do_logreopen },
	{ V_STOP, 0, 0, do_stop },
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
