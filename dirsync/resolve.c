/*
 * RESOLVE: what mmtpd and deliverd ask. Numeric hosts and what the cache knows are answered at
 * once, the rest when the DNS process has answered; what does not work is "later". The names of
 * the directory are kept fresh ahead of any question, so that queries do not follow the traffic.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "dirsync.h"
#include "routing.h"

#define MAX_CACHE   8192
#define MAX_OPEN    256 /* questions to the DNS process at once */
#define MAX_WAITERS 4096
#define AHEAD_MS    (15 * 1000) /* and how often the cache is saved */
#define AHEAD_OPEN  8 /* of them for names that nobody asked for yet */

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct ipc_conn *c; /* NULL: it went, or is the front itself */
	uint32_t id;
	void (*cb)(void *arg, const struct resolve_rep *rep); /* the front itself */
	void *arg;
};

struct query {
	TAILQ_ENTRY(query) entry;
	uint32_t id;
	char host[MAX_HOSTNAME + 1];
	TAILQ_HEAD(, waiter) waiters;
};

struct resolver {
	struct loop *loop;
	struct ipc_conn *net;
	struct hostcache *cache;
	int dirfd;
	int unsaved; /* the cache has what the file does not have */
	TAILQ_HEAD(, query) queries;
	size_t nqueries, nwaiters;
	uint32_t last_id;
	char **wanted;
	size_t nwanted, at; /* the next of them to look at */
	struct loop_timer *timer;
};

/* The askers' connections find their resolver here: a listener has no argument of its own. */
static struct resolver *the_resolver;

static void
answer(struct ipc_conn *c, uint32_t id, const struct resolve_rep *rep)
{
	ipc_send(c, V_RESOLVE, id, rep, sizeof(*rep));
}

/* --- the DNS process --- */

static struct query *
query_find(struct resolver *r, const char *host)
{
	struct query *q;

	TAILQ_FOREACH(q, &r->queries, entry)
		if (strcasecmp(q->host, host) == 0)
			return q;
	return NULL;
}

static struct query *
query_new(struct resolver *r, const char *host)
{
	struct query *q;
	struct resolve_req req = { "" };

	if (r->nqueries == MAX_OPEN)
		return NULL;
	if ((q = calloc(1, sizeof(*q))) == NULL)
		fatal("resolve");
	q->id = ++r->last_id;
	strlcpy(q->host, host, sizeof(q->host));
	TAILQ_INIT(&q->waiters);
	TAILQ_INSERT_TAIL(&r->queries, q, entry);
	r->nqueries++;
	strlcpy(req.host, host, sizeof(req.host));
	count(C_DNS_QUERIES);
	ipc_send(r->net, V_RESOLVE, q->id, &req, sizeof(req));
	return q;
}

static void
query_finish(struct resolver *r, struct query *q, const struct resolve_rep *rep)
{
	struct waiter *w;

	while ((w = TAILQ_FIRST(&q->waiters)) != NULL) {
		TAILQ_REMOVE(&q->waiters, w, entry);
		r->nwaiters--;
		if (w->c != NULL)
			answer(w->c, w->id, rep);
		else if (w->cb != NULL)
			w->cb(w->arg, rep);
		free(w);
	}
	TAILQ_REMOVE(&r->queries, q, entry);
	r->nqueries--;
	free(q);
}

/* After a failure: what was known before serves for a while. */
static void
fall_back(struct resolver *r, const char *host, struct resolve_rep *rep)
{
	struct resolve_rep old;

	if (hostcache_get(r->cache, host, daemon_now(), &old) != HOST_UNKNOWN &&
	    old.status == ST_OK) {
		*rep = old;
		count(C_RESOLVE_STALE);
	} else
		count(C_RESOLVE_FAILED);
}

static int
net_answered(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct resolver *r = ipc_arg(c);
	struct net_rep nr;
	struct query *q;

	(void)len;
	memcpy(&nr, body, sizeof(nr));
	TAILQ_FOREACH(q, &r->queries, entry)
		if (q->id == id)
			break;
	if (q == NULL || nr.rep.n4 > 8 || nr.rep.n6 > 8 || nr.rep.status > ST_LATER)
		return -1;
	if (nr.rep.n4 + nr.rep.n6 == 0)
		nr.rep.status = ST_LATER;
	hostcache_put(r->cache, q->host, &nr.rep, nr.ttl, daemon_now());
	r->unsaved |= nr.rep.status == ST_OK;
	if (nr.rep.status != ST_OK)
		fall_back(r, q->host, &nr.rep);
	query_finish(r, q, &nr.rep);
	return 0;
}

static void
net_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	child_gone("DNS process");
}

/* --- who asks --- */

static void
later(struct ipc_conn *c, uint32_t id)
{
	struct resolve_rep rep = { .status = ST_LATER };

	answer(c, id, &rep);
}

static struct waiter *
wait_for(struct resolver *r, struct query *q)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		fatal("resolve");
	TAILQ_INSERT_TAIL(&q->waiters, w, entry);
	r->nwaiters++;
	return w;
}

