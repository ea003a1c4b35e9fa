/*
 * What is fetched from the other authorities: their votes, the votes that they were given by others
 * (so that nobody can give two), their signatures, their lists of servers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "dirtext.h"

#define DOCUMENT_MAX (32 * 1024 * 1024) /* octets of a fetched document, compressed */
#define CROSS_MAX    16 /* authorities: so many fetch each other's votes from each other */
#define RETRIES	     30 /* in the time of the specification's hour */

enum target_state { WANTED, RUNNING, GOT };

struct target {
	size_t from, whose;
	enum target_state state;
	unsigned generation;
};

static struct {
	struct election *e;
	void (*changed)(void);
	struct target *targets;
	size_t n;
	unsigned generation; /* what was asked for in an earlier one is of no use */
	int signatures; /* what is fetched: votes or these */
	struct loop_timer *round;
} now;

/* Milliseconds. */
static int64_t
hour_of(const struct cycle *c)
{
	return c->end * 1000 - cycle_when(c, CYCLE_COLLECT);
}

static int64_t
timeout_of(const struct cycle *c)
{
	int64_t ms = hour_of(c) / 12;

	return ms < 1000 ? 1000 : ms;
}

static void
url_of(char *url, size_t size, const struct target *t)
{
	const struct dird_conf *c = core.conf;
	char name[CYCLE_NAME_LEN], hex[2 * HASH_LEN + 1];

	cycle_name(name, &now.e->cycle);
	hex_upper(hex, c->voters[t->whose].fingerprint, HASH_LEN);
	if (now.signatures)
		snprintf(url, size, "%s%s.gz", c->voters[t->from].url, name);
	else if (t->from == t->whose)
		snprintf(url, size, "%s%s-vote.gz", c->voters[t->from].url, name);
	else
		snprintf(url, size, "%s%s-vote-%s.gz", c->voters[t->from].url, name, hex);
}

/* As the others are to find it here: what we were given for the vote of this authority. */
static void
republish(size_t whose, const struct buf *text)
{
	char name[CYCLE_NAME_LEN], hex[2 * HASH_LEN + 1], file[96];

	cycle_name(name, &now.e->cycle);
	hex_upper(hex, core.conf->voters[whose].fingerprint, HASH_LEN);
	snprintf(file, sizeof(file), "%s-vote-%s", name, hex);
	publish_gz(file, text->p, text->len);
}

static void
take_vote(struct target *t, const struct buf *text)
{
	int fresh, by;
	struct errmsg e;

	if (t->from == t->whose)
		by = election_take_vote(
		    now.e, t->from, (const char *)text->p, text->len, &fresh, &e);
	else
		by = election_take_relayed(now.e, (const char *)text->p, text->len, &fresh);
	if (by == -1 && t->from == t->whose)
		log_warnx("the vote of %s does not count: %s", core.conf->voters[t->from].url, e.s);
	if (by == -1)
		return;
	t->state = GOT;
	core.counters[CC_VOTES].n += (uint64_t)fresh;
	/* What it gave us itself is what the others ask us for: else two could pass. */
	if (t->from == t->whose)
		republish(t->whose, text);
	if (fresh && now.e->ballot.voters[by].nvotes > 1)
		log_errorx("%s gave different votes to different authorities",
		    core.conf->voters[by].url);
}

static void
take_signed(const struct target *t, const struct buf *text)
{
	size_t added =
	    election_take_signed(now.e, t->from, (const char *)text->p, text->len);

	if (added > 0)
		now.changed();
}

static void
take(struct target *t, const struct buf *body)
{
	struct buf text = { 0 };
	struct errmsg e;

	if (directory_gunzip(&text, body->p, body->len, &e) == -1) {
		if (now.signatures)
			election_not_signed(now.e, t->from, e.s);
		else if (t->from == t->whose)
			election_no_vote(now.e, t->from, e.s);
	} else if (now.signatures) {
		take_signed(t, &text);
	} else {
		take_vote(t, &text);
	}
	buf_free(&text);
}

static void
done(void *arg, const struct buf *body, const char *why)
{
	struct target asked = *(struct target *)arg, *t = NULL;

	free(arg);
	if (asked.generation != now.generation || now.e == NULL)
		return;
	for (size_t i = 0; i < now.n; i++)
		if (now.targets[i].from == asked.from && now.targets[i].whose == asked.whose)
			t = &now.targets[i];
	t->state = WANTED;
	if (why == NULL)
		take(t, body);
	else if (now.signatures)
		election_not_signed(now.e, t->from, why);
	else if (t->from == t->whose)
		election_no_vote(now.e, t->from, why);
	if (!now.signatures)
		now.changed();
}

