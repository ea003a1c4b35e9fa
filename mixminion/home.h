/*
 * UserDir (~/.mixminion): where the client keeps its keys, its queue, what it knows of reply
 * blocks and fragments; and the lock that lets one client at a time change any of it.
 */
#ifndef MIXMINION_HOME_H
#define MIXMINION_HOME_H

#include <limits.h>

#include "mix.h"

struct home {
	char dir[PATH_MAX];
	int lock_fd; /* -1: not locked */
};

/* Makes the directory where it is missing; -1 with a reason. */
int home_open(struct home *h, const char *userdir, struct errmsg *e);
void home_close(struct home *h);
/* dir/name into path (PATH_MAX octets); -1 if it is too long. */
int home_path(const struct home *h, const char *name, char path[PATH_MAX], struct errmsg *e);
/* The same for a directory, which is made. */
int home_subdir(const struct home *h, const char *name, char path[PATH_MAX], struct errmsg *e);
/* Waits for other clients. Not recursive. */
int home_lock(struct home *h, struct errmsg *e);
void home_unlock(struct home *h);

#endif
