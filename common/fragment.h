/*
 * Fragmentation parameters (E4), DIVIDE, and the rules of reassembly (E2E-spec 2.3.3, E7) as a
 * state in memory: where fragments are stored is the caller's affair.
 */
#ifndef COMMON_FRAGMENT_H
#define COMMON_FRAGMENT_H

#include "payload.h"

struct frag_params {
	size_t length; /* of the whitened message, with prefix */
	size_t capacity; /* octets of it a fragment carries */
	unsigned k;
	unsigned n;
	size_t chunks;
	size_t chunk_size; /* k * capacity */
	size_t padded_len;
	size_t total; /* chunks * n fragments */
};

/* overhead 0 or ENC_FWD_OVERHEAD. -1 if length fits one payload or is too long. */
int frag_params(struct frag_params *p, uint64_t length, size_t overhead, struct errmsg *e);

/*
 * What is known of one incomplete message: which fragments came, and their digests, so that an
 * identical duplicate is told from a contradiction.
 */
struct frag_state;

enum frag_verdict {
	FRAG_USED, /* new and needed: store it */
	FRAG_COMPLETE, /* new, needed, and the message can now be rebuilt: store it first */
	FRAG_UNNEEDED, /* a duplicate, or the chunk has k already */
	FRAG_REJECT /* contradiction: drop all of this message, remember its id as finished */
};

/* From its first fragment; NULL with a reason if the parameters are impossible. */
struct frag_state *frag_new(const struct payload *f, struct errmsg *e);
void frag_free(struct frag_state *s);
enum frag_verdict frag_add(struct frag_state *s, const struct payload *f);
const struct frag_params *frag_state_params(const struct frag_state *s);
size_t frag_have(const struct frag_state *s); /* distinct fragments taken so far */
size_t frag_needed(const struct frag_state *s); /* chunks * k */

/*
 * Rebuilds: fetch gives the data of fragment index (capacity octets, valid until the next call)
 * or NULL if that one is not held. Appends the unwhitened message of params.length octets to out;
 * -1 if something is missing.
 */
int frag_rebuild(const struct frag_state *s, const uint8_t *(*fetch)(void *ctx, uint32_t index),
    void *ctx, struct buf *out, struct errmsg *e);

#endif
