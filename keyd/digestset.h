/*
 * A growing set of replay digests: open addressing, linear probing, at most three quarters full.
 */
#ifndef KEYD_DIGESTSET_H
#define KEYD_DIGESTSET_H

#include "digest.h"

struct digestset {
	const struct digest_key *key; /* borrowed */
	uint8_t (*slot)[HASH_LEN]; /* all zero: free */
	size_t mask; /* slots less one */
	size_t n;
	int has_zero; /* the digest that looks like a free slot */
};

void digestset_init(struct digestset *s, const struct digest_key *key);
int digestset_has(const struct digestset *s, const uint8_t digest[HASH_LEN]);
void digestset_add(struct digestset *s, const uint8_t digest[HASH_LEN]);
void digestset_free(struct digestset *s);

#endif
