/*
 * Which reply blocks have been used, UserDir/surbs/log: a text, one line each ("DIGEST USE-BY"),
 * written durably before a packet is built with the block. Where another program (the reference)
 * keeps its own log under that name, that one is left alone and ours is UserDir/surbs/used. The
 * home must be locked while one is open.
 */
#ifndef MIXMINION_SURBLOG_H
#define MIXMINION_SURBLOG_H

#include "home.h"
#include "surb.h"

struct surblog {
	int fd;
	struct {
		uint8_t digest[HASH_LEN];
		int64_t use_by;
	} *used;
	size_t n;
	char path[PATH_MAX];
	int foreign; /* there is another program's: it may know of blocks that we do not */
};

/* Lines of blocks that have expired are forgotten: nothing uses an expired block. */
int surblog_open(struct surblog *l, const struct home *h, int64_t now, struct errmsg *e);
void surblog_close(struct surblog *l);
int surblog_used(const struct surblog *l, const struct surb *s);
/* 0 when it is on disk. */
int surblog_mark(struct surblog *l, const struct surb *s, struct errmsg *e);

#endif
