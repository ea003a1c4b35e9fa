/*
 * The directories in which the keeper works, and its cell around them.
 */
#ifndef KEYD_KEYDIRS_H
#define KEYD_KEYDIRS_H

#include "keyset.h"

/*
 * Opens KeyDir and the replay logs' directories, and locks KeyDir; fatal with what to do. Waits
 * for another keyd to end, or (wait 0) for a few seconds, then says that there is one and exits.
 */
void keydirs_open(struct keystore *ks, const struct server_conf *c, int wait);
/* How the key files shall be, and the passphrase of them, from a descriptor (-1: none). */
void keydirs_unlock(struct keystore *ks, const struct server_conf *c, int passphrase);
/* Into the sandbox, with these directories; the replay logs' only where asked for. */
void keydirs_confine(const struct keystore *ks, struct daemon *d, int replay_logs);

#endif
