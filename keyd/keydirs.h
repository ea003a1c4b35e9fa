/*
 * The directories in which the keeper works, and its cell around them.
 */
#ifndef KEYD_KEYDIRS_H
#define KEYD_KEYDIRS_H

#include "keyset.h"

/*
 * Opens KeyDir and the replay logs' directories, and locks KeyDir; fatal with what to do. Waits
 * for another keyd to end, or (wait 0) says that there is one and exits.
 */
void keydirs_open(struct keystore *ks, const struct server_conf *c, int wait);
/* Into the sandbox, with these directories. */
void keydirs_confine(const struct keystore *ks, struct daemon *d);

#endif
