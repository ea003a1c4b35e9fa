/*
 * PACKETIZE_MESSAGE (E2E-spec 2.3): from a message to its payloads, one at a time, so that a long
 * message is held once and not once more in payloads.
 */
#ifndef COMMON_PACKETIZE_H
#define COMMON_PACKETIZE_H

#include "fec.h"
#include "fragment.h"

struct packetized {
	size_t n; /* payloads */
	size_t each; /* octets of one: PAYLOAD_LEN - overhead */
	uint8_t msgid[MSGID_LEN]; /* where there are fragments (n > 1) */
	/* Its own. */
	struct buf m; /* the one payload; or the whitened message with its padding */
	struct frag_params fp;
	struct fec fec;
};

/*
 * Compresses msg (header block and body), and makes one singleton or fragments of it. prefix (may
 * be empty) is the server-side destination RT RS RI, put before the compressed data if and only if
 * the message has to be fragmented (E3). msg is not needed afterwards. Draws: singleton, the
 * padding; fragments, the padding of DIVIDE, then the message id. -1 if the message is too long
 * (more than 2^23 fragments, 2^32 - 1 octets).
 */
int packetize(struct packetized *p, const void *msg, size_t len, size_t overhead,
    const void *prefix, size_t prefixlen, const struct rng *rng, struct errmsg *e);
/* A dummy's: one payload of random octets. */
void packetize_dummy(struct packetized *p, const struct rng *rng);
/* Payload i, p->each octets. */
void packetized_get(const struct packetized *p, size_t i, uint8_t *out);
void packetized_free(struct packetized *p); /* wipes */

#endif
