/*
 * The directories of a node, as start makes them and as doctor wants to find them.
 */
#ifndef MIXMINIOND_TREE_H
#define MIXMINIOND_TREE_H

#include <sys/stat.h>

#include "mixminiond.h"

struct owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

struct tree_dir {
	const char *top; /* named by the configuration */
	const char *below; /* NULL: top itself; else a path below it, without any link */
	struct owner w;
};

#define TREE_DIRS 15
#define TREE_PATH 512

/* In the order in which they are made. The strings are the configuration's. */
void tree_list(struct tree_dir dirs[TREE_DIRS], const struct server_conf *c,
    const struct owners *o);
void tree_path(char path[TREE_PATH], const struct tree_dir *d);
/* 0, or -1 with errno. */
int tree_stat(const struct tree_dir *d, struct stat *st);

#endif
