/*
 * A hash over replay digests for tables in memory. Senders choose the digests: the hash is
 * keyed, so that they cannot choose which ones collide.
 */
#ifndef KEYD_DIGEST_H
#define KEYD_DIGEST_H

#include <string.h>

#include "crypto.h"

struct digest_key {
	uint64_t add[3];
	uint64_t mul[3];
};

static inline void
digest_key_init(struct digest_key *k, const struct rng *rng)
{
	rng_fill(rng, k, sizeof(*k));
}

/*
 * Vector multiply-shift (Dietzfelbinger): the sum's upper half is universal, 32 bits of it.
 */
static inline uint32_t
digest_hash(const struct digest_key *k, const uint8_t digest[HASH_LEN])
{
	uint32_t w[6] = { 0 };

	memcpy(w, digest, HASH_LEN);
	return (uint32_t)(((w[0] + k->add[0]) * (w[1] + k->mul[0]) +
				  (w[2] + k->add[1]) * (w[3] + k->mul[1]) +
				  (w[4] + k->add[2]) * k->mul[2]) >>
	    32);
}

#endif
