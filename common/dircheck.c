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

static int
has_good_signature(const struct directory *d, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < d->nsigs; i++)
		if (d->sigs[i].good && memcmp(d->sigs[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return 1;
	return 0;
}

/* Where the directory says that he is to be found, else his fingerprint. */
static void
add_name(struct buf *b, const struct directory *d, const uint8_t fingerprint[HASH_LEN])
{
	char hex[2 * HASH_LEN + 1];

	hex_upper(hex, fingerprint, HASH_LEN);
	for (size_t i = 0; i < d->nvoters; i++)
		if (memcmp(d->voters[i].fingerprint, fingerprint, HASH_LEN) == 0) {
			buf_printf(b, "%s%s", b->len > 0 ? ", " : "", d->voters[i].url);
			return;
		}
	buf_printf(b, "%s%s", b->len > 0 ? ", " : "", hex);
}

size_t
directory_signers(const struct directory *d, const uint8_t (*trusted)[HASH_LEN], size_t ntrusted,
    struct buf *did, struct buf *didnot)
{
	size_t good = 0;

	for (size_t i = 0; i < ntrusted; i++) {
		int has = has_good_signature(d, trusted[i]);
		struct buf *names = has ? did : didnot;

		good += (size_t)has;
		if (names != NULL)
			add_name(names, d, trusted[i]);
	}
	return good;
}

static int
check_signers(const struct directory *d, const uint8_t (*trusted)[HASH_LEN], size_t ntrusted,
    struct errmsg *e)
{
	struct buf did = { 0 }, didnot = { 0 };
	size_t good = directory_signers(d, trusted, ntrusted, &did, &didnot);

	if (good <= ntrusted / 2)
		err_set(e, "the directory has good signatures of %zu of the %zu trusted directory "
		    "servers: more than half are needed. Signed by: %.160s; not by: %.160s", good,
		    ntrusted, good > 0 ? buf_cstr(&did) : "nobody",
		    ntrusted > 0 ? buf_cstr(&didnot) : "nobody");
	buf_free(&did);
	buf_free(&didnot);
	return good > ntrusted / 2 ? 0 : -1;
}

/* The descriptors by identity. */
static int
compare_keyids(const void *a, const void *b)
{
	const struct desc *const *x = a, *const *y = b;

	return memcmp((*x)->keyid, (*y)->keyid, HASH_LEN);
}

/* One nickname an identity, one identity a nickname (dir-spec 4.1): equal in one, equal in both. */
static int
check_unique(const struct directory *d, int (*cmp)(const void *, const void *), struct errmsg *e)
{
	const struct desc **sorted = calloc(d->nservers + 1, sizeof(*sorted));
	int rv = 0;

	if (sorted == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < d->nservers; i++)
		sorted[i] = d->servers[i];
	qsort(sorted, d->nservers, sizeof(*sorted), cmp);
	for (size_t i = 1; rv == 0 && i < d->nservers; i++) {
		const struct desc *a = sorted[i - 1], *b = sorted[i];
		int same_key = memcmp(a->keyid, b->keyid, HASH_LEN) == 0;
		int in_order = strcmp(a->nickname, b->nickname) < 0;

		if (same_key != (strcasecmp(a->nickname, b->nickname) == 0) &&
		    cmp(&sorted[i - 1], &sorted[i]) == 0)
			rv = err_set(e, "the directory has %s: %s, %s",
			    same_key ? "one identity with two nicknames" :
				"one nickname with two identities",
			    in_order ? a->nickname : b->nickname,
			    in_order ? b->nickname : a->nickname);
	}
	free(sorted);
	return rv;
}

static int
compare_nicknames(const void *a, const void *b)
{
	const struct desc *const *x = a, *const *y = b;

	return strcasecmp((*x)->nickname, (*y)->nickname);
}

static int
check_order(const struct directory *d, struct errmsg *e)
{
	if (!servers_sorted(d))
		return err_set(e, "the directory's descriptors are out of order");
	if (!versions_sorted(d->clients, d->nclients) ||
	    !versions_sorted(d->servers_sw, d->nservers_sw))
		return err_set(e, "the directory's versions are out of order");
	for (size_t i = 1; i < d->nrecommended; i++)
		if (strcmp(d->recommended[i - 1], d->recommended[i]) > 0)
			return err_set(e, "the directory's recommended servers are out of order");
	for (size_t i = 1; i < d->nvoters; i++)
		if (voter_cmp(&d->voters[i - 1], &d->voters[i]) > 0)
			return err_set(e, "the directory's voters are out of order");
	return 0;
}

int
directory_check_sound(const struct directory *d, const uint8_t (*trusted)[HASH_LEN],
    size_t ntrusted, int allow_old, struct errmsg *e)
{
	if (d->status == DIR_VOTE)
		return err_set(e, "the directory is a vote, not a consensus");
	if (d->status == DIR_OLD && !allow_old)
		return err_set(e, "the directory has the old format, which is not allowed");
	if (check_unique(d, compare_nicknames, e) == -1 ||
	    check_unique(d, compare_keyids, e) == -1 ||
	    (d->status != DIR_OLD && check_order(d, e) == -1))
		return -1;
	return check_signers(d, trusted, ntrusted, e);
}

int
directory_check_dates(const struct directory *d, int64_t now, struct errmsg *e)
{
	char after[11], until[11];

	fmt_date(after, d->valid_after);
	fmt_date(until, d->valid_until);
	if (now < d->valid_after)
		return err_set(e, "the directory is valid only from %s on", after);
	if (now > d->valid_until)
		return err_set(e, "the directory has expired: it was valid until %s", until);
	return 0;
}

int
directory_check(const struct directory *d, const uint8_t (*trusted)[HASH_LEN], size_t ntrusted,
    int64_t now, int allow_old, struct errmsg *e)
{
	if (d->status != DIR_VOTE && directory_check_dates(d, now, e) == -1)
		return -1;
	return directory_check_sound(d, trusted, ntrusted, allow_old, e);
}

static int
compare_names(const void *a, const void *b)
{
	return strcasecmp(a, *(char *const *)b);
}

/* By halves, where the list is sorted as it has to be; else one by one. */
int
directory_recommends(const struct directory *d, const char *nickname)
{
	if (d->nrecommended > 0 && bsearch(nickname, d->recommended, d->nrecommended,
	    sizeof(*d->recommended), compare_names) != NULL)
		return 1;
	for (size_t i = 0; d->status == DIR_OLD && i < d->nrecommended; i++)
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
	return check_unique(d, compare_nicknames, e);
}
