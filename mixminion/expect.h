/*
 * What the sender should know before a message leaves: how long it may take, and what it hides.
 */
#ifndef MIXMINION_EXPECT_H
#define MIXMINION_EXPECT_H

#include "path.h"

/* The longest of the paths that were taken into account. Zero-initialised: none. */
struct expectation {
	size_t hops;
	size_t untold; /* hops that do not say how long they hold packets */
	int64_t seconds; /* of the others together */
};

void expect_path(struct expectation *x, const struct path *p);
/* "up to about 2 hours through 4 servers", and what is not known. */
void expect_delay(struct buf *out, const struct expectation *x, int reply);

enum hides {
	HIDES_SENDER, /* the exit reads the text */
	HIDES_TEXT, /* encrypted: the text too */
	HIDES_REPLY, /* through a reply block */
	HIDES_NOTHING /* a dummy */
};
/* Both in two lines, to the user. */
void expect_say(const struct expectation *x, enum hides what);
/* Seconds for people: "45 seconds", "2 hours". */
void duration_format(char *out, size_t size, int64_t seconds);

#endif
