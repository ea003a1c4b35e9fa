#include "../../keyd/pending.h"
#include "t.h"

#define ALICE 1
#define BOB   2

static struct pending *p;

static void
digest(uint8_t d[HASH_LEN], uint32_t i)
{
	uint8_t n[4];

	put_be32(n, i);
	sha1(d, n, sizeof(n));
}

static uint64_t
add(uint64_t owner, uint32_t number, uint32_t i)
{
	uint8_t d[HASH_LEN];
	uint64_t cookie = 0;

	digest(d, i);
	return pending_add(p, owner, number, d, &cookie) == 0 ? cookie : 0;
}

static enum pending_for
find(uint64_t owner, uint32_t i)
{
	uint8_t d[HASH_LEN];

	digest(d, i);
	return pending_find(p, owner, d);
}

/* The round of one key set; the digests that it would write. */
static size_t
round_of(uint32_t number, int durable)
{
	struct buf b = { 0 };
	size_t n;

	pending_digests(p, number, &b);
	n = b.len / HASH_LEN;
	pending_settle(p, number, durable);
	buf_free(&b);
	return n;
}

static void
start(size_t max)
{
	crypto_init();
	p = pending_new(max, &rng_system);
}

static void
test_add_and_commit(void)
{
	uint64_t c[2];

	start(8);
	c[0] = add(ALICE, 3, 0);
	c[1] = add(ALICE, 3, 1);
	CHECK(c[0] != 0 && c[1] != 0 && c[0] != c[1]);
	CHECK(find(ALICE, 0) == PENDING_OWN && find(BOB, 0) == PENDING_OTHER);
	CHECK(find(ALICE, 9) == PENDING_NO);
	CHECK(pending_round(p) == 0);
	CHECK(pending_select(p, ALICE, c, 2) == 0);
	CHECK(pending_round(p) == 3 && !pending_durable(p, c, 2));
	CHECK(find(ALICE, 0) == PENDING_OWN); /* until it is written */
	CHECK(round_of(3, 1) == 2);
	CHECK(pending_durable(p, c, 2) && pending_round(p) == 0 && pending_count(p) == 0);
	CHECK(find(ALICE, 0) == PENDING_NO); /* now the log's affair */
	pending_free(p);
}

static void
test_commit_is_idempotent(void)
{
	uint64_t c[3];

	start(8);
	c[0] = c[1] = add(ALICE, 3, 0);
	CHECK(pending_select(p, ALICE, c, 2) == 0);
	CHECK(pending_select(p, ALICE, c, 1) == 0);
	CHECK(round_of(3, 1) == 1); /* written once */
	CHECK(pending_select(p, ALICE, c, 1) == 0);
	CHECK(pending_round(p) == 0 && pending_durable(p, c, 1));
	c[2] = add(ALICE, 3, 1);
	CHECK(pending_select(p, ALICE, c, 3) == 0); /* old and new in one */
	CHECK(round_of(3, 1) == 1 && pending_durable(p, c, 3));
	pending_free(p);
}

static void
test_foreign_cookies(void)
{
	uint64_t c[2], never[4] = { 0, 1, 9ULL << 20, UINT64_MAX };

	start(8);
	c[0] = add(ALICE, 3, 0);
	c[1] = add(BOB, 3, 1);
	CHECK(pending_select(p, BOB, c, 1) == -1);
	CHECK(pending_select(p, ALICE, c, 2) == -1); /* all or nothing */
	CHECK(pending_round(p) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pending_select(p, ALICE, never + i, 1) == -1);
	pending_free(p);
}

static void
test_failed_write(void)
{
	uint64_t c, gone;

	start(8);
	c = add(ALICE, 3, 0);
	gone = add(BOB, 3, 1);
	CHECK(pending_select(p, ALICE, &c, 1) == 0 && pending_select(p, BOB, &gone, 1) == 0);
	pending_forget(p, BOB); /* its entry waits for the round */
	CHECK(pending_count(p) == 2);
	CHECK(round_of(3, 0) == 2);
	CHECK(!pending_durable(p, &c, 1) && find(ALICE, 0) == PENDING_OWN);
	CHECK(find(BOB, 1) == PENDING_NO && pending_count(p) == 1);
	CHECK(pending_select(p, ALICE, &c, 1) == 0 && round_of(3, 1) == 1);
	CHECK(pending_durable(p, &c, 1));
	pending_free(p);
}

static void
test_closed_connection(void)
{
	uint64_t a, b;

	start(8);
	a = add(ALICE, 3, 0);
	b = add(BOB, 3, 1);
	pending_forget(p, ALICE);
	CHECK(find(BOB, 0) == PENDING_NO && find(BOB, 1) == PENDING_OWN);
	CHECK(pending_select(p, ALICE, &a, 1) == -1);
	CHECK(pending_select(p, BOB, &b, 1) == 0);
	CHECK(add(BOB, 3, 0) != 0);
	pending_free(p);
}

static void
test_key_sets_apart(void)
{
	uint64_t c[2];

	start(8);
	c[0] = add(ALICE, 3, 0);
	c[1] = add(ALICE, 4, 1);
	CHECK(pending_select(p, ALICE, c, 2) == 0);
	CHECK(pending_round(p) == 3 && round_of(3, 1) == 1);
	CHECK(pending_round(p) == 4 && round_of(4, 0) == 1);
	CHECK(pending_durable(p, c, 1) && !pending_durable(p, c, 2));
	pending_free(p);
}

/* Places are used again, old cookies do not name new entries, and the chains stay whole. */
static void
test_full_and_reused(void)
{
	uint64_t c[4], old;
	int bad = 0;

	start(4);
	for (uint32_t i = 0; i < 4; i++)
		bad += (c[i] = add(ALICE, 3, i)) == 0;
	CHECK(bad == 0 && add(ALICE, 3, 4) == 0);
	old = c[0];
	for (uint32_t i = 4; i < 2000; i++) {
		bad += pending_select(p, ALICE, &c[i % 4], 1) == -1;
		bad += round_of(3, 1) != 1;
		bad += (c[i % 4] = add(ALICE, 3, i)) == 0;
		bad += find(ALICE, i) != PENDING_OWN || find(ALICE, i - 4) != PENDING_NO;
		bad += pending_count(p) != 4;
	}
	CHECK(bad == 0);
	CHECK(pending_select(p, ALICE, &old, 1) == -1);
	pending_free(p);
}

TESTS(T(test_add_and_commit), T(test_commit_is_idempotent), T(test_foreign_cookies),
    T(test_failed_write), T(test_closed_connection), T(test_key_sets_apart),
    T(test_full_and_reused))
