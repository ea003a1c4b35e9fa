/*
 * Which program it is, and its arguments, deliverd does not know: it names an option of the
 * configuration, hands over a message, and hears what became of it.
 */
#include <stdlib.h>
#include <string.h>

#include "runout.h"

#define SLACK_MS (60 * 1000) /* behind CommandTimeout, in which deliverd-run answers by itself */

struct runout {
	struct daemon *d;
	struct mailq *q;
	const char *name;
	void (*idle)(void *arg);
	void *arg;
	enum run_what what;
	uint16_t lane;
	const struct conf_schedule *retry; /* NULL: off */
	int64_t timeout_ms;
	int stopping;
	int fd; /* connected before the loop, or -1 */
	struct ipc_conn *conn;
	struct loop_timer *timer; /* mail is due; or the answer is late */
	struct mailq_entry *entry; /* under way */
	int sending_pool; /* under way is not a mail, but RUN_MIX_SEND */
	int pool_filled; /* Mixmaster took something that it has not sent */
	struct buf text; /* as the program gets it */
	size_t sent;
	uint32_t id; /* of the question that is open */
	struct log_state trouble;
};

static void
arm(struct runout *o)
{
	int64_t next = mailq_next(o->q, o->lane), now = daemon_steady();

	if (next == -1 || o->retry == NULL || o->stopping)
		loop_timer_set(o->timer, -1);
	else
		loop_timer_set(o->timer, next <= now ? 0 : (next - now) * 1000);
}

/* --- what is under way --- */

static int
busy(const struct runout *o)
{
	return o->entry != NULL || o->sending_pool;
}

static void
finish(struct runout *o, enum ipc_status status)
{
	enum smtp_result results[MAX_RECIPIENTS];

	for (size_t i = 0; i < MAX_RECIPIENTS; i++)
		results[i] = status == ST_OK ? SMTP_DELIVERED :
			status == ST_FAIL ? SMTP_FAILED : SMTP_LATER;
	/* Switched off under way: what is not done waits until it is on again. */
	if (o->entry != NULL && o->retry == NULL && status == ST_LATER) {
		mailq_done(o->q, o->entry, NULL, NULL, 0);
	} else if (o->entry != NULL) {
		mailq_done(o->q, o->entry, results, o->retry, daemon_steady());
		o->pool_filled |= o->what == RUN_MIX && status == ST_OK;
	}
	o->entry = NULL;
	o->sending_pool = 0;
	buf_wipe(&o->text);
	arm(o);
	if (o->pool_filled && mailq_due(o->q, o->lane, daemon_steady(), 1) == 0)
		loop_timer_set(o->timer, 0);
	o->idle(o->arg);
}

/* The next piece of the text; what was sent is answered by what became of it so far. */
static void
send_piece(struct runout *o)
{
	size_t n = o->text.len - o->sent;

	if (n > IPC_MAX_BODY)
		n = IPC_MAX_BODY;
	if (ipc_send(o->conn, V_RUN_TEXT, ++o->id, o->text.p + o->sent, n) == 0)
		o->sent += n;
}

static int
answered(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct runout *o = ipc_arg(c);
	struct status_rep rep;

	memcpy(&rep, body, len);
	if (!busy(o) || id != o->id || rep.status > ST_LATER) {
		log_warnx("deliverd-run answers what nobody asked");
		return -1;
	}
	if (rep.status == ST_OK && o->sent < o->text.len)
		send_piece(o);
	else
		finish(o, (enum ipc_status)rep.status);
	return 0;
}

static const struct ipc_verb replies[] = {
	{ V_RUN, sizeof(struct status_rep), sizeof(struct status_rep), answered },
	{ V_RUN_TEXT, sizeof(struct status_rep), sizeof(struct status_rep), answered },
	{ 0, 0, 0, NULL },
};

static void
gone(struct ipc_conn *c, void *arg)
{
	struct runout *o = arg;

	(void)c;
	o->conn = NULL;
	if (busy(o))
		finish(o, ST_LATER);
}

static void
begin(struct runout *o, enum run_what what, uint32_t facts_len)
{
	struct run_req req = { .what = what, .rtype = what == RUN_MODULE ? o->lane : 0,
		.facts_len = facts_len, .text_len = (uint32_t)o->text.len };

	o->sent = 0;
	loop_timer_set(o->timer, o->timeout_ms + SLACK_MS);
	ipc_send(o->conn, V_RUN, ++o->id, &req, sizeof(req));
}

