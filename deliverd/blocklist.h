/*
 * BlacklistFile: addresses that get nothing. Lines
 *
 *	Deny|Allow  address|user|onehost|allhosts|pattern  WHAT
 *
 * as with the reference, which knows Deny alone. The first line that matches an address decides;
 * an address that no line matches is not blocked. Nothing but a pattern minds where it stands in
 * the address, and nothing minds case.
 */
#ifndef BLOCKLIST_H
#define BLOCKLIST_H

#include "bytes.h"

struct blocklist;

/* NULL with a reason "FILE:LINE: ..." */
struct blocklist *blocklist_load(const char *path, struct errmsg *e);
struct blocklist *blocklist_parse(const char *name, const char *text, size_t len,
    struct errmsg *e);
void blocklist_free(struct blocklist *b); /* NULL is fine */
size_t blocklist_size(const struct blocklist *b); /* lines */
/*
 * 1 if the mailbox is blocked. A pattern that takes too long counts as one that matches, and is
 * named in the log once, without the address. NULL blocks nobody.
 */
int blocklist_blocks(struct blocklist *b, const char *mailbox);

#endif
