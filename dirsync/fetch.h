/*
 * The consensus directory, fetched and kept in work/dir/dir.gz.
 */
#ifndef DIRSYNC_FETCH_H
#define DIRSYNC_FETCH_H

#include "http.h"

struct fetch;
/* stored is called when a new directory is in place. */
struct fetch *fetch_new(struct daemon *d, struct http *h, struct parser *p, int dirfd,
    void (*stored)(void *arg), void *arg);
/* What is held is good from after to until (0: there is none). The first call sets it going. */
void fetch_held(struct fetch *f, int64_t after, int64_t until);
void fetch_reload(struct fetch *f); /* d->conf may name other servers */
void fetch_queue(const struct fetch *f, struct buf *out);

#endif
