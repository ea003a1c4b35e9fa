#include <sys/queue.h>

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "lookup.h"

#define ANSWER_MS    (60 * 1000)
#define RECONNECT_MS (10 * 1000)

struct lookup_query {
	TAILQ_ENTRY(lookup_query) entry;
	struct lookup *r;
	uint32_t id;
	void (*done)(const struct resolve_rep *, void *);
	void *arg;
	struct loop_timer *timer;
	struct resolve_rep rep; /* what the timer gives */
};

struct lookup {
	struct daemon *d;
	const char *sock, *what;
	int fd; /* before lookup_start */
	struct ipc_conn *dirsync; /* NULL while it is away */
	int64_t tried; /* loop_now of the last attempt to connect */
	struct log_state trouble;
	uint32_t last_id;
	TAILQ_HEAD(, lookup_query) queries;
};

struct lookup *
lookup_new(struct daemon *d, const char *sock, const char *what)
{
	struct lookup *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fatal("lookup");
	r->d = d;
	r->sock = sock;
	r->what = what;
	TAILQ_INIT(&r->queries);
	if ((r->fd = daemon_try_connect(r->d, r->sock)) == -1)
		log_warn("dirsync is not there: only numeric hosts can be reached");
	return r;
}

static void
finish(struct lookup_query *q, const struct resolve_rep *rep)
{
	TAILQ_REMOVE(&q->r->queries, q, entry);
	q->done(rep, q->arg);
	loop_timer_free(q->timer);
	free(q);
}

void
lookup_cancel(struct lookup_query *q)
{
	if (q == NULL)
		return;
	TAILQ_REMOVE(&q->r->queries, q, entry);
	loop_timer_free(q->timer);
	free(q);
}

static int
resolved(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct lookup *r = ipc_arg(c);
	struct lookup_query *q;
	struct resolve_rep rep;

	memcpy(&rep, body, len);
	if (rep.n4 > sizeof(rep.a4) / sizeof(rep.a4[0]) ||
	    rep.n6 > sizeof(rep.a6) / sizeof(rep.a6[0]))
		return -1;
	if (rep.status != ST_OK || rep.n4 + rep.n6 == 0)
		rep.status = ST_FAIL;
	TAILQ_FOREACH(q, &r->queries, entry)
		if (q->id == id) {
			finish(q, &rep);
			break;
		}
	return 0;
}

static const struct ipc_verb replies[] = {
	{ V_RESOLVE, sizeof(struct resolve_rep), sizeof(struct resolve_rep), resolved },
	{ 0, 0, 0, NULL },
};

/* Questions that were open get their answer by the timer. */
static void
dirsync_gone(struct ipc_conn *c, void *arg)
{
	struct lookup *r = arg;
	struct lookup_query *q;

	(void)c;
	r->dirsync = NULL;
	r->tried = loop_now();
	TAILQ_FOREACH(q, &r->queries, entry)
		loop_timer_set(q->timer, 0);
}

void
lookup_start(struct lookup *r)
{
	if (r->fd != -1)
		r->dirsync = ipc_conn_new(r->d->loop, r->fd, "dirsync", replies, dirsync_gone, r);
	r->fd = -1;
}

static void
reconnect(struct lookup *r)
{
	int fd;

	if (r->d->one_uid)
		fatalx("dirsync is gone: to be started again to reach it");
	if (loop_now() - r->tried < RECONNECT_MS)
		return;
	r->tried = loop_now();
	if ((fd = daemon_try_connect(r->d, r->sock)) != -1) {
		r->dirsync = ipc_conn_new(r->d->loop, fd, "dirsync", replies, dirsync_gone, r);
		log_again(&r->trouble);
	} else if (log_once(&r->trouble)) {
		log_warn("dirsync is not there: %s", r->what);
	}
}

static int
numeric(struct resolve_rep *rep, const char *host)
{
	rep->status = ST_OK;
	if (inet_pton(AF_INET, host, rep->a4[0]) == 1)
		rep->n4 = 1;
	else if (inet_pton(AF_INET6, host, rep->a6[0]) == 1)
		rep->n6 = 1;
	else
		return 0;
	return 1;
}

static void
no_answer(void *arg)
{
	struct lookup_query *q = arg;

	finish(q, &q->rep);
}

static void
send_query(struct lookup *r, struct lookup_query *q, const char *host)
{
	struct resolve_req req = { "" };

	if (r->dirsync == NULL)
		reconnect(r);
	if (r->dirsync == NULL)
		return;
	if (strlcpy(req.host, host, sizeof(req.host)) < sizeof(req.host) &&
	    ipc_send(r->dirsync, V_RESOLVE, q->id, &req, sizeof(req)) == 0)
		loop_timer_set(q->timer, ANSWER_MS);
}

struct lookup_query *
lookup_ask(struct lookup *r, const char *host,
    void (*done)(const struct resolve_rep *, void *), void *arg)
{
	struct lookup_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		fatal("lookup");
	q->r = r;
	q->id = ++r->last_id;
	q->done = done;
	q->arg = arg;
	q->timer = loop_timer(r->d->loop, no_answer, q);
	loop_timer_set(q->timer, 0);
	TAILQ_INSERT_TAIL(&r->queries, q, entry);
	if (!numeric(&q->rep, host)) {
		q->rep.status = ST_LATER;
		send_query(r, q, host);
	}
	return q;
}
