/*
 * Public keys of recipients in files: PKCS#1 in PEM, as keygen writes it, or bare.
 */
#ifndef MIXMINION_PUBKEY_H
#define MIXMINION_PUBKEY_H

#include "rsakey.h"

void pubkey_format(struct buf *out, const struct rsakey *k);
/* NULL with a reason that names the file. */
struct rsakey *pubkey_read(const char *path, struct errmsg *e);

#endif
