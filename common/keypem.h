/*
 * Files of private keys, encrypted or not.
 */
#ifndef COMMON_KEYPEM_H
#define COMMON_KEYPEM_H

#include "rsakey.h"

/* What keypem_read found. */
enum keypem { KEYPEM_NONE, KEYPEM_PLAIN, KEYPEM_OPENED, KEYPEM_LOCKED };

/*
 * Reads a key. NULL with a reason: KEYPEM_LOCKED if it is encrypted and does not open with the
 * passphrase (or there is none: NULL), KEYPEM_NONE for all else.
 */
struct rsakey *keypem_read(
    int dirfd, const char *name, const char *passphrase, enum keypem *how, struct errmsg *e);
/* Writes it, encrypted unless passphrase is NULL; durable. -1 with a reason. */
int keypem_write(int dirfd, const char *name, const struct rsakey *k, const char *passphrase,
    struct errmsg *e);
/*
 * Makes a file encrypted or not, as encrypt says, at once; the old octets are overwritten. What a
 * crash left of an earlier attempt goes too. 1 if it was changed, 0 if it is so already or holds no
 * key, -1 with a reason.
 */
int keypem_convert(
    int dirfd, const char *name, const char *passphrase, int encrypt, struct errmsg *e);

#endif
