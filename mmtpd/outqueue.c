/*
 * A destination is tried when the first of its packets is due. One attempt serves all its
 * packets: those that are not due yet go along. After a failure each packet's own age says when
 * it is due again (schedule.h), and nothing is tried before the schedule's first interval has
 * passed. A packet whose schedule is over is given up at a failed attempt only, and not before
 * the destination has failed for an hour under our eyes (or as long as a shorter schedule lasts):
 * neither a clock that jumps nor one that is wrong at our start loses anything by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "outconn.h"
#include "outqueue.h"
#include "schedule.h"
#include "step.h"

#define BUCKETS		 4096
#define TICK_MS		 1000
#define AGAIN_MS	 1000
#define WAIT_MS		 (30 * 1000)
#define REMOVE_AGAIN_MS	 (10 * 1000)
#define REMEMBER_MS	 (24 * 3600 * 1000)
#define GIVE_UP_SECONDS	 3600
#define GIVE_UP_AT_ONCE	 256 /* wiped in one go; the rest at the next attempt */

LIST_HEAD(dest_list, outdest);

struct outqueue {
	struct out_env env;
	struct conf_schedule retry; /* our own copy */
	struct outnames *names;
	struct outpkt_list done; /* sent or given up, but their files could not be removed */
	int64_t next_removal;
	struct log_state stuck, unreadable;
	TAILQ_HEAD(, outdest) dests; /* those served last at the end */
	struct dest_list bucket[BUCKETS];
	uint64_t seed;
	size_t nconns;
	int crowded;
	int stopping;
	int soon; /* the timer is set for now */
	struct loop_timer *timer;
};

static void run(void *arg);
static void remove_again(struct outqueue *q, int64_t now);

static void
copy_schedule(struct outqueue *q, const struct conf_schedule *s)
{
	free(q->retry.intervals);
	q->retry.n = s->n;
	q->retry.intervals = reallocarray(NULL, s->n + 1, sizeof(s->intervals[0]));
	if (q->retry.intervals == NULL)
		fatal("outqueue");
	memcpy(q->retry.intervals, s->intervals, s->n * sizeof(s->intervals[0]));
}

struct outqueue *
outqueue_new(const struct out_env *env)
{
	struct outqueue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		fatal("outqueue");
	q->env = *env;
	q->names = outnames_new();
	copy_schedule(q, &env->d->conf->retry);
	TAILQ_INIT(&q->dests);
	TAILQ_INIT(&q->done);
	rng_fill(&rng_system, &q->seed, sizeof(q->seed));
	q->timer = loop_timer(env->d->loop, run, q);
	return q;
}

void
outqueue_reload(struct outqueue *q, const struct server_conf *conf)
{
	copy_schedule(q, &conf->retry);
}

const struct out_env *
outqueue_env(const struct outqueue *q)
{
	return &q->env;
}

/* --- destinations --- */

static int
same_addr(const struct mix_addr *a, const struct mix_addr *b)
{
	return a->port == b->port && memcmp(a->keyid, b->keyid, HASH_LEN) == 0 &&
	    strcmp(a->host, b->host) == 0;
}

