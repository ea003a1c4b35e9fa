/*
 * The mails of one exit type on their way to its mail server: when to try, over how many
 * connections, and what becomes of each.
 */
#ifndef SMTPOUT_H
#define SMTPOUT_H

#include "deliverd.h"
#include "lookup.h"
#include "smtpset.h"

struct smtpout;

/* name is for the log, kept by reference; idle is called when the last mail under way is over. */
struct smtpout *smtpout_new(struct loop *l, struct lookup *lookup, struct mailq *q, uint16_t rtype,
    const char *name, void (*idle)(void *arg), void *arg);
/* From now on. set: taken over, NULL if this type is off. c is kept by reference. */
void smtpout_configure(struct smtpout *o, struct smtpset *set, const struct conf_delivery *c);
void smtpout_kick(struct smtpout *o); /* tries what is due, sets the timer for the rest */
void smtpout_stop(struct smtpout *o); /* begins nothing more */
size_t smtpout_flying(const struct smtpout *o); /* mails under way */
void smtpout_free(struct smtpout *o);

#endif
