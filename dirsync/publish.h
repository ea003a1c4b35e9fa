/*
 * Our descriptors, sent to the directory servers (dir-spec 5.2, 6).
 */
#ifndef DIRSYNC_PUBLISH_H
#define DIRSYNC_PUBLISH_H

#include "http.h"

struct publish;
struct publish *publish_new(struct daemon *d, struct http *h, struct parser *p, int dirfd);
/* The key sets as keyd has them, each with a descriptor that is signed. */
void publish_sets(struct publish *p, const struct keysets_rep *sets);
/*
 * Everything again, to all. Says what will be done in e, or -1 and why nothing will.
 */
int publish_again(struct publish *p, struct errmsg *e);
void publish_queue(const struct publish *p, struct buf *out);

#endif
