/*
 * Whether a directory may be used, or counted as a vote (dir-spec 4.1, 7.3, 8; D7, D8).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dirtext.h"
#include "log.h"

#define DAY 86400

static int
has_good_signature(const struct directory *d, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < d->nsigs; i++)
		if (d->sigs[i].good && memcmp(d->sigs[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return 1;
	return 0;
}

int
directory_check(const struct directory *d, const uint8_t (*trusted)[HASH_LEN], size_t ntrusted,
    int64_t now, int allow_old, struct errmsg *e)
{
	char after[11], until[11];
	size_t good = 0;

	if (d->status == DIR_VOTE)
		return err_set(e, "the directory is a vote, not a consensus");
	if (d->status == DIR_OLD && !allow_old)
		return err_set(e, "the directory has the old format, which is not allowed");
	fmt_date(after, d->valid_after);
	fmt_date(until, d->valid_until);
	if (now < d->valid_after)
		return err_set(e, "the directory is valid only from %s on", after);
	if (now > d->valid_until)
		return err_set(e, "the directory has expired: it was valid until %s", until);
	for (size_t i = 0; i < ntrusted; i++)
		good += (size_t)has_good_signature(d, trusted[i]);
	if (good <= ntrusted / 2)
		return err_set(e, "the directory has good signatures of %zu of the %zu trusted "
		    "directory servers: more than half are needed", good, ntrusted);
	return 0;
}

int
directory_recommends(const struct directory *d, const char *nickname)
{
	for (size_t i = 0; i < d->nrecommended; i++)
		if (strcasecmp(d->recommended[i], nickname) == 0)
			return 1;
	return 0;
}

static int
compare_voters(const void *a, const void *b)
{
	const struct dir_voter *const *x = a, *const *y = b;

	return voter_cmp(*x, *y);
}

/* The vote's list is sorted and the same as ours, whose order is anyone's. */
static int
same_voters(const struct directory *d, const struct dir_voter *voters, size_t n)
{
	const struct dir_voter **sorted;
	int same = d->nvoters == n;

	if (!same || n == 0)
		return same;
	if ((sorted = calloc(n, sizeof(*sorted))) == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++)
		sorted[i] = &voters[i];
	qsort(sorted, n, sizeof(*sorted), compare_voters);
	for (size_t i = 0; same && i < n; i++)
		same = voter_cmp(&d->voters[i], sorted[i]) == 0;
	free(sorted);
	return same;
}

static int
is_voter(const struct dir_voter *voters, size_t n, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(voters[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return 1;
	return 0;
}

static int
versions_sorted(char *const *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (version_cmp(v[i - 1], v[i]) > 0)
			return 0;
	return 1;
}

static int
servers_sorted(const struct directory *d)
{
	for (size_t i = 1; i < d->nservers; i++)
		if (dirtext_desc_cmp(d->servers[i - 1], d->servers[i]) > 0)
			return 0;
	return 1;
}

/* The signature that is over this very text; others may stand beside it. NULL with a reason. */
static const struct dir_signature *
only_signature(const struct directory *d, struct errmsg *e)
{
	const struct dir_signature *sig = NULL;

	for (size_t i = 0; i < d->nsigs; i++) {
		if (!d->sigs[i].digest_ok)
			continue;
		if (sig != NULL) {
			err_set(e, "the vote has more than one signature");
			return NULL;
		}
		sig = &d->sigs[i];
	}
	if (sig == NULL)
		err_set(e, "the vote has no signature");
	return sig;
}

int
directory_check_vote(const struct directory *d, const struct dir_voter *voters, size_t nvoters,
    int64_t valid_after, struct errmsg *e)
{
	const struct dir_signature *sig = only_signature(d, e);

	if (sig == NULL)
		return -1;
	if (!is_voter(voters, nvoters, sig->fingerprint))
		return err_set(e, "the vote is signed by a stranger");
	if (!sig->good)
		return err_set(e, "the vote's signature does not verify");
	if (d->status != DIR_VOTE)
		return err_set(e, "the directory is not a vote");
	if (!same_voters(d, voters, nvoters))
		return err_set(e, "the vote names other voters");
	if (d->valid_after != valid_after || d->valid_until != valid_after + DAY)
		return err_set(e, "the vote is for another day");
	if (!versions_sorted(d->clients, d->nclients) ||
	    !versions_sorted(d->servers_sw, d->nservers_sw))
		return err_set(e, "the vote's versions are out of order");
	if (!servers_sorted(d))
		return err_set(e, "the vote's descriptors are out of order");
	return 0;
}
