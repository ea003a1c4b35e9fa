/*
 * Out of mix/. A batch leaves in slices, so that packets that arrive meanwhile do not wait for it.
 */
#include <errno.h>
#include <stdlib.h>

#include "batch.h"
#include "log.h"
#include "record.h"
#include "stats.h"
#include "step.h"

#define SLICE POOL_TOGETHER

/* A directory that packets leave for. */
struct exit {
	struct pool *pool;
	enum mixer_stat counter;
	int used; /* in this batch */
	int blocked; /* in this batch something could not be moved there: nothing more is tried */
	struct log_state trouble;
};

enum { OUTGOING, DELIVER, OWN, NEXITS };

struct batch {
	struct mixpools *p;
	const struct rng *rng;
	struct mix_rule rule;
	int64_t interval; /* ms; -1: not set yet */
	struct loop_timer *due, *next;
	struct namelist leaving;
	struct exit exit[NEXITS];
	struct log_state unsynced;
	struct pool_moves *moves;
	uint8_t rec[RECORD_MAX];
};

static struct exit *
exit_of(struct batch *b, const struct pool *to)
{
	for (struct exit *x = b->exit; x < b->exit + NEXITS; x++)
		if (x->pool == to)
			return x;
	return NULL;
}

/* It stays in mix/ for the next batch. */
static void
keep(struct batch *b, const char *name)
{
	namelist_push(&b->p->ready, name);
}

/* A full disk, or a directory that its owner shut: others may still take theirs. */
static void
cannot_leave(struct batch *b, struct exit *x, const char *name)
{
	if (log_once(&x->trouble))
		log_warn("%s/: packets cannot be moved there; they stay in mix/", x->pool->label);
	x->blocked = 1;
	keep(b, name);
}

/* A file of mix/ that cannot be read, or is none of ours. */
static void
cannot_read(struct batch *b, const char *name)
{
	if (errno == ENOENT)
		return;
	if (errno == EINVAL)
		(void)mixpools_quarantine(b->p, &b->p->mix, name);
	else
		keep(b, name);
}

/* Writes the fresh copy of a packet. */
static void
prepare(struct batch *b, const char *name)
{
	struct chunk content = { b->rec, 0 };
	struct exit *x;

	if (record_read(&b->p->mix, name, b->rec, &content.len) == -1) {
		cannot_read(b, name);
		return;
	}
	x = exit_of(b, record_route(b->p, b->rec, content.len));
	if (x == NULL)
		(void)mixpools_quarantine(b->p, &b->p->mix, name);
	else if (x->blocked)
		keep(b, name);
	else if (pool_moves_add(b->moves, name, x->pool, &content, 1, b->rng) == -1)
		cannot_leave(b, x, name);
}

static void
moved(const char *name, struct pool *to, int error, void *arg)
{
	struct batch *b = arg;
	struct exit *x = exit_of(b, to);

	if (error != 0) {
		errno = error;
		cannot_leave(b, x, name);
		return;
	}
	x->used = 1;
	mixer_stats[x->counter].n++;
	log_again(&x->trouble);
}

static int
sync_pool(struct batch *b, struct pool *p)
{
	if (pool_sync(p) == 0)
		return 0;
	if (log_once(&b->unsynced))
		log_warn("%s/ cannot be synced", p->label);
	return -1;
}

/* The directories once a batch: until then a crash puts packets back into mix/, to leave again. */
static void
batch_end(struct batch *b)
{
	int bad = 0;

	for (struct exit *x = b->exit; x < b->exit + NEXITS; x++) {
		if (x->used)
			bad |= sync_pool(b, x->pool);
		x->used = x->blocked = 0;
	}
	step("mixer-left");
	bad |= sync_pool(b, &b->p->mix);
	if (!bad)
		log_again(&b->unsynced);
	wipe(b->rec, sizeof(b->rec));
	mixer_stats[STAT_BATCHES].n++;
}

static void
batch_slice(void *arg)
{
	struct batch *b = arg;
	char name[POOL_NAME_LEN];

	for (int i = 0; i < SLICE && namelist_shift(&b->leaving, name) == 0; i++)
		prepare(b, name);
	pool_moves_commit(b->moves, moved, b);
	if (namelist_len(&b->leaving) > 0)
		loop_timer_set(b->next, 0);
	else
		batch_end(b);
}

static void
batch_due(void *arg)
{
	struct batch *b = arg;
	struct namelist *ready = &b->p->ready;
	size_t n = namelist_len(ready), picked;

	loop_timer_set(b->due, b->interval);
	if (namelist_len(&b->leaving) > 0)
		return; /* the last batch is still leaving */
	picked = mixpool_pick(&b->rule, namelist_names(ready), n, b->rng);
	stats_interval(picked, n - picked);
	if (picked == 0)
		return;
	namelist_split(ready, picked, &b->leaving);
	batch_slice(b);
}

struct batch *
batch_new(struct loop *l, struct mixpools *p, const struct rng *rng)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		fatal("batch");
	b->p = p;
	b->rng = rng;
	b->interval = -1;
	b->exit[OUTGOING] = (struct exit) { .pool = &p->outgoing, .counter = STAT_RELAYED };
	b->exit[DELIVER] = (struct exit) { .pool = &p->deliver, .counter = STAT_DELIVERED };
	b->exit[OWN] = (struct exit) { .pool = &p->own, .counter = STAT_OWN };
	b->moves = pool_moves_new(&p->mix, SLICE);
	b->due = loop_timer(l, batch_due, b);
	b->next = loop_timer(l, batch_slice, b);
	return b;
}

void
batch_set(struct batch *b, const struct mix_rule *rule, int64_t interval)
{
	b->rule = *rule;
	/* Who reloads again and again does not keep packets waiting. */
	if (b->interval == interval * 1000)
		return;
	b->interval = interval * 1000;
	loop_timer_set(b->due, b->interval);
}