/* --- the connection --- */

static void
connected(struct runout *o, int fd)
{
	o->conn = ipc_conn_new(o->d->loop, fd, "deliverd-run", replies, gone, o);
	log_again(&o->trouble);
}

/* 0 if there is one now. */
static int
connect_now(struct runout *o)
{
	int fd = o->fd;

	o->fd = -1;
	if (o->conn != NULL)
		return 0;
	if (fd == -1 && o->d->one_uid)
		fatalx("deliverd-run is gone: to be started again to reach it");
	if (fd == -1)
		fd = daemon_try_connect(o->d, SOCK_DELIVERD_RUN);
	if (fd == -1)
		return -1;
	connected(o, fd);
	return 0;
}

void
runout_connect(struct runout *o)
{
	o->fd = daemon_try_connect(o->d, SOCK_DELIVERD_RUN);
}

int
runout_possible(const struct runout *o, struct errmsg *e)
{
	if (!o->d->one_uid || o->conn != NULL || o->fd != -1)
		return 0;
	return err_set(e, "%s: the first command needs a restart of the node", o->name);
}

/* --- when to try --- */

/* A program of this machine reads lines as they are here. */
static void
take_text(struct runout *o, const struct mail *m)
{
	const uint8_t *p = m->text.p, *end = p + m->text.len;

	if (m->raw) {
		buf_put(&o->text, m->text.p, m->text.len);
		return;
	}
	for (; p < end; p++)
		if (p[0] != '\r' || p + 1 == end || p[1] != '\n')
			buf_u8(&o->text, *p);
}

static void
take_next(struct runout *o)
{
	struct mail m;
	uint32_t facts;

	if ((o->entry = mailq_take(o->q, o->lane, daemon_steady(), &m)) != NULL) {
		take_text(o, &m);
		facts = m.facts_len;
		mail_free(&m);
		begin(o, o->what, facts);
	} else if (o->pool_filled) {
		o->pool_filled = 0;
		o->sending_pool = 1;
		begin(o, RUN_MIX_SEND, 0);
	} else {
		arm(o);
	}
}

static void
on_timer(void *arg)
{
	struct runout *o = arg;

	if (busy(o)) {
		log_warnx("%s: deliverd-run does not answer", o->name);
		ipc_close(o->conn); /* gone() ends what is under way */
		return;
	}
	if (o->retry == NULL || o->stopping)
		return;
	if (mailq_due(o->q, o->lane, daemon_steady(), 1) == 0 && !o->pool_filled) {
		arm(o);
	} else if (connect_now(o) == 0) {
		take_next(o);
	} else {
		count(C_RUN_UNREACHABLE);
		if (log_once(&o->trouble))
			log_warn("%s: deliverd-run is not there; mail waits", o->name);
		mailq_defer_due(o->q, o->lane, o->retry, daemon_steady());
		arm(o);
	}
}

void
runout_kick(struct runout *o)
{
	if (!busy(o))
		arm(o);
}

void
runout_stop(struct runout *o)
{
	o->stopping = 1;
}

size_t
runout_flying(const struct runout *o)
{
	return o->entry != NULL;
}

struct runout *
runout_new(struct daemon *d, struct mailq *q, const char *name, void (*idle)(void *arg), void *arg)
{
	struct runout *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("runout");
	o->d = d;
	o->q = q;
	o->name = name;
	o->idle = idle;
	o->arg = arg;
	o->fd = -1;
	o->timer = loop_timer(d->loop, on_timer, o);
	return o;
}

void
runout_configure(struct runout *o, enum run_what what, uint16_t lane,
    const struct conf_schedule *retry, int64_t timeout)
{
	o->what = what;
	o->lane = lane;
	o->retry = retry;
	o->timeout_ms = timeout * 1000;
	log_again(&o->trouble);
}

void
runout_free(struct runout *o)
{
	if (o == NULL)
		return;
	if (o->entry != NULL)
		mailq_done(o->q, o->entry, NULL, NULL, 0);
	buf_wipe(&o->text);
	loop_timer_free(o->timer);
	free(o);
}
