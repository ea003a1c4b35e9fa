/*
 * The header block in front of a message: E2E-spec 3.1.2, 3.2.2 (E11: strict, sanitised).
 */
#ifndef COMMON_MSGHDR_H
#define COMMON_MSGHDR_H

#include "bytes.h"
#include "mix.h"

#define MSGHDR_MAX 900 /* characters of a value */

struct msghdrs {
	char *subject; /* NULL where absent; freed by msghdrs_free */
	char *from;
	char *in_reply_to;
	char *references;
};

/* Appends the block with its closing empty line, in the order specified; -1 with a reason. */
int msghdrs_encode(struct buf *out, const struct msghdrs *h, struct errmsg *e);
/*
 * Splits a message; *body and *bodylen point into msg. Unknown, misplaced, over-long and
 * malformed headers are removed; where the block itself is malformed the body is the whole
 * message (as the reference).
 */
void msghdrs_parse(struct msghdrs *h, const uint8_t *msg, size_t len, const uint8_t **body,
    size_t *bodylen);
void msghdrs_free(struct msghdrs *h);

#endif