/* Senders choose destinations: the order of buckets must not be theirs to know. */
static struct dest_list *
bucket_of(struct outqueue *q, const struct mix_addr *a)
{
	uint64_t h = q->seed ^ a->port;

	for (size_t i = 0; i < HASH_LEN; i++)
		h = (h ^ a->keyid[i]) * 0x100000001b3ULL;
	for (const char *p = a->host; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3ULL;
	return &q->bucket[(h >> 24) % BUCKETS];
}

static struct outdest *
dest_of(struct outqueue *q, const struct mix_addr *addr)
{
	struct dest_list *bucket = bucket_of(q, addr);
	struct outdest *to;

	LIST_FOREACH(to, bucket, same_bucket)
		if (same_addr(&to->addr, addr))
			return to;
	if ((to = calloc(1, sizeof(*to))) == NULL)
		fatal("outqueue");
	to->q = q;
	to->addr = *addr;
	TAILQ_INIT(&to->pkts);
	TAILQ_INSERT_TAIL(&q->dests, to, entry);
	LIST_INSERT_HEAD(bucket, to, same_bucket);
	return to;
}

static void
dest_free(struct outdest *to)
{
	TAILQ_REMOVE(&to->q->dests, to, entry);
	LIST_REMOVE(to, same_bucket);
	free(to);
}

/* After a failure a destination is left alone for a while, whatever arrives for it. */
static int64_t
hold_until(const struct outdest *to)
{
	if (to->last_failure == 0)
		return 0;
	return to->last_failure + schedule_hold(&to->q->retry) * 1000;
}

/*
 * Anybody can have packets sent to addresses where nobody answers; so a quarter of the connections
 * is kept for destinations that took packets lately.
 */
static int
may_connect(const struct outqueue *q, const struct outdest *to)
{
	size_t max = q->env.limits->max_outgoing;

	return !q->stopping && q->nconns < (to->worked != 0 ? max : max - max / 4);
}

static int
forgettable(const struct outdest *to, int64_t now)
{
	return now >= hold_until(to) && (to->worked == 0 || now - to->worked > REMEMBER_MS);
}

static void
consider(struct outqueue *q, struct outdest *to, int64_t now)
{
	if (to->conn != NULL)
		return;
	if (to->n == 0) {
		if (forgettable(to, now))
			dest_free(to);
	} else if (now >= to->next_try) {
		if (!may_connect(q, to)) {
			q->crowded = 1;
			return;
		}
		q->nconns++;
		count(C_OUT_ATTEMPTS);
		to->conn = outconn_new(to);
	}
}

/*
 * Connects where something is due, as far as connections are left, and forgets what is of no more
 * use.
 */
static void
run(void *arg)
{
	struct outqueue *q = arg;
	struct outdest *to, *next;
	int64_t now = loop_now();

	q->crowded = 0;
	q->soon = 0;
	for (to = TAILQ_FIRST(&q->dests); to != NULL; to = next) {
		next = TAILQ_NEXT(to, entry);
		if (to->conn != NULL)
			outconn_tick(to->conn, now);
		else
			consider(q, to, now);
	}
	remove_again(q, now);
	if (!TAILQ_EMPTY(&q->dests) || !TAILQ_EMPTY(&q->done))
		loop_timer_set(q->timer, TICK_MS);
}

static void
run_soon(struct outqueue *q)
{
	if (q->soon)
		return;
	q->soon = 1;
	loop_timer_set(q->timer, 0);
}

void
outqueue_stop(struct outqueue *q)
{
	q->stopping = 1;
	run_soon(q);
}

int
outqueue_stopping(const struct outqueue *q)
{
	return q->stopping;
}

size_t
outqueue_connections(const struct outqueue *q)
{
	return q->nconns;
}

int
outqueue_crowded(const struct outqueue *q)
{
	return q->crowded;
}

/* --- packets --- */

struct outpkt *
outqueue_note(struct outqueue *q, const char *name)
{
	return outnames_add(q->names, name);
}

void
outqueue_forget(struct outqueue *q, struct outpkt *p)
{
	outnames_remove(q->names, p);
}

void
outqueue_place(struct outqueue *q, struct outpkt *p, const struct mix_addr *addr)
{
	struct outdest *to = dest_of(q, addr);

	count(C_PACKETS_QUEUED);
	TAILQ_INSERT_TAIL(&to->pkts, p, entry);
	to->n++;
	if (to->n == 1 || to->next_try > hold_until(to))
		to->next_try = hold_until(to);
	if (to->conn != NULL)
		outconn_more(to->conn);
	else
		run_soon(q);
}

static void
forget(struct outdest *to, struct outpkt *p)
{
	to->n--;
	outnames_remove(to->q->names, p);
}

/* 0; -1 with errno: EINVAL if it is not what was scanned and mixer put there. */
static int
read_record(struct outdest *to, const char *name, uint8_t *rec, const uint8_t **packet)
{
	struct mix_addr addr;

	if (pool_read(to->q->env.pool, name, rec, OUTREC_LEN) == -1)
		return -1;
	errno = EINVAL;
	return outrec_parse(&addr, packet, rec) == 0 && same_addr(&addr, &to->addr) ? 0 : -1;
}

struct outpkt *
outdest_take(struct outdest *to, uint8_t *rec, const uint8_t **packet)
{
	const struct out_env *env = &to->q->env;
	struct outpkt *p;

	while ((p = TAILQ_FIRST(&to->pkts)) != NULL) {
		if (read_record(to, p->name, rec, packet) == 0) {
			TAILQ_REMOVE(&to->pkts, p, entry);
			log_again(&to->q->unreadable);
			return p;
		}
		if (errno != ENOENT && errno != EINVAL) {
			if (log_once(&to->q->unreadable))
				log_warn("outgoing: packets cannot be read, they wait");
			return NULL;
		}
		TAILQ_REMOVE(&to->pkts, p, entry);
		if (errno == EINVAL) {
			count(C_DROPS_BAD_RECORD);
			pool_quarantine(env->pool, p->name, env->own_dirfd);
		}
		forget(to, p);
	}
	return NULL;
}

/* A file that will not go stays known, or the next scan would send it again. */
static void
wipe_file(struct outdest *to, struct outpkt *p)
{
	struct outqueue *q = to->q;

	if (pool_remove(q->env.pool, p->name) == 0) {
		log_again(&q->stuck);
		forget(to, p);
		return;
	}
	if (log_once(&q->stuck))
		log_warn("outgoing: packets that are done cannot be removed; tried again");
	to->n--;
	TAILQ_INSERT_TAIL(&q->done, p, entry);
	q->next_removal = loop_now() + REMOVE_AGAIN_MS;
}

static void
remove_again(struct outqueue *q, int64_t now)
{
	struct outpkt *p;

	while ((p = TAILQ_FIRST(&q->done)) != NULL && now >= q->next_removal) {
		if (pool_remove(q->env.pool, p->name) == -1) {
			q->next_removal = now + REMOVE_AGAIN_MS;
			return;
		}
		TAILQ_REMOVE(&q->done, p, entry);
		outnames_remove(q->names, p);
	}
}

void
outdest_sent(struct outdest *to, struct outpkt *p)
{
	count(C_PACKETS_SENT);
	to->worked = loop_now();
	step("out-received");
	wipe_file(to, p);
}

void
outdest_return(struct outdest *to, struct outpkt *p, int last)
{
	if (last)
		TAILQ_INSERT_TAIL(&to->pkts, p, entry);
	else
		TAILQ_INSERT_HEAD(&to->pkts, p, entry);
}

/* --- after an attempt --- */

static void
give_up(struct outdest *to, int64_t now)
{
	int64_t total = schedule_total(&to->q->retry);
	int64_t seen = (to->last_failure - to->first_failure) / 1000;
	struct outpkt *p, *next;
	unsigned n = 0;

	if (seen < total && seen < GIVE_UP_SECONDS)
		return;
	for (p = TAILQ_FIRST(&to->pkts); p != NULL && n < GIVE_UP_AT_ONCE; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (now - p->since < total)
			continue;
		TAILQ_REMOVE(&to->pkts, p, entry);
		wipe_file(to, p);
		count(C_PACKETS_GIVEN_UP);
		n++;
	}
	if (n > 0)
		log_warnx(
		    "%u packets were given up: their next hop could not be reached during the "
		    "whole Retry schedule",
		    n);
}

/* Seconds until the first of its packets is due. */
static int64_t
next_due(const struct outdest *to, int64_t now)
{
	const struct conf_schedule *retry = &to->q->retry;
	int64_t wait, least = -1;
	struct outpkt *p;

	TAILQ_FOREACH(p, &to->pkts, entry) {
		wait = schedule_wait(retry, now - p->since);
		if (wait != -1 && (least == -1 || wait < least))
			least = wait;
	}
	return least == -1 ? schedule_hold(retry) : least;
}

static void
attempt_failed(struct outdest *to)
{
	int64_t now = daemon_steady();

	to->last_failure = loop_now();
	if (to->first_failure == 0)
		to->first_failure = to->last_failure;
	give_up(to, now);
	to->next_try = to->last_failure + next_due(to, now) * 1000;
	if (to->next_try < hold_until(to))
		to->next_try = hold_until(to);
}

void
outdest_ended(struct outdest *to, enum out_end how)
{
	struct outqueue *q = to->q;

	to->conn = NULL;
	q->nconns--;
	/* Behind all others that may be waiting for a connection. */
	TAILQ_REMOVE(&q->dests, to, entry);
	TAILQ_INSERT_TAIL(&q->dests, to, entry);
	if (how == OUT_FAILED) {
		attempt_failed(to);
	} else if (how == OUT_WAIT) {
		to->next_try = loop_now() + WAIT_MS;
	} else {
		to->first_failure = to->last_failure = 0;
		to->next_try = how == OUT_AGAIN ? loop_now() + AGAIN_MS : 0;
	}
	run_soon(q);
}

void
outqueue_report(const struct outqueue *q, struct buf *out)
{
	const struct outdest *to;
	size_t n = 0;

	TAILQ_FOREACH(to, &q->dests, entry)
		if (to->n > 0)
			buf_printf(out, "destination-%zu %zu\n", ++n, to->n);
	buf_printf(out, "outgoing %zu\ndestinations %zu\nconnections-out %zu\n",
	    outnames_count(q->names), n, q->nconns);
}
