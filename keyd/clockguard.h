/*
 * Is the clock to be trusted with making and deleting keys? While keyd runs it is held against the
 * time since the machine was started; from one run to the next, against what was written down in
 * KeyDir/last-seen. What is in doubt stays so until the clock is right again or an operator says
 * that it is.
 */
#ifndef KEYD_CLOCKGUARD_H
#define KEYD_CLOCKGUARD_H

#include <stdint.h>

#define CLOCK_JUMP (3600) /* seconds that the clock may differ from what was to be expected */
#define CLOCK_AWAY (3 * 86400) /* how far ahead it may be after keyd did not run */

struct clockguard {
	int dirfd; /* KeyDir */
	int known; /* there is something to hold it against */
	int64_t start; /* now - uptime, when it was last good */
	int64_t ahead; /* what it may be ahead of that */
	int64_t jump; /* seconds by which it is off; 0: it is good */
};

void clockguard_init(struct clockguard *g, int dirfd, int64_t uptime);
/* 1 if the clock is good; says in the log when it jumps, and by how much, and when it is back. */
int clockguard_look(struct clockguard *g, int64_t now, int64_t uptime);
/* What the clock should say: now, unless it is in doubt. */
int64_t clockguard_expected(const struct clockguard *g, int64_t now);
/* It is good, whatever it says. */
void clockguard_confirm(struct clockguard *g, int64_t now, int64_t uptime);
/* Notes, durably, that keys were looked after at this time. */
void clockguard_note(const struct clockguard *g, int64_t now);

/* "3 days 4 hours", the two greatest units that are not zero; of either sign. */
#define CLOCK_SPAN_LEN 48
void clock_span(char out[CLOCK_SPAN_LEN], int64_t seconds);

#endif
