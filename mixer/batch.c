/*
 * Out of mix/. A batch leaves in slices, so that packets that arrive meanwhile do not wait for it.
 */
#include <errno.h>
#include <stdlib.h>

#include "batch.h"
#include "log.h"
#include "record.h"
#include "stats.h"

#define SLICE 64

struct batch {
	struct mixpools *p;
	const struct rng *rng;
	struct mix_rule rule;
	int64_t interval; /* ms */
	struct loop_timer *due, *next;
	struct namelist leaving;
	struct log_state trouble;
	uint8_t rec[RECORD_MAX];
};

static void
count_left(struct mixpools *p, const struct pool *to)
{
	if (to == &p->outgoing)
		mixer_stats[STAT_RELAYED].n++;
	else
		mixer_stats[to == &p->deliver ? STAT_DELIVERED : STAT_OWN].n++;
}

/* Something in mix/ that we did not write like this. */
static int
set_aside(struct batch *b, const char *name)
{
	(void)mixpools_quarantine(b->p, &b->p->mix, name);
	return 0;
}

/* 0 if the packet is out of mix/, or never will be; -1 with errno if it stays for now. */
static int
move_out(struct batch *b, const char *name)
{
	struct chunk content = { b->rec, 0 };
	struct pool *to;

	if (record_read(&b->p->mix, name, b->rec, &content.len) == -1) {
		if (errno == ENOENT)
			return 0;
		return errno == EINVAL ? set_aside(b, name) : -1;
	}
	to = record_route(b->p, b->rec, content.len);
	if (to == NULL)
		return set_aside(b, name);
	if (pool_move_fresh(&b->p->mix, name, to, &content, 1, b->rng) == -1)
		return -1;
	count_left(b->p, to);
	return 0;
}

/*
 * The directories once a batch: until then a crash puts a packet back into mix/, and it leaves
 * again.
 */
static void
batch_end(struct batch *b)
{
	struct pool *touched[] = { &b->p->own, &b->p->outgoing, &b->p->deliver, &b->p->mix };

	for (size_t i = 0; i < sizeof(touched) / sizeof(touched[0]); i++)
		if (pool_sync(touched[i]) == -1 && log_once(&b->trouble))
			log_warn("%s/ cannot be synced", touched[i]->label);
	wipe(b->rec, sizeof(b->rec));
	mixer_stats[STAT_BATCHES].n++;
}

/* A disk that is full, or worse: the rest stays for the next batch. */
static void
batch_break(struct batch *b, const char *name)
{
	if (log_once(&b->trouble))
		log_warn("packets cannot leave mix/; they stay for the next batch");
	namelist_push(&b->p->ready, name);
	namelist_split(&b->leaving, namelist_len(&b->leaving), &b->p->ready);
}

static void
batch_slice(void *arg)
{
	struct batch *b = arg;
	char name[POOL_NAME_LEN];

	for (int i = 0; i < SLICE && namelist_shift(&b->leaving, name) == 0; i++) {
		if (move_out(b, name) == -1)
			batch_break(b, name);
		else
			log_again(&b->trouble);
	}
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
	b->due = loop_timer(l, batch_due, b);
	b->next = loop_timer(l, batch_slice, b);
	return b;
}

void
batch_set(struct batch *b, const struct mix_rule *rule, int64_t interval)
{
	b->rule = *rule;
	b->interval = interval * 1000;
	loop_timer_set(b->due, b->interval);
}
