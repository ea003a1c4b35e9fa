/*
 * A directory and who signed it (dir-spec 4.1, 7.4): the signed part, and [Signed-Directory]
 * sections that are added one by one.
 */
#ifndef DIRD_SIGNED_H
#define DIRD_SIGNED_H

#include "directory.h"

struct signature {
	uint8_t fingerprint[HASH_LEN];
	char *section; /* normalised text */
};

struct signed_doc {
	struct buf body; /* normalised; empty: there is no document */
	uint8_t digest[HASH_LEN]; /* of the body */
	struct signature *sigs; /* by fingerprint, each once: the text is the same everywhere */
	size_t nsigs;
};

/* Takes the body over. */
void signed_init(struct signed_doc *d, struct buf *body);
void signed_free(struct signed_doc *d);
/* Splits text (normalised here) into body and signatures that are good; -1 with a reason. */
int signed_parse(struct signed_doc *d, const char *text, size_t len, struct errmsg *e);
/* 1 if it was new, 0 if it was there already, -1 with a reason if it is no good one of a voter. */
int signed_add(struct signed_doc *d, const char *section, size_t len,
    const struct dir_voter *voters, size_t nvoters, struct errmsg *e);
/* All signatures of from (over the same body) that are of voters and new; how many. */
size_t signed_merge(struct signed_doc *d, const struct signed_doc *from,
    const struct dir_voter *voters, size_t nvoters);
int signed_by(const struct signed_doc *d, const uint8_t fingerprint[HASH_LEN]);
/* The whole document, as text. Appends. */
void signed_format(struct buf *out, const struct signed_doc *d);

#endif
