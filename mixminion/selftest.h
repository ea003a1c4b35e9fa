/*
 * What testvectors, unittests and benchmarks do, with the code that makes and opens packets.
 */
#ifndef MIXMINION_SELFTEST_H
#define MIXMINION_SELFTEST_H

#include "crypto.h"

/* Prints "NAME = HEX" lines: the primitives over fixed input. */
void selftest_vectors(void);
/* Prints "ok - NAME" or "not ok - NAME"; how many failed. */
int selftest_run(void);
/* Prints how many of each operation one core does in a second. */
void selftest_benchmarks(void);
/* Randomness that is none: the AES stream of a fixed key, from its beginning. */
struct rng_fixed {
	uint64_t at;
};
struct rng rng_fixed(struct rng_fixed *state);

#endif
