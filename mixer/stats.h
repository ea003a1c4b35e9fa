/*
 * What mixer counts, and the one line a mix interval that says so.
 */
#ifndef MIXER_STATS_H
#define MIXER_STATS_H

#include "daemon.h"
#include "packet.h"

enum mixer_stat {
	STAT_UNWRAPPED, /* decrypted and committed, of any outcome */
	STAT_DROPS,
	STAT_BAD_VERSION,
	STAT_BAD_DIGEST,
	STAT_BAD_SIZE,
	STAT_BAD_TYPE,
	STAT_BAD_ROUTING,
	STAT_BY_KEYD, /* keyd gave no reason: replays, headers for other keys, wrong digests */
	STAT_QUARANTINED,
	STAT_BATCHES,
	STAT_RELAYED, /* moved to outgoing/ */
	STAT_DELIVERED, /* moved to deliver/ */
	STAT_OWN, /* for this node itself: unwrapped again */
	STAT_IN_POOL, /* a gauge: what lies in mix/ and may leave */
	STAT_COUNT
};

extern struct counter mixer_stats[STAT_COUNT + 1];

/* Counts a committed packet by what came of it. */
void stats_unwrapped(enum unwrap u);
/* Logs, at INFO, what came and went since the last call; picked is the batch, left what stays. */
void stats_interval(size_t picked, size_t left);

#endif
