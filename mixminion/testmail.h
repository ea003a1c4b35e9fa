/*
 * The answer to a test, in the mail that brings it.
 */
#ifndef MIXMINION_TESTMAIL_H
#define MIXMINION_TESTMAIL_H

#include "mailbox.h"
#include "testlog.h"

/* Where answers are looked for, and what is found. */
struct testsearch {
	struct test *tests; /* those that are back get back and intact */
	size_t n;
	int64_t now;
	size_t found; /* answers to tests that were not back before */
};

/* A mail_fn over a struct testsearch; always 0. */
int testmail_look(const struct mail *m, void *arg);
/*
 * When a mail came: what the last server wrote into its first Received field, else when its file
 * was written, else now; never before from, nor after now.
 */
int64_t testmail_when(const struct mail *m, int64_t from, int64_t now);
/* 1 if contents is the answer to t as it was sent, 0 if it is damaged. */
int testmail_intact(const struct test *t, const struct buf *contents);

#endif