static void
ask(struct target *t)
{
	struct target *copy = malloc(sizeof(*copy));
	char url[700];

	if (copy == NULL)
		fatal("out of memory");
	t->state = RUNNING;
	t->generation = now.generation;
	*copy = *t;
	url_of(url, sizeof(url), t);
	fetcher_get(url, DOCUMENT_MAX, timeout_of(&now.e->cycle), done, copy);
}

/* Has the signature of this one come, whoever brought it? */
static int
wanted(const struct target *t)
{
	if (t->state != WANTED)
		return 0;
	return !now.signatures ||
	    !signed_by(&now.e->ours, core.conf->voters[t->from].fingerprint);
}

static void
start_round(void *arg)
{
	int64_t ms;

	(void)arg;
	if (now.e == NULL)
		return;
	ms = hour_of(&now.e->cycle) / RETRIES;
	loop_timer_set(now.round, ms < 100 ? 100 : ms);
	for (size_t i = 0; now.e != NULL && i < now.n; i++)
		if (wanted(&now.targets[i]))
			ask(&now.targets[i]);
}

static void
add(size_t from, size_t whose)
{
	now.targets = reallocarray(now.targets, now.n + 1, sizeof(*now.targets));
	if (now.targets == NULL)
		fatal("out of memory");
	now.targets[now.n++] = (struct target){ .from = from, .whose = whose };
}

static void
begin(struct election *e, void (*changed)(void), int signatures)
{
	size_t n = core.conf->nvoters;

	collect_stop();
	now.e = e;
	now.changed = changed;
	now.signatures = signatures;
	for (size_t from = 0; from < n; from++) {
		if (from == core.self)
			continue;
		add(from, from);
		for (size_t whose = 0; !signatures && n <= CROSS_MAX && whose < n; whose++)
			if (whose != from && whose != core.self)
				add(from, whose);
	}
	if (now.round == NULL)
		now.round = loop_timer(core.role.d.loop, start_round, NULL);
	loop_timer_set(now.round, 0);
}

void
collect_votes(struct election *e, void (*changed)(void))
{
	begin(e, changed, 0);
}

void
collect_signatures(struct election *e, void (*changed)(void))
{
	begin(e, changed, 1);
}

void
collect_stop(void)
{
	free(now.targets);
	now.targets = NULL;
	now.n = 0;
	now.e = NULL;
	now.generation++;
	if (now.round != NULL)
		loop_timer_set(now.round, -1);
}

int
collect_votes_done(void)
{
	for (size_t i = 0; i < now.n; i++)
		if (now.targets[i].state != GOT)
			return 0;
	return 1;
}

/* --- lists of servers (7.1.1) --- */

static int
compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

/* The digests of all that is known already: it need not be verified again. */
static uint8_t (*
known_digests(size_t *n))[HASH_LEN]
{
	uint8_t(*v)[HASH_LEN];
	size_t room = 1;

	for (size_t i = 0; i < core.store.n; i++)
		room += core.store.v[i]->ndescs;
	if ((v = calloc(room, HASH_LEN)) == NULL)
		fatal("out of memory");
	*n = 0;
	for (size_t i = 0; i < core.store.n; i++)
		for (size_t j = 0; j < core.store.v[i]->ndescs; j++)
			memcpy(v[(*n)++], core.store.v[i]->descs[j]->digest, HASH_LEN);
	qsort(v, *n, HASH_LEN, compare_digests);
	return v;
}

static void
learn(const char *text, size_t len)
{
	size_t n, learned = 0;
	uint8_t(*known)[HASH_LEN] = known_digests(&n), md[HASH_LEN];

	for (size_t at = dirtext_find(text, len, 0, "[Server]"), next; at < len; at = next) {
		next = dirtext_find(text, len, at + 1, "[Server]");
		desc_digest(md, text + at, next - at);
		if (bsearch(md, known, n, HASH_LEN, compare_digests) == NULL)
			learned += upload_keeps(core_take(text + at, next - at, NULL));
	}
	free(known);
	core.counters[CC_LEARNED].n += learned;
	if (learned > 0)
		log_info("%zu descriptors learned from another directory server", learned);
}

static void
raw_done(void *arg, const struct buf *body, const char *why)
{
	struct buf text = { 0 };
	struct errmsg e;

	(void)arg;
	if (why != NULL)
		return;
	if (directory_gunzip(&text, body->p, body->len, &e) == 0)
		learn((const char *)text.p, text.len);
	buf_free(&text);
}

void
collect_raw_lists(void)
{
	char url[700];
	struct cycle c = cycle_at(role_now_ms() / 1000, core.conf->interval);

	for (size_t i = 0; i < core.conf->nvoters; i++) {
		if (i == core.self)
			continue;
		snprintf(url, sizeof(url), "%scurrent-raw-servers.gz", core.conf->voters[i].url);
		fetcher_get(url, DOCUMENT_MAX, timeout_of(&c), raw_done, NULL);
	}
}
