/*
 * Mails as they lie in mailboxes (RFC 5322, MIME, mbox): taken apart into the texts in which an
 * anonymous message may stand. Pure: octets in, octets out; whatever the input, never an error:
 * what is no mail is one text.
 */
#ifndef MIXMINION_MAILTEXT_H
#define MIXMINION_MAILTEXT_H

#include "bytes.h"

/* 1 if it begins with a header block. */
int is_mail(const char *text, size_t len);
/* The first field of that name of the header block, unfolded, in out; 0, or -1 if there is none. */
int mail_field(struct buf *out, const char *mail, size_t len, const char *name);

/* A non-zero value ends the search. */
typedef int (*mail_text_fn)(const char *text, size_t len, void *arg);
/*
 * Calls fn with each text of a mail, quoted-printable and base-64 undone, lines ended by LF:
 * parts of multiparts and mails in mails eight deep, HTML left out. What is no mail is given to fn
 * as it is. Returns what fn returned last.
 */
int mail_texts(const char *mail, size_t len, mail_text_fn fn, void *arg);

/* 1 if it begins with the "From " line of a mail in an mbox. */
int is_mbox(const char *text, size_t len);
/*
 * The next mail of an mbox from *pos on, without its "From " line and with ">From " unquoted, in
 * out, which is emptied first. 1, or 0 at the end.
 */
int mbox_next(struct buf *out, const char *text, size_t len, size_t *pos);

#endif
