/*
 * What mixer counts.
 */
#include <inttypes.h>

#include "stats.h"

struct counter mixer_stats[STAT_COUNT + 1] = {
	[STAT_UNWRAPPED] = { "packets_unwrapped", 0 },
	[STAT_DROPS] = { "drops", 0 },
	[STAT_BAD_VERSION] = { "refused_bad_version", 0 },
	[STAT_BAD_DIGEST] = { "refused_bad_digest", 0 },
	[STAT_BAD_SIZE] = { "refused_bad_size", 0 },
	[STAT_BAD_TYPE] = { "refused_bad_type", 0 },
	[STAT_BAD_ROUTING] = { "refused_bad_routing", 0 },
	[STAT_BY_KEYD] = { "refused_by_keyd", 0 },
	[STAT_QUARANTINED] = { "quarantined", 0 },
	[STAT_BATCHES] = { "batches", 0 },
	[STAT_RELAYED] = { "relayed", 0 },
	[STAT_DELIVERED] = { "delivered_out", 0 },
	[STAT_OWN] = { "packets_own", 0 },
	[STAT_IN_POOL] = { "in_pool", 0 },
};

void
stats_unwrapped(enum unwrap u)
{
	static const enum mixer_stat by_result[UNWRAP_NRESULTS] = {
		[UNWRAP_DROP] = STAT_DROPS,
		[UNWRAP_BAD_VERSION] = STAT_BAD_VERSION,
		[UNWRAP_BAD_DIGEST] = STAT_BAD_DIGEST,
		[UNWRAP_BAD_SIZE] = STAT_BAD_SIZE,
		[UNWRAP_BAD_TYPE] = STAT_BAD_TYPE,
		[UNWRAP_BAD_ROUTING] = STAT_BAD_ROUTING,
	};

	mixer_stats[STAT_UNWRAPPED].n++;
	if (by_result[u] != 0)
		mixer_stats[by_result[u]].n++;
}

static uint64_t
stats_refused(void)
{
	uint64_t n = 0;

	for (int i = STAT_BAD_VERSION; i <= STAT_BY_KEYD; i++)
		n += mixer_stats[i].n;
	return n;
}

void
stats_interval(size_t picked, size_t left)
{
	static uint64_t unwrapped, refused;

	log_info("%" PRIu64 " packets unwrapped, %" PRIu64 " refused; batch of %zu, %zu stay",
	    mixer_stats[STAT_UNWRAPPED].n - unwrapped, stats_refused() - refused, picked, left);
	unwrapped = mixer_stats[STAT_UNWRAPPED].n;
	refused = stats_refused();
}
