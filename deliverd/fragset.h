/*
 * What is known in memory of the messages whose fragments wait: which are held, under what names.
 */
#ifndef FRAGSET_H
#define FRAGSET_H

#include <sys/queue.h>
#include <sys/tree.h>

#include "deliverd.h"
#include "fragment.h"

enum fate { FATE_WAITING, FATE_COMPLETE, FATE_REJECTED };

struct held {
	uint32_t index;
	char name[POOL_NAME_LEN];
};

struct fragmsg {
	RB_ENTRY(fragmsg) entry;
	TAILQ_ENTRY(fragmsg) ending;
	uint8_t id[MSGID_LEN];
	struct frag_state *state;
	int64_t first; /* when its first fragment came */
	enum fate fate;
	struct held *held;
	size_t n;
	size_t cap;
};

RB_HEAD(fragmsg_tree, fragmsg);
TAILQ_HEAD(fragmsg_list, fragmsg);

struct fragset {
	struct fragmsg_tree messages;
	struct fragmsg_list ending; /* whole or rejected, to be finished */
	size_t nmessages;
	size_t nheld;
};

void fragset_init(struct fragset *s);
void fragset_clear(struct fragset *s);
struct fragmsg *fragset_find(struct fragset *s, const uint8_t id[MSGID_LEN]);
/* The one after m in the order of ids, the first for NULL; NULL behind the last. */
struct fragmsg *fragset_next(struct fragset *s, struct fragmsg *m);
/*
 * Takes a fragment that came at stamp; 1 if it is to be kept on disk under name, else *why says as
 * what it is counted.
 */
int fragset_take(struct fragset *s, const struct payload *pl, const char *name, int64_t stamp,
    enum count *why);
void fragset_end(struct fragset *s, struct fragmsg *m, enum fate fate);
void fragset_drop(struct fragset *s, struct fragmsg *m);

#endif