/* The query that is open for the host, or a new one; NULL: too many are. */
static struct query *
query_for(struct resolver *r, const char *host)
{
	struct query *q = query_find(r, host);

	if (q == NULL)
		q = query_new(r, host);
	return r->nwaiters == MAX_WAITERS ? NULL : q;
}

static void
ask(struct resolver *r, struct ipc_conn *c, uint32_t id, const char *host)
{
	struct query *q = query_for(r, host);
	struct waiter *w;

	if (q == NULL) {
		count(C_RESOLVE_REFUSED);
		later(c, id);
		return;
	}
	w = wait_for(r, q);
	w->c = c;
	w->id = id;
}

void
resolver_lookup(struct resolver *r, const char *host,
    void (*cb)(void *arg, const struct resolve_rep *rep), void *arg)
{
	struct resolve_rep rep = { .status = ST_LATER };
	struct query *q;
	struct waiter *w;

	if (hostcache_get(r->cache, host, daemon_now(), &rep) == HOST_FRESH ||
	    (q = query_for(r, host)) == NULL) {
		cb(arg, &rep);
		return;
	}
	w = wait_for(r, q);
	w->cb = cb;
	w->arg = arg;
}

static int
on_resolve(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct resolver *r = the_resolver;
	struct resolve_req req;
	struct resolve_rep rep;

	(void)len;
	memcpy(&req, body, sizeof(req));
	if (memchr(req.host, '\0', sizeof(req.host)) == NULL) {
		log_warnx("%s asks for a name without end: dropped", ipc_label(c));
		return -1;
	}
	count(C_RESOLVE_ASKED);
	if (host_numeric(req.host, &rep)) {
		count(C_RESOLVE_NUMERIC);
		answer(c, id, &rep);
	} else if (!host_plausible(req.host, strlen(req.host))) {
		count(C_RESOLVE_REFUSED);
		later(c, id);
	} else if (hostcache_get(r->cache, req.host, daemon_now(), &rep) == HOST_FRESH) {
		count(C_RESOLVE_CACHED);
		answer(c, id, &rep);
	} else
		ask(r, c, id, req.host);
	return 0;
}

static void
peer_gone(struct ipc_conn *c, void *arg)
{
	struct query *q;
	struct waiter *w;

	(void)arg;
	TAILQ_FOREACH(q, &the_resolver->queries, entry)
		TAILQ_FOREACH(w, &q->waiters, entry)
			if (w->c == c)
				w->c = NULL;
}

void
resolver_listen(struct resolver *r, int fd, const char *who)
{
	static const struct ipc_verb verbs[] = {
		{ V_RESOLVE, sizeof(struct resolve_req), sizeof(struct resolve_req), on_resolve },
		{ 0, 0, 0, NULL },
	};

	ipc_listen(r->loop, fd, who, verbs, 8, NULL, peer_gone);
}

/* --- ahead of questions --- */

/*
 * A few each time, round and round: those that are not fresh, or will not be when we come by
 * again.
 */
static void
on_timer(void *arg)
{
	struct resolver *r = arg;
	struct resolve_rep rep;
	int64_t soon = daemon_now() + 2 * AHEAD_MS / 1000;

	for (size_t i = 0; i < r->nwanted && r->nqueries < AHEAD_OPEN; i++) {
		const char *host = r->wanted[r->at++ % r->nwanted];
		if (hostcache_get(r->cache, host, soon, &rep) != HOST_FRESH &&
		    query_find(r, host) == NULL)
			query_new(r, host);
	}
	if (r->nqueries == 0)
		resolver_save(r);
	loop_timer_set(r->timer, AHEAD_MS);
}

void
resolver_save(struct resolver *r)
{
	if (r->unsaved)
		hostfile_save(r->cache, r->dirfd);
	r->unsaved = 0;
}

void
resolver_wanted(struct resolver *r, char **hosts, size_t n)
{
	struct hostlist old = { r->wanted, r->nwanted };

	hostlist_free(&old);
	r->wanted = hosts;
	r->nwanted = n;
	loop_timer_set(r->timer, 0);
}

struct resolver *
resolver_new(struct loop *l, int net_fd, int dirfd)
{
	static const struct ipc_verb verbs[] = {
		{ V_RESOLVE, sizeof(struct net_rep), sizeof(struct net_rep), net_answered },
		{ 0, 0, 0, NULL },
	};
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fatal("resolve");
	r->loop = l;
	r->cache = hostcache_new(MAX_CACHE);
	r->dirfd = dirfd;
	hostfile_load(r->cache, dirfd);
	TAILQ_INIT(&r->queries);
	r->net = ipc_conn_new(l, net_fd, "the DNS process", verbs, net_gone, r);
	r->timer = loop_timer(l, on_timer, r);
	the_resolver = r;
	return r;
}

void
resolver_queue(struct resolver *r, struct buf *out)
{
	buf_printf(out, "hosts %zu\nhosts-wanted %zu\nqueries %zu\n", hostcache_size(r->cache),
	    r->nwanted, r->nqueries);
}
