/*
 * Mails for Maildirs and mbox files below MailboxDir.
 */
#ifndef FILEOUT_H
#define FILEOUT_H

#include "deliverd.h"

struct fileout;

/* dirfd of MailboxDir, -1 if there is none: then nothing is delivered. */
struct fileout *fileout_new(struct loop *l, struct mailq *q, int dirfd);
void fileout_configure(struct fileout *o, const struct conf_schedule *retry); /* NULL: off */
void fileout_kick(struct fileout *o); /* tries what is due, sets the timer for the rest */
void fileout_stop(struct fileout *o);
void fileout_free(struct fileout *o);

/*
 * One mail (RFC 5322, CRLF) into destination ("./NAME" or "./NAME/", below dirfd), durable when it
 * returns 0; -1 with errno: nothing of it is there. unique goes into the name in a Maildir, and the
 * domain of sender.
 */
int fileout_store(int dirfd, const char *destination, const char *unique, const char *sender,
    const struct buf *text, int64_t now);

#endif
