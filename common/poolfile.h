/*
 * What the files of the pool code share and nobody else needs.
 */
#ifndef COMMON_POOLFILE_H
#define COMMON_POOLFILE_H

#include "pool.h"

#define POOL_PREFIX_LEN 4
#define POOL_RANDOM_LEN 16

/* to is from with another prefix: "inp_", "rmv_", "crp_". */
void pool_with_prefix(char to[POOL_NAME_LEN], const char *prefix, const char *from);
/*
 * Makes name (inp_...) and writes the parts; returns the descriptor, or -1 with errno and nothing
 * left behind. p gives directory, mode; gid is the new file's group, or (gid_t)-1.
 */
int pool_create(struct pool *p, const char *name, gid_t gid, const struct chunk *parts, size_t n);
/* Overwrites what is safe to overwrite (a regular file with one name) and unlinks. */
int pool_wipe_unlink(struct pool *p, const char *name);
/*
 * The same in steps, so that many are on their way to the disk together: open (a descriptor, or -1
 * where there is nothing to overwrite), begin, end (waits, and closes).
 */
int pool_wipe_open(struct pool *p, const char *name);
void pool_wipe_begin(struct pool *p, int fd);
void pool_wipe_end(int fd);

#endif
