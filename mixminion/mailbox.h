/*
 * Where mails lie: a file with one mail, an mbox, a Maildir, or any text.
 */
#ifndef MIXMINION_MAILBOX_H
#define MIXMINION_MAILBOX_H

#include "bytes.h"
#include "mix.h"

/* One of them; valid during the call. */
struct mail {
	const char *where; /* for messages: "FILE", "FILE, mail 3", "DIR/new/NAME" */
	int alone; /* the only one that there can be: a file that is no mbox */
	const char *text;
	size_t len;
	int64_t when; /* when the file was last written, seconds since 1970; 0: not known */
};

/* A non-zero value ends the search. */
typedef int (*mail_fn)(const struct mail *m, void *arg);
/*
 * Calls fn with each mail of path ("-": standard input), in the order in which they came. Returns
 * what fn returned last, or -1 with a reason that names the file.
 */
int mailbox_each(const char *path, mail_fn fn, void *arg, struct errmsg *e);
/*
 * Changes when mails come: to be compared with an earlier value. 0 where there is nothing (yet),
 * and for standard input.
 */
uint64_t mailbox_stamp(const char *path);

#endif
