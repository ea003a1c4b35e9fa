#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "dproto.h"

#define RECONNECT_MS 500

struct job {
	uint32_t id;
	size_t max;
	struct buf body;
	void (*done)(void *arg, const struct buf *body, const char *why);
	void *arg;
	struct job *next;
};

static struct ipc_conn *conn;
static struct job *jobs;
static struct loop_timer *again;

static void
finish(struct job *j, const char *why)
{
	struct job **p = &jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
	core.counters[why == NULL ? CC_FETCHES : CC_FETCHES_FAILED].n++;
	j->done(j->arg, &j->body, why);
	buf_free(&j->body);
	free(j);
}

static int
on_fetched(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct fetched_rep rep;
	struct job *j = jobs;
	struct buf why = { 0 };

	(void)c;
	memcpy(&rep, body, sizeof(rep));
	body += sizeof(rep);
	len -= sizeof(rep);
	while (j != NULL && j->id != id)
		j = j->next;
	if (j == NULL)
		return 0;
	if (rep.end && rep.status != ST_OK) {
		buf_put(&why, body, len);
		finish(j, buf_cstr(&why));
		buf_free(&why);
		return 0;
	}
	if (len > j->max - j->body.len) {
		log_warnx("dird-fetch sent more than was asked for: dropping it");
		return -1;
	}
	buf_put(&j->body, body, len);
	if (rep.end)
		finish(j, NULL);
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ V_FETCHED, sizeof(struct fetched_rep), IPC_MAX_BODY, on_fetched },
	{ 0, 0, 0, NULL },
};

static void
on_closed(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	conn = NULL;
	if (core.role.d.one_uid)
		fatalx("dird-fetch is gone");
	while (jobs != NULL)
		finish(jobs, "dird-fetch was started again");
	loop_timer_set(again, RECONNECT_MS);
}

static void
connect_again(void *arg)
{
	int fd = daemon_try_connect(&core.role.d, SOCK_DIRD_FETCH);

	(void)arg;
	if (fd == -1)
		loop_timer_set(again, RECONNECT_MS);
	else
		conn = ipc_conn_new(core.role.d.loop, fd, SOCK_DIRD_FETCH, verbs, on_closed, NULL);
}

void
fetcher_init(void)
{
	again = loop_timer(core.role.d.loop, connect_again, NULL);
	conn = ipc_conn_new(core.role.d.loop, daemon_connect(&core.role.d, SOCK_DIRD_FETCH),
	    SOCK_DIRD_FETCH, verbs, on_closed, NULL);
}

void
fetcher_get(const char *url, size_t max, int64_t timeout_ms,
    void (*done)(void *arg, const struct buf *body, const char *why), void *arg)
{
	static uint32_t last_id;
	struct fetch_req q = { .timeout_ms = (uint32_t)timeout_ms, .max = (uint32_t)max };
	struct job *j = calloc(1, sizeof(*j));
	struct buf b = { 0 };

	if (j == NULL)
		fatal("out of memory");
	*j = (struct job){ .id = ++last_id, .max = max, .done = done, .arg = arg, .next = jobs };
	jobs = j;
	buf_put(&b, &q, sizeof(q));
	buf_str(&b, url);
	if (conn == NULL)
		finish(j, "dird-fetch is not there");
	else
		ipc_send(conn, V_FETCH, j->id, b.p, b.len);
	buf_free(&b);
}
