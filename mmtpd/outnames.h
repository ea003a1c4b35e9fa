/*
 * The packets of outgoing/ by file name, so that one that is seen twice (by a scan and by
 * inotify) is queued once.
 */
#ifndef MMTPD_OUTNAMES_H
#define MMTPD_OUTNAMES_H

#include <sys/queue.h>

#include "pool.h"

struct outpkt {
	TAILQ_ENTRY(outpkt) entry; /* in its destination's queue */
	struct outpkt *same_bucket;
	int64_t since; /* daemon_steady, when its tries began; 0: not known yet */
	char name[POOL_NAME_LEN];
};

TAILQ_HEAD(outpkt_list, outpkt);

struct outnames;

struct outnames *outnames_new(void);
/* A new packet of this name, owned by the set; NULL if it is known already. */
struct outpkt *outnames_add(struct outnames *s, const char *name);
/* Forgets and frees it. */
void outnames_remove(struct outnames *s, struct outpkt *p);
size_t outnames_count(const struct outnames *s);
void outnames_free(struct outnames *s);

#endif
