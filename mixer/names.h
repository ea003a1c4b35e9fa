/*
 * Names in mix/: derived from the replay digest under a secret of mixer's, so that a packet that is
 * processed twice around a crash is one file, and its name tells nobody anything.
 */
#ifndef MIXER_NAMES_H
#define MIXER_NAMES_H

#include "crypto.h"
#include "mix.h"
#include "pool.h"

#define NAMES_SECRET_LEN 32

/*
 * Reads the file "secret" of the directory; makes it, durably, where there is none. 0, or -1 with a
 * reason.
 */
int names_secret(
    uint8_t secret[NAMES_SECRET_LEN], int dirfd, const struct rng *rng, struct errmsg *e);

/* The name of the packet with this replay digest. */
void names_make(char name[POOL_NAME_LEN], const uint8_t secret[NAMES_SECRET_LEN],
    const uint8_t replay[HASH_LEN]);

#endif
