/*
 * The consensus of votes (dir-spec 7.3). Everything is brought into an order of its own before it
 * is counted, so that the result does not depend on that of the votes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dirtext.h"
#include "log.h"

#define DAY	   86400
#define FAR_FUTURE (30 * DAY)

#define MAX_VOTES  64 /* bits of a mask; a directory has no more voters */

/* A descriptor, and the vote in which it stands. */
struct ballot_entry {
	const struct desc *d;
	unsigned vote;
};

struct tally {
	const struct directory **votes; /* those that count, at most one a voter */
	size_t nvotes;
	size_t need; /* votes that are more than half of the voters */
	struct ballot_entry *all; /* every descriptor of every vote */
	size_t nall;
	const struct desc **chosen;
	size_t nchosen;
};

static void *
array(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

static const uint8_t *
signer(const struct directory *d)
{
	for (size_t i = 0; i < d->nsigs; i++)
		if (d->sigs[i].good)
			return d->sigs[i].fingerprint;
	return d->digest; /* not reached: a vote that counts is signed */
}

static int
compare_votes(const void *a, const void *b)
{
	const struct directory *const *x = a, *const *y = b;
	int c = memcmp(signer(*x), signer(*y), HASH_LEN);

	return c != 0 ? c : memcmp((*x)->digest, (*y)->digest, HASH_LEN);
}

/* Of two different votes of one voter the one with the lesser digest counts. */
static void
pick_votes(struct tally *t, const struct directory *const *votes, size_t n,
    const struct dir_voter *voters, size_t nvoters, int64_t valid_after)
{
	size_t kept = 0;

	t->votes = array(n, sizeof(*t->votes));
	for (size_t i = 0; i < n; i++)
		if (directory_check_vote(votes[i], voters, nvoters, valid_after, NULL) == 0)
			t->votes[t->nvotes++] = votes[i];
	qsort(t->votes, t->nvotes, sizeof(*t->votes), compare_votes);
	for (size_t i = 0; i < t->nvotes; i++)
		if (kept == 0 ||
		    memcmp(signer(t->votes[kept - 1]), signer(t->votes[i]), HASH_LEN) != 0)
			t->votes[kept++] = t->votes[i];
	t->nvotes = kept;
}

/* By identity, then digest; signatures are random, so one digest may have several texts. */
static int
compare_entries(const void *a, const void *b)
{
	const struct ballot_entry *x = a, *y = b;
	int c = memcmp(x->d->keyid, y->d->keyid, HASH_LEN);

	if (c == 0)
		c = memcmp(x->d->digest, y->d->digest, HASH_LEN);
	return c != 0 ? c : strcmp(x->d->text, y->d->text);
}

static void
gather(struct tally *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nvotes; i++)
		n += t->votes[i]->nservers;
	t->all = array(n, sizeof(*t->all));
	t->chosen = array(n, sizeof(*t->chosen));
	for (unsigned i = 0; i < t->nvotes; i++)
		for (size_t j = 0; j < t->votes[i]->nservers; j++)
			t->all[t->nall++] = (struct ballot_entry){ t->votes[i]->servers[j], i };
	qsort(t->all, t->nall, sizeof(*t->all), compare_entries);
}

static size_t
count_bits(uint64_t mask)
{
	return (size_t)__builtin_popcountll(mask);
}

/* The n different descriptors of one identity: which of them go in. */
static void
choose(struct tally *t, const struct desc *const *mine, size_t n, int64_t valid_after)
{
	for (size_t i = 1; i < n; i++)
		if (strcasecmp(mine[i]->nickname, mine[0]->nickname) != 0)
			return;
	for (size_t i = 0; i < n; i++)
		if (mine[i]->valid_until >= valid_after &&
		    mine[i]->valid_after <= valid_after + FAR_FUTURE &&
		    !desc_superseded(mine[i], mine, n))
			t->chosen[t->nchosen++] = mine[i];
}

