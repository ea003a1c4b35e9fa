/*
 * The consensus of votes (dir-spec 7.3). Everything is brought into an order of its own before it
 * is counted, so that the result does not depend on that of the votes.
 */
#include <stdlib.h>
#include <string.h>

#include "dirtext.h"
#include "log.h"

#define DAY	   86400
#define FAR_FUTURE (30 * DAY)

struct tally {
	const struct directory **votes; /* those that count, at most one a voter */
	size_t nvotes;
	size_t need; /* votes that are more than half of the voters */
	const struct desc **all; /* every descriptor of every vote, each digest once */
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
compare_descs(const void *a, const void *b)
{
	const struct desc *const *x = a, *const *y = b;
	int c = memcmp((*x)->keyid, (*y)->keyid, HASH_LEN);

	if (c == 0)
		c = memcmp((*x)->digest, (*y)->digest, HASH_LEN);
	return c != 0 ? c : strcmp((*x)->text, (*y)->text);
}

static void
gather(struct tally *t)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < t->nvotes; i++)
		n += t->votes[i]->nservers;
	t->all = array(n, sizeof(*t->all));
	t->chosen = array(n, sizeof(*t->chosen));
	for (size_t i = 0; i < t->nvotes; i++)
		for (size_t j = 0; j < t->votes[i]->nservers; j++)
			t->all[t->nall++] = t->votes[i]->servers[j];
	qsort(t->all, t->nall, sizeof(*t->all), compare_descs);
	for (size_t i = 0; i < t->nall; i++)
		if (kept == 0 ||
		    memcmp(t->all[kept - 1]->digest, t->all[i]->digest, HASH_LEN) != 0)
			t->all[kept++] = t->all[i];
	t->nall = kept;
}

static int
votes_for_identity(const struct tally *t, const uint8_t keyid[HASH_LEN])
{
	size_t count = 0;

	for (size_t i = 0; i < t->nvotes; i++)
		for (size_t j = 0; j < t->votes[i]->nservers; j++)
			if (memcmp(t->votes[i]->servers[j]->keyid, keyid, HASH_LEN) == 0) {
				count++;
				break;
			}
	return count >= t->need;
}

/* The n descriptors of one identity: which of them go in. */
static void
choose(struct tally *t, const struct desc *const *mine, size_t n, int64_t valid_after)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(mine[i]->nickname, mine[0]->nickname) != 0)
			return;
	if (!votes_for_identity(t, mine[0]->keyid))
		return;
	for (size_t i = 0; i < n; i++)
		if (mine[i]->valid_until >= valid_after &&
		    mine[i]->valid_after <= valid_after + FAR_FUTURE &&
		    !desc_superseded(mine[i], mine, n))
			t->chosen[t->nchosen++] = mine[i];
}

static void
choose_all(struct tally *t, int64_t valid_after)
{
	for (size_t i = 0, n; i < t->nall; i += n) {
		for (n = 1; i + n < t->nall; n++)
			if (memcmp(t->all[i]->keyid, t->all[i + n]->keyid, HASH_LEN) != 0)
				break;
		choose(t, t->all + i, n, valid_after);
	}
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

static int
listed(struct list l, const char *s)
{
	for (size_t i = 0; i < l.n; i++)
		if (strcmp(l.v[i], s) == 0)
			return 1;
	return 0;
}

/* What stands in one list of enough votes, sorted. The caller frees the array, not the strings. */
static const char **
majority(const struct tally *t, struct list (*of)(const struct directory *), size_t *n)
{
	size_t total = 0, count;
	const char **out;

	for (size_t i = 0; i < t->nvotes; i++)
		total += of(t->votes[i]).n;
	out = array(total, sizeof(*out));
	*n = 0;
	for (size_t i = 0; i < t->nvotes; i++) {
		struct list l = of(t->votes[i]);

		for (size_t j = 0; j < l.n; j++) {
			count = 0;
			for (size_t k = 0; k < t->nvotes; k++)
				count += (size_t)listed(of(t->votes[k]), l.v[j]);
			if (count >= t->need)
				out[(*n)++] = l.v[j];
		}
	}
	dirtext_sort(out, n, strcmp);
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
	if (t.nvotes < t.need) {
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
