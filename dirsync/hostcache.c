#include <sys/socket.h>
#include <sys/tree.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dirsync.h"

#define TTL_LEAST   300 /* a short TTL would make our queries follow the traffic */
#define TTL_MOST    3600
#define TTL_FAILURE 60
#define STALE_MOST  86400 /* how long addresses are of use when the name servers do not answer */

struct host {
	RB_ENTRY(host) entry;
	char name[MAX_HOSTNAME + 1]; /* lower case */
	struct resolve_rep rep;
	int64_t until; /* fresh */
	int64_t asked_again; /* a failure is remembered until then */
};

RB_HEAD(host_tree, host);

struct hostcache {
	struct host_tree hosts;
	size_t n, max;
};

static int
host_cmp(const struct host *a, const struct host *b)
{
	return strcmp(a->name, b->name);
}

/* __unused, which RB_GENERATE_STATIC wants, is no word of glibc. */
RB_GENERATE_INTERNAL(host_tree, host, entry, host_cmp, __attribute__((unused)) static)

struct hostcache *
hostcache_new(size_t max)
{
	struct hostcache *h = calloc(1, sizeof(*h));

	if (h == NULL)
		fatal("hostcache");
	h->max = max;
	RB_INIT(&h->hosts);
	return h;
}

static void
drop(struct hostcache *h, struct host *e)
{
	RB_REMOVE(host_tree, &h->hosts, e);
	h->n--;
	free(e);
}

void
hostcache_free(struct hostcache *h)
{
	struct host *e;

	if (h == NULL)
		return;
	while ((e = RB_MIN(host_tree, &h->hosts)) != NULL)
		drop(h, e);
	free(h);
}

size_t
hostcache_size(const struct hostcache *h)
{
	return h->n;
}

static void
name_lower(char to[MAX_HOSTNAME + 1], const char *host)
{
	size_t i;

	for (i = 0; i < MAX_HOSTNAME && host[i] != '\0'; i++)
		to[i] = (char)tolower((unsigned char)host[i]);
	to[i] = '\0';
}

static struct host *
find(const struct hostcache *h, const char *host)
{
	struct host want = { .until = 0 };

	name_lower(want.name, host);
	return RB_FIND(host_tree, (struct host_tree *)(uintptr_t)&h->hosts, &want);
}

enum freshness
hostcache_get(const struct hostcache *h, const char *host, int64_t now, struct resolve_rep *rep)
{
	const struct host *e = find(h, host);

	if (e == NULL || (e->rep.status != ST_OK && e->asked_again <= now))
		return HOST_UNKNOWN;
	*rep = e->rep;
	/* Fresh for longer than there is: the clock was set back. */
	if (e->rep.status != ST_OK || (e->until > now && e->until <= now + TTL_MOST))
		return HOST_FRESH;
	if (e->until + STALE_MOST <= now)
		return HOST_UNKNOWN;
	return e->asked_again > now ? HOST_FRESH : HOST_STALE;
}

static void
make_room(struct hostcache *h)
{
	struct host *e, *oldest = NULL;

	if (h->n < h->max)
		return;
	RB_FOREACH(e, host_tree, &h->hosts)
		if (oldest == NULL || e->until < oldest->until)
			oldest = e;
	if (oldest != NULL)
		drop(h, oldest);
}

static struct host *
find_or_make(struct hostcache *h, const char *host)
{
	struct host *e = find(h, host);

	if (e != NULL)
		return e;
	make_room(h);
	if ((e = calloc(1, sizeof(*e))) == NULL)
		fatal("hostcache");
	name_lower(e->name, host);
	e->rep.status = ST_LATER;
	RB_INSERT(host_tree, &h->hosts, e);
	h->n++;
	return e;
}

void
hostcache_put(struct hostcache *h, const char *host, const struct resolve_rep *rep, uint32_t ttl,
    int64_t now)
{
	struct host *e = find_or_make(h, host);

	if (rep->status != ST_OK) {
		e->asked_again = now + TTL_FAILURE;
		return;
	}
	if (ttl < TTL_LEAST)
		ttl = TTL_LEAST;
	if (ttl > TTL_MOST)
		ttl = TTL_MOST;
	e->rep = *rep;
	e->until = now + ttl;
	e->asked_again = 0;
}

void
hostcache_restore(struct hostcache *h, const char *host, const struct resolve_rep *rep,
    int64_t until)
{
	struct host *e = find_or_make(h, host);

	e->rep = *rep;
	e->until = until;
	e->asked_again = 0;
}

void
hostcache_each(const struct hostcache *h,
    void (*cb)(void *arg, const char *host, const struct resolve_rep *rep, int64_t until),
    void *arg)
{
	struct host *e;

	RB_FOREACH(e, host_tree, (struct host_tree *)(uintptr_t)&h->hosts)
		if (e->rep.status == ST_OK)
			cb(arg, e->name, &e->rep, e->until);
}

int
host_numeric(const char *host, struct resolve_rep *rep)
{
	memset(rep, 0, sizeof(*rep));
	if (inet_pton(AF_INET, host, rep->a4[0]) == 1)
		rep->n4 = 1;
	else if (inet_pton(AF_INET6, host, rep->a6[0]) == 1)
		rep->n6 = 1;
	return rep->n4 + rep->n6 > 0;
}
