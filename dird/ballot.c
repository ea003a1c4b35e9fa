#include <stdlib.h>
#include <string.h>

#include "ballot.h"

void
ballot_init(struct ballot *b, const struct dird_conf *conf, const struct cycle *c)
{
	*b = (struct ballot){ .conf = conf, .cycle = *c };
	if ((b->voters = calloc(conf->nvoters, sizeof(*b->voters))) == NULL)
		fatal("out of memory");
}

void
ballot_free(struct ballot *b)
{
	for (size_t i = 0; b->voters != NULL && i < b->conf->nvoters; i++)
		for (size_t j = 0; j < b->voters[i].nvotes; j++)
			directory_free(b->voters[i].votes[j]);
	free(b->voters);
	b->voters = NULL;
}

static int
voter_of(const struct ballot *b, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < b->conf->nvoters; i++)
		if (memcmp(b->conf->voters[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return (int)i;
	return -1;
}

/* Who signed it; a vote has one signer, and only votes that count come here. */
static int
signer(const struct ballot *b, const struct directory *d)
{
	for (size_t i = 0; i < d->nsigs; i++)
		if (d->sigs[i].good)
			return voter_of(b, d->sigs[i].fingerprint);
	return -1;
}

static int
check(const struct ballot *b, int who, const struct directory *d, const char *text, size_t len,
    struct errmsg *e)
{
	int by;

	if (directory_check_vote(d, b->conf->voters, b->conf->nvoters,
		cycle_valid_after(&b->cycle), e) == -1)
		return -1;
	if (!cycle_marked(text, len, &b->cycle))
		return err_set(e, "the vote is for another voting period");
	by = signer(b, d);
	if (who != -1 && by != who)
		return err_set(e, "the vote is another authority's");
	return by;
}

/* Of more than two different ones the two of least digest stay, whatever came first. */
static int
keep(struct one_voter *v, struct directory *fresh)
{
	size_t at = 0;

	while (at < v->nvotes && memcmp(v->votes[at]->digest, fresh->digest, HASH_LEN) < 0)
		at++;
	if (at == MAX_VOTES_OF_ONE || (at < v->nvotes &&
	    memcmp(v->votes[at]->digest, fresh->digest, HASH_LEN) == 0)) {
		directory_free(fresh);
		return 0;
	}
	if (v->nvotes == MAX_VOTES_OF_ONE)
		directory_free(v->votes[--v->nvotes]);
	memmove(v->votes + at + 1, v->votes + at, (v->nvotes - at) * sizeof(v->votes[0]));
	v->votes[at] = fresh;
	v->nvotes++;
	for (size_t i = 0; i < fresh->nservers; i++)
		desc_drop_keys(fresh->servers[i]);
	return 1;
}

int
ballot_add(struct ballot *b, int who, const char *text, size_t len, int *fresh, struct errmsg *e)
{
	struct errmsg why;
	/* The clock of all: a descriptor is from the future for everyone, or for nobody. */
	struct directory *d = directory_parse(text, len, b->cycle.end, &why);
	int by = d != NULL ? check(b, who, d, text, len, &why) : -1;

	*fresh = 0;
	if (by == -1) {
		directory_free(d);
		if (who != -1)
			b->voters[who].why_not = why;
		return err_set(e, "%s", why.s);
	}
	*fresh = keep(&b->voters[by], d);
	return by;
}

size_t
ballot_count(const struct ballot *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->conf->nvoters; i++)
		n += b->voters[i].nvotes > 0;
	return n;
}

int
ballot_complete(const struct ballot *b)
{
	return ballot_count(b) == b->conf->nvoters;
}

int
ballot_tally(struct buf *body, const struct ballot *b, struct errmsg *e)
{
	size_t n = b->conf->nvoters, nvotes = 0;
	const struct directory **all = calloc(n * MAX_VOTES_OF_ONE + 1, sizeof(*all));
	int rv;

	if (all == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < b->voters[i].nvotes; j++)
			all[nvotes++] = b->voters[i].votes[j];
	rv = directory_tally(body, all, nvotes, b->conf->voters, n,
	    cycle_valid_after(&b->cycle), e);
	free(all);
	if (rv == 0)
		cycle_mark(body, &b->cycle);
	return rv;
}
