/*
 * The mails of one exit type on their way through a program that deliverd-run runs: one after the
 * other, over a connection of their own.
 */
#ifndef RUNOUT_H
#define RUNOUT_H

#include "deliverd.h"
#include "proto.h"

struct runout;

/* name is for the log, kept by reference; idle is called when the mail under way is over. */
struct runout *runout_new(struct daemon *d, struct mailq *q, const char *name,
    void (*idle)(void *arg), void *arg);
/*
 * Before the sandbox, in the one-uid mode: connects, for good. Elsewhere a connection is made when
 * there is mail.
 */
void runout_connect(struct runout *o);
/* 0, or -1 with a reason: this process has to be started again before it may run commands. */
int runout_possible(const struct runout *o, struct errmsg *e);
/*
 * From now on. lane: whose mails, and the type of a module; retry NULL: off. timeout is
 * CommandTimeout.
 */
void runout_configure(struct runout *o, enum run_what what, uint16_t lane,
    const struct conf_schedule *retry, int64_t timeout);
void runout_kick(struct runout *o); /* tries what is due, sets the timer for the rest */
void runout_stop(struct runout *o); /* begins nothing more */
size_t runout_flying(const struct runout *o); /* mails under way: 0 or 1 */
void runout_free(struct runout *o);

#endif
