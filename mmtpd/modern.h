/*
 * Key ids that once spoke modern TLS with us: with them the reference's suite is never offered
 * again (ARCHITECTURE "Keys never leave keyd"). Needed only with LegacyTLS.
 */
#ifndef MMTPD_MODERN_H
#define MMTPD_MODERN_H

#include "mix.h"

struct modern;

/*
 * Reads the file "modern" of outgoing/own and keeps it open: before the sandbox. Fatal if it
 * cannot be used.
 */
struct modern *modern_open(int own_dirfd);
int modern_known(const struct modern *m, const uint8_t keyid[HASH_LEN]);
/* Remembers it, durably. */
void modern_note(struct modern *m, const uint8_t keyid[HASH_LEN]);
void modern_free(struct modern *m);

#endif
