/*
 * What the parser makes of octets that strangers wrote: pure functions.
 */
#ifndef DIRSYNC_PARSE_H
#define DIRSYNC_PARSE_H

#include "child.h"

/*
 * A directory in either format, compressed or not, or a descriptor. q says who is trusted and
 * whether it has to be valid now; with nobody trusted signatures of descriptors alone are checked.
 * Its hosts are added to l, those of descriptors that are valid at q->now.
 */
void parse_document(struct hostlist *l, struct parse_rep *rep, const void *p, size_t len,
    const struct parse_req *q);
/* What a directory server answers to an upload, dir-spec 5.2. */
void parse_reply(struct reply_rep *rep, const char *s, size_t len);
/* At most size - 1 characters; those that are not printable ASCII become '?'. */
void parse_printable(char *out, size_t size, const char *s, size_t len);

#endif
