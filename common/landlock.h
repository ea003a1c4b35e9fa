/*
 * Landlock by its system calls alone: the headers of Debian 12 know only the first versions of it.
 */
#ifndef COMMON_LANDLOCK_H
#define COMMON_LANDLOCK_H

#include "sandbox.h"

/*
 * Confines this process to the paths (and away from TCP unless network); needs no_new_privs.
 * Returns the kernel's ABI version, 0 if it has none that serves; fatal where raising it fails.
 */
int landlock_confine(const struct sandbox_path *paths, size_t n, int network);

/* The kernel's ABI version, 0 if it has no Landlock. */
int landlock_abi(void);

#endif
