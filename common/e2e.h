/*
 * Encrypted forward payloads (E2E-spec 2.2.3) and the decoding algorithm (2.3.1).
 */
#ifndef COMMON_E2E_H
#define COMMON_E2E_H

#include "payload.h"
#include "rsakey.h"

/*
 * From an inner payload of PAYLOAD_LEN - ENC_FWD_OVERHEAD octets to the outer one and its tag
 * (E1, E2). Draws: the session key (16), then OAEP seeds (20 each) until the first bit of the
 * block is 0.
 */
int e2e_encrypt(uint8_t out[PAYLOAD_LEN], uint8_t tag[TAG_LEN], const uint8_t *inner,
    struct rsakey *to, const struct rng *rng, struct errmsg *e);

struct e2e_secret {
	const char *name; /* identity */
	const uint8_t *secret;
	size_t len;
};

enum e2e_how { E2E_PLAIN, E2E_REPLY, E2E_ENCRYPTED, E2E_UNDECODABLE };

struct e2e_decoded {
	enum e2e_how how;
	size_t which; /* index of the secret or key that opened it */
	uint8_t buf[PAYLOAD_LEN]; /* the opened payload; payload points into it */
	struct payload payload;
};

/*
 * Tries plain, then the secrets, then the keys, in that order (S5). tag NULL: plain only. 0 with
 * how set (also to E2E_UNDECODABLE); -1 with a reason for what some key opened and is malformed.
 */
int e2e_decode(struct e2e_decoded *out, const uint8_t payload[PAYLOAD_LEN], const uint8_t *tag,
    const struct e2e_secret *secrets, size_t nsecrets, struct rsakey *const *keys, size_t nkeys,
    struct errmsg *e);

#endif
