/*
 * What waits to be unwrapped: the names in incoming/ and in incoming/own/, found by inotify, and by
 * a slow rescan for what that missed.
 */
#ifndef MIXER_ARRIVALS_H
#define MIXER_ARRIVALS_H

#include "loop.h"
#include "mixpools.h"

struct arrivals;

/* Sets the watches: before the sandbox, which has no call for that. */
struct arrivals *arrivals_new(struct loop *l, struct mixpools *p);
/*
 * At start-up, once: syncs the directories, removes what was half written or half removed, and
 * lists everything that lies there. Later arrivals wait until arrivals_live. Fatal if a directory
 * cannot be read.
 */
void arrivals_list(struct arrivals *a);
void arrivals_live(struct arrivals *a);
/*
 * Takes the next name; 0, or -1 if there is none. A name may come twice, and come while it is still
 * in work: the caller looks.
 */
int arrivals_next(struct arrivals *a, struct pool **from, char name[POOL_NAME_LEN]);
/* Puts a name back, behind the others. */
void arrivals_again(struct arrivals *a, struct pool *from, const char *name);
/* A file that can be neither read nor removed: look no sooner than with the slow rescan. */
void arrivals_stuck(struct arrivals *a, struct pool *from);

#endif
