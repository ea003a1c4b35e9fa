/*
 * The voting cycle (dir-spec 7): when what is due, and how its documents are called. A cycle ends
 * with the publication of its directory. Cycles of a day have the times of the specification;
 * shorter ones (VotingInterval) use the second half of the interval in the same proportions.
 */
#ifndef DIRD_CYCLE_H
#define DIRD_CYCLE_H

#include <stdint.h>

#include "bytes.h"

#define CYCLE_NAME_LEN 24 /* "2026-11-26", or "2026-11-26-134500" */

struct cycle {
	int64_t interval; /* seconds */
	int64_t end; /* when its directory is published */
};

enum cycle_time {
	CYCLE_VOTE, /* our vote is made: before 23:00 */
	CYCLE_COLLECT, /* the others' votes are fetched: from 23:00 on */
	CYCLE_TALLY, /* who has not voted yet has not voted: before 23:30 */
	CYCLE_SIGNATURES, /* signatures are fetched: from 23:30 on */
	CYCLE_PUBLISH /* 00:00 */
};

/* The cycle that is under way at now. */
struct cycle cycle_at(int64_t now, int64_t interval);
struct cycle cycle_next(const struct cycle *c);
/* Milliseconds since 1970. */
int64_t cycle_when(const struct cycle *c, enum cycle_time t);
/* From when on its directory is valid: midnight of the day on which it is published. */
int64_t cycle_valid_after(const struct cycle *c);
void cycle_name(char out[CYCLE_NAME_LEN], const struct cycle *c);
/*
 * Cycles shorter than a day have an entry of their own in [Directory-Info], for their dates are the
 * same all day: "Voting-Period: 2026-11-26 13:45:00". Puts it into a body that begins with that
 * section; nothing to do for a day.
 */
void cycle_mark(struct buf *body, const struct cycle *c);
/* Is this body (or a document with such a body) of this cycle? For a day the dates say so: 1. */
int cycle_marked(const char *text, size_t len, const struct cycle *c);

#endif
