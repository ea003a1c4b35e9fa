/*
 * A queue of pool file names: what waits in incoming/, what lies in mix/, what leaves with a batch.
 */
#ifndef MIXER_NAMELIST_H
#define MIXER_NAMELIST_H

#include <stddef.h>

#include "pool.h"

struct poolname {
	char s[POOL_NAME_LEN];
};

/* Zero-initialised is empty. The names are v[head] to v[n - 1]. */
struct namelist {
	struct poolname *v;
	size_t head;
	size_t n;
	size_t cap;
};

size_t namelist_len(const struct namelist *l);
void namelist_push(struct namelist *l, const char *name);
/* Takes the oldest into name; 0, or -1 if there is none. */
int namelist_shift(struct namelist *l, char name[POOL_NAME_LEN]);
/* The names in one piece, for permuting; valid until the next push. */
struct poolname *namelist_names(struct namelist *l);
/* Moves the last count names (at most all) of l behind those of to. */
void namelist_split(struct namelist *l, size_t count, struct namelist *to);
void namelist_free(struct namelist *l);

#endif
