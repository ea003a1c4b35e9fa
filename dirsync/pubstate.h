/*
 * What became of each descriptor at each directory server: a table, and work/dir/published, where
 * it survives.
 */
#ifndef DIRSYNC_PUBSTATE_H
#define DIRSYNC_PUBSTATE_H

#include "crypto.h"

/* As a directory server answered; PUB_FAILED: it did not, or not as dir-spec 5.2 says. */
enum pub_outcome { PUB_NEW, PUB_ACCEPTED, PUB_WAITING, PUB_REFUSED, PUB_FAILED };

#define PUB_MD_LEN 16

struct pub_entry {
	uint32_t number; /* of the key set */
	char *url;
	uint8_t md[PUB_MD_LEN]; /* of the text that was sent */
	enum pub_outcome outcome;
	unsigned tries; /* failures in a row */
	int64_t next; /* when to send it again, seconds since 1970; 0: not again */
	int wanted; /* for pubstate_prune */
};

struct pubstate {
	struct pub_entry *v;
	size_t n;
};

/* Found or made; marked as wanted. Pointers are good until the next call. */
struct pub_entry *pubstate_get(struct pubstate *s, uint32_t number, const char *url);
/* 1 if the text whose digest is md is to be sent now. */
int pubstate_due(const struct pub_entry *e, const uint8_t md[PUB_MD_LEN], int64_t now);
/*
 * What the outcome means for the next time: accepted is for good, one that waits for approval is
 * asked for again in half a day, a refusal tried again in a day, a failure after a growing pause.
 */
void pubstate_note(struct pub_entry *e, const uint8_t md[PUB_MD_LEN], enum pub_outcome outcome,
    int64_t now, const struct rng *rng);
/* Forgets those that were not got since the last time. */
void pubstate_prune(struct pubstate *s);
void pubstate_forget_all(struct pubstate *s); /* everything is to be sent again */
size_t pubstate_count(const struct pubstate *s, enum pub_outcome outcome);
void pubstate_free(struct pubstate *s);

/* A line each. Lines that are none are passed over, and -1 is returned. */
void pubstate_format(struct buf *out, const struct pubstate *s);
int pubstate_parse(struct pubstate *s, char *text);

#endif
