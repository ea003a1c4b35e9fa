/*
 * Between init.c, which asks what a new node shall be, and newnode.c, which makes it.
 */
#ifndef MIXMINIOND_INIT_H
#define MIXMINIOND_INIT_H

#include "mixminiond.h"

struct new_node {
	const char *file; /* the configuration to write */
	int replace; /* the sample lies there, untouched */
	const char *nickname, *contact, *hostname, *base_dir;
	const char *port, *smtp_server; /* NULL: not given */
	int encrypt_keys;
	struct options options;
};

/* The text of its configuration. */
void newnode_conf(struct buf *text, const struct new_node *n);
/* Makes tree, keys and file, or says why not and exits with nothing left behind. */
void newnode_make(const struct new_node *n);

#endif
