/*
 * Tests of the network that the user has sent himself, UserDir/tests: a file each, named by the
 * test's id, in the format of configurations. They are kept for a week.
 */
#ifndef MIXMINION_TESTLOG_H
#define MIXMINION_TESTLOG_H

#include "header.h"
#include "home.h"

#define TEST_ID_LEN	16 /* hex digits */
#define TEST_SECRET_LEN 20
#define TEST_PATH_LEN	1024

struct test {
	char id[TEST_ID_LEN + 1];
	int64_t sent; /* seconds since 1970, like back */
	int64_t back; /* when the answer came; 0: not yet */
	int intact; /* and whether it was what was sent */
	int changed; /* since it was read; not in the file */
	uint8_t handle[TAG_LEN]; /* the mail shows it */
	uint8_t secret[TEST_SECRET_LEN]; /* opens this answer and nothing else */
	char path[TEST_PATH_LEN]; /* for people */
};

/* The text that is sent. */
void test_text(struct buf *out, const struct test *t);
/* Writes or replaces its file, durably. -1 with a reason. */
int testlog_put(const struct home *h, const struct test *t, struct errmsg *e);
/*
 * All tests, the oldest first; those of more than a week ago are overwritten and removed, files
 * that are none are passed over. The caller frees *out with testlog_free.
 */
int testlog_list(const struct home *h, int64_t now, struct test **out, size_t *n,
    struct errmsg *e);
void testlog_free(struct test *t, size_t n); /* wipes */
/* The test whose answer shows that handle; NULL if there is none. */
struct test *testlog_find(struct test *t, size_t n, const uint8_t handle[TAG_LEN]);

#endif
