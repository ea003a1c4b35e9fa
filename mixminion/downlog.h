/*
 * Which servers did not answer when they were tried last, and since when, UserDir/down: a text,
 * one line each ("KEYID SINCE TRIED", in seconds since 1970). It is for the user's information
 * alone: nothing is decided by it, and where it cannot be written there is a remark under
 * --verbose.
 */
#ifndef MIXMINION_DOWNLOG_H
#define MIXMINION_DOWNLOG_H

#include "home.h"
#include "mix.h"

/* When that server was first found down, if it was never found up since; else 0. */
int64_t downlog_since(const struct home *h, const uint8_t keyid[HASH_LEN]);
/*
 * It was tried at now, with that result. Servers that were not tried for 60 days are forgotten.
 * The home must not be locked: it is, meanwhile.
 */
void downlog_note(struct home *h, const uint8_t keyid[HASH_LEN], int up, int64_t now);

#endif
