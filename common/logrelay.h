/*
 * The log of children that are forked before the sandbox: they write it into a pipe of their
 * parent's, which passes it on, so that one LOGREOPEN reaches all. A process has one such pipe.
 */
#ifndef COMMON_LOGRELAY_H
#define COMMON_LOGRELAY_H

#include "loop.h"

/* Before the first fork. */
void logrelay_open(void);
/* In a child: standard error is the pipe. */
void logrelay_child(void);
/* In the parent, behind the last fork: passes on what comes, from this loop. */
void logrelay_serve(struct loop *l);
/* What still lies in the pipe goes out: before the parent says why it ends. */
void logrelay_rest(void);

#endif
