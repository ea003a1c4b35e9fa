/*
 * Inside the keeper: which packet keys are made, in use, and deleted, and when.
 */
#ifndef KEYD_ROTATE_H
#define KEYD_ROTATE_H

#include "clockguard.h"
#include "keyset.h"

struct rotation {
	struct keystore *ks;
	const struct keeper_conf *conf;
	const char *key_dir; /* its path, for current-desc */
	struct ipc_conn *front;
	struct ipc_conn *worker[WORKERS_MAX];
	unsigned nworkers;
	struct clockguard clock;
	int64_t said_jump; /* to the front */
	struct live gone; /* deleted; their replay logs go when they are out of use */
	uint32_t nlive; /* key sets that are to be in use */
	int64_t due; /* when something has to be done, by the clock ... */
	int64_t due_up; /* ... or by the time since the machine was started */
	struct loop_timer *tick;
};

/* Everything above the clock is set by the caller; KeyDir is open. */
void rotate_init(struct rotation *r, struct loop *l);
/* Looks at clock and keys now, and from here on whenever it is time. */
void rotate_now(struct rotation *r);
/* An operator says that the clock is right. */
void rotate_confirm(struct rotation *r);
/* The front's answer to K_LIVE: the replay logs that are open. Their keys go to the workers. */
void rotate_opened(struct rotation *r, uint32_t id, const struct live *has);
/* KeyDir/current-desc. -1 with a reason. */
int rotate_current(const struct rotation *r, int64_t now, struct errmsg *e);

#endif