/* The entries of one identity begin at from: how many they are, and who is for it. */
static size_t
group(const struct tally *t, size_t from, const struct desc **mine, size_t *n, uint64_t *votes)
{
	size_t at = from;

	*n = 0;
	*votes = 0;
	for (; at < t->nall && memcmp(t->all[at].d->keyid, t->all[from].d->keyid, HASH_LEN) == 0;
	     at++) {
		*votes |= UINT64_C(1) << t->all[at].vote;
		if (*n == 0 || memcmp(mine[*n - 1]->digest, t->all[at].d->digest, HASH_LEN) != 0)
			mine[(*n)++] = t->all[at].d;
	}
	return at - from;
}

static void
choose_all(struct tally *t, int64_t valid_after)
{
	const struct desc **mine = array(t->nall, sizeof(*mine));
	uint64_t votes;
	size_t n;

	for (size_t i = 0; i < t->nall;) {
		i += group(t, i, mine, &n, &votes);
		if (count_bits(votes) >= t->need)
			choose(t, mine, n, valid_after);
	}
	free(mine);
}

struct list {
	char *const *v;
	size_t n;
};

static struct list
recommended(const struct directory *d)
{
	return (struct list){ d->recommended, d->nrecommended };
}

static struct list
clients(const struct directory *d)
{
	return (struct list){ d->clients, d->nclients };
}

static struct list
servers(const struct directory *d)
{
	return (struct list){ d->servers_sw, d->nservers_sw };
}

struct item {
	const char *s;
	unsigned vote;
};

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return strcmp(x->s, y->s);
}

/* What stands in one list of enough votes, sorted. The caller frees the array, not the strings. */
static const char **
majority(const struct tally *t, struct list (*of)(const struct directory *), size_t *n)
{
	struct item *all;
	size_t total = 0, at = 0;
	const char **out;

	for (size_t i = 0; i < t->nvotes; i++)
		total += of(t->votes[i]).n;
	all = array(total, sizeof(*all));
	out = array(total, sizeof(*out));
	for (unsigned i = 0; i < t->nvotes; i++)
		for (size_t j = 0; j < of(t->votes[i]).n; j++)
			all[at++] = (struct item){ of(t->votes[i]).v[j], i };
	qsort(all, total, sizeof(*all), compare_items);
	*n = 0;
	for (size_t i = 0, from = 0; i < total; from = i) {
		uint64_t votes = 0;

		for (; i < total && strcmp(all[i].s, all[from].s) == 0; i++)
			votes |= UINT64_C(1) << all[i].vote;
		if (count_bits(votes) >= t->need)
			out[(*n)++] = all[from].s;
	}
	free(all);
	return out;
}

static void
format(struct buf *out, const struct tally *t, struct dir_params *p)
{
	const char **r = majority(t, recommended, &p->nrecommended);
	const char **c = majority(t, clients, &p->nclients);
	const char **s = majority(t, servers, &p->nservers_sw);

	p->recommended = r;
	p->clients = c;
	p->servers_sw = s;
	directory_format(out, p);
	free(r);
	free(c);
	free(s);
}

int
directory_tally(struct buf *out, const struct directory *const *votes, size_t nvotes,
    const struct dir_voter *voters, size_t nvoters, int64_t valid_after, struct errmsg *e)
{
	struct tally t = { .need = nvoters / 2 + 1 };
	struct dir_params p = { .status = DIR_CONSENSUS, .valid_after = valid_after,
		.valid_until = valid_after + DAY, .voters = voters, .nvoters = nvoters };
	int rv = 0;

	pick_votes(&t, votes, nvotes, voters, nvoters, valid_after);
	if (t.nvotes > MAX_VOTES) {
		rv = err_set(e, "more than %d votes", MAX_VOTES);
	} else if (t.nvotes < t.need) {
		rv = err_set(e, "%zu votes count, %zu are needed", t.nvotes, t.need);
	} else {
		gather(&t);
		choose_all(&t, valid_after);
		p.servers = t.chosen;
		p.nservers = t.nchosen;
		format(out, &t, &p);
	}
	free(t.votes);
	free(t.all);
	free(t.chosen);
	return rv;
}
