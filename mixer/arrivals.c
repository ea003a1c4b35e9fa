/*
 * What waits to be unwrapped.
 */
#include <sys/inotify.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arrivals.h"
#include "log.h"

#define RESCAN_MS  5000
#define GATHER_MS  20 /* at least, and up to GATHER_MORE_MS longer */
#define GATHER_MORE_MS 80
#define SCAN_SLICE 4096 /* names that one scan takes; events beyond as many are left to a scan */
#define NSOURCES   2

struct source {
	struct pool *pool;
	int wd;
	int rescan; /* there may be files that are not in the list */
	struct namelist waiting;
};

struct arrivals {
	struct source src[NSOURCES];
	int fd; /* inotify */
	int live;
	struct loop_io *io;
	struct loop_timer *timer;
	struct loop_timer *gather;
};

/* By the open directory: no name that could have changed, and no path to search. */
static int
watch(int fd, const struct pool *p)
{
	char path[64];
	int wd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->dirfd);
	wd = inotify_add_watch(fd, path, IN_MOVED_TO | IN_ONLYDIR);
	if (wd == -1)
		fatal("%s/: inotify", p->label);
	return wd;
}

static struct source *
source_of(struct arrivals *a, const struct pool *p)
{
	return p == a->src[0].pool ? &a->src[0] : &a->src[1];
}

static void
take_event(struct arrivals *a, const struct inotify_event *ev)
{
	for (struct source *s = a->src; s < a->src + NSOURCES; s++) {
		if (ev->mask & IN_Q_OVERFLOW)
			s->rescan = 1;
		if (s->wd != ev->wd || ev->len == 0 || !pool_name_ok(ev->name))
			continue;
		if (a->live && namelist_len(&s->waiting) < SCAN_SLICE)
			namelist_push(&s->waiting, ev->name);
		else
			s->rescan = 1;
	}
}

static void
take_events(void *arg)
{
	_Alignas(struct inotify_event) char buf[32768];
	struct arrivals *a = arg;
	struct inotify_event ev;
	ssize_t got;

	while ((got = read(a->fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < got; at += (ssize_t)(sizeof(ev) + ev.len)) {
			memcpy(&ev, buf + at, sizeof(ev));
			take_event(a, (const struct inotify_event *)(const void *)(buf + at));
		}
	if (got == -1 && errno != EAGAIN && errno != EINTR)
		fatal("inotify");
	loop_events(a->io, POLLIN);
}

/*
 * Not at once: mmtpd has not answered yet, and work begun now would slow its answer down for
 * packets, not for padding (minion-spec 4: not to be told apart by time).
 */
static void
gather(int fd, short revents, void *arg)
{
	struct arrivals *a = arg;

	(void)fd;
	(void)revents;
	loop_events(a->io, 0);
	loop_timer_set(a->gather, GATHER_MS + rng_below(&rng_system, GATHER_MORE_MS));
}

static void
rescan_all(void *arg)
{
	struct arrivals *a = arg;

	for (struct source *s = a->src; s < a->src + NSOURCES; s++)
		s->rescan = 1;
	loop_timer_set(a->timer, RESCAN_MS);
}

struct arrivals *
arrivals_new(struct loop *l, struct mixpools *p)
{
	struct arrivals *a = calloc(1, sizeof(*a));

	if (a == NULL)
		fatal("arrivals");
	a->src[0].pool = &p->incoming;
	a->src[1].pool = &p->own;
	a->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (a->fd == -1)
		fatal("inotify");
	for (struct source *s = a->src; s < a->src + NSOURCES; s++)
		s->wd = watch(a->fd, s->pool);
	a->io = loop_add(l, a->fd, POLLIN, gather, a);
	a->gather = loop_timer(l, take_events, a);
	a->timer = loop_timer(l, rescan_all, a);
	return a;
}

static int
list_all(const char *name, void *arg)
{
	namelist_push(arg, name);
	return 0;
}

void
arrivals_list(struct arrivals *a)
{
	for (struct source *s = a->src; s < a->src + NSOURCES; s++)
		if (pool_sync(s->pool) == -1 ||
		    pool_scan(s->pool, 1, list_all, &s->waiting) == -1)
			fatal("%s/", s->pool->label);
}

void
arrivals_live(struct arrivals *a)
{
	a->live = 1;
	rescan_all(a);
}

static int
list_slice(const char *name, void *arg)
{
	struct namelist *l = arg;

	namelist_push(l, name);
	return namelist_len(l) < SCAN_SLICE ? 0 : -1;
}

static void
scan_slice(struct source *s)
{
	if (pool_scan(s->pool, 0, list_slice, &s->waiting) == -1)
		log_warn("%s/ cannot be read", s->pool->label);
	s->rescan = namelist_len(&s->waiting) >= SCAN_SLICE;
}

int
arrivals_next(struct arrivals *a, struct pool **from, char name[POOL_NAME_LEN])
{
	for (struct source *s = a->src; s < a->src + NSOURCES; s++) {
		if (a->live && s->rescan && namelist_len(&s->waiting) == 0)
			scan_slice(s);
		if (namelist_shift(&s->waiting, name) == 0) {
			*from = s->pool;
			return 0;
		}
	}
	return -1;
}

void
arrivals_again(struct arrivals *a, struct pool *from, const char *name)
{
	namelist_push(&source_of(a, from)->waiting, name);
}

void
arrivals_stuck(struct arrivals *a, struct pool *from)
{
	source_of(a, from)->rescan = 0;
}
