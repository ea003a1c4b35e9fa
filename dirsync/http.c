/*
 * The front's side of the HTTP process: one request after the other. The host, or the proxy's, is
 * looked up here first: the HTTP process knows no names.
 */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "dns.h"
#include "http.h"

struct job {
	STAILQ_ENTRY(job) entry;
	struct http_req req;
	struct buf text; /* to be posted */
	uint64_t left; /* octets that may still come */
	void (*data)(void *arg, const void *p, size_t len);
	void (*done)(void *arg, const struct http_rep *rep);
	void *arg;
};

struct http {
	struct daemon *d;
	struct resolver *resolver;
	struct ipc_conn *c;
	struct loop_timer *next;
	uint32_t id; /* of the job that is under way; it is the first */
	int busy;
	STAILQ_HEAD(, job) jobs;
};

static void
finish(struct http *h, const struct http_rep *rep)
{
	struct job *j = STAILQ_FIRST(&h->jobs);

	STAILQ_REMOVE_HEAD(&h->jobs, entry);
	h->busy = 0;
	loop_timer_set(h->next, 0);
	j->done(j->arg, rep);
	buf_free(&j->text);
	free(j);
}

static void
fail(struct http *h, const char *why)
{
	struct http_rep rep = { .outcome = HTTP_FAILED };

	strlcpy(rep.why, why, sizeof(rep.why));
	finish(h, &rep);
}

static void
send_off(struct http *h)
{
	struct job *j = STAILQ_FIRST(&h->jobs);
	struct buf body = { 0 };

	buf_put(&body, &j->req, sizeof(j->req));
	buf_put(&body, j->text.p, j->text.len);
	ipc_send(h->c, CV_HTTP, ++h->id, body.p, body.len);
	buf_free(&body);
}

/* --- addresses --- */

/* Whom the HTTP process connects to. */
static void
whom(const struct job *j, struct url *u)
{
	int proxy = j->req.proxy[0] != '\0';

	if (url_parse(u, proxy ? j->req.proxy : j->req.url, proxy ? URL_PROXY : URL_WEB, NULL) ==
	    -1)
		fatalx("a URL that is none");
}

static void
on_addresses(void *arg, const struct resolve_rep *rep)
{
	struct http *h = arg;
	struct job *j = STAILQ_FIRST(&h->jobs);
	struct buf entry = { 0 };
	struct url u;

	whom(j, &u);
	if (rep->status != ST_OK) {
		fail(h, "the host's address is not to be found");
		return;
	}
	dns_curl_entry(&entry, u.host, u.port, rep);
	strlcpy(j->req.resolve, buf_cstr(&entry), sizeof(j->req.resolve));
	buf_free(&entry);
	send_off(h);
}

static void
start(void *arg)
{
	struct http *h = arg;
	struct job *j = STAILQ_FIRST(&h->jobs);
	struct resolve_rep rep;
	struct url u;

	if (h->busy || j == NULL)
		return;
	h->busy = 1;
	if (h->d->conf->dir_proxy != NULL)
		strlcpy(j->req.proxy, h->d->conf->dir_proxy, sizeof(j->req.proxy));
	whom(j, &u);
	if (host_numeric(u.host, &rep))
		send_off(h);
	else
		resolver_lookup(h->resolver, u.host, on_addresses, h);
}

/* --- the HTTP process --- */

static int
on_data(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct http *h = ipc_arg(c);
	struct job *j = STAILQ_FIRST(&h->jobs);

	if (!h->busy || id != h->id || len > j->left)
		fatalx("the HTTP process gives what it was not asked for");
	j->left -= len;
	j->data(j->arg, body, len);
	return 0;
}

static int
on_done(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct http *h = ipc_arg(c);
	struct http_rep rep;

	(void)len;
	if (!h->busy || id != h->id)
		fatalx("the HTTP process gives what it was not asked for");
	memcpy(&rep, body, sizeof(rep));
	rep.why[WHY_LEN] = '\0';
	child_words(rep.why);
	finish(h, &rep);
	return 0;
}

static void
gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	child_gone("HTTP process");
}

struct http *
http_new(struct daemon *d, int fd, struct resolver *r)
{
	static const struct ipc_verb verbs[] = {
		{ CV_DATA, 1, IPC_MAX_BODY, on_data },
		{ CV_DONE, sizeof(struct http_rep), sizeof(struct http_rep), on_done },
		{ 0, 0, 0, NULL },
	};
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		fatal("http");
	h->d = d;
	h->resolver = r;
	STAILQ_INIT(&h->jobs);
	h->next = loop_timer(d->loop, start, h);
	h->c = ipc_conn_new(d->loop, fd, "the HTTP process", verbs, gone, h);
	return h;
}

static void
add(struct http *h, const char *url, uint64_t max, uint32_t timeout, int64_t since,
    const struct chunk *text, const struct http_calls *calls)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		fatal("http");
	strlcpy(j->req.url, url, sizeof(j->req.url));
	j->req.max = j->left = max;
	j->req.timeout = timeout;
	j->req.since = since;
	j->req.text_len = (uint32_t)text->len;
	buf_put(&j->text, text->p, text->len);
	j->data = calls->data;
	j->done = calls->done;
	j->arg = calls->arg;
	STAILQ_INSERT_TAIL(&h->jobs, j, entry);
	loop_timer_set(h->next, 0);
}

void
http_get(struct http *h, const char *url, uint64_t max, uint32_t timeout, int64_t since,
    const struct http_calls *calls)
{
	const struct chunk nothing = { "", 0 };

	add(h, url, max, timeout, since, &nothing, calls);
}

void
http_post(struct http *h, const char *url, const struct chunk *text, uint64_t max,
    uint32_t timeout, const struct http_calls *calls)
{
	add(h, url, max, timeout, 0, text, calls);
}
