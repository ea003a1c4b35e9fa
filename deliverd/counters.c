#include "deliverd.h"

struct counter counters[C_COUNT + 1] = {
	[C_PACKETS_RECEIVED] = { "packets_received", 0 },
	[C_DELIVERED] = { "delivered", 0 },
	[C_DEFERRED] = { "deferred", 0 },
	[C_FAILED_PERMANENT] = { "failed_permanent", 0 },
	[C_GIVEN_UP] = { "given_up", 0 },
	[C_DROPS_UNKNOWN_TYPE] = { "drops_unknown_type", 0 },
	[C_DROPS_DISABLED_TYPE] = { "drops_disabled_type", 0 },
	[C_DROPS_UNKNOWN_MBOX] = { "drops_unknown_mbox", 0 },
	[C_DROPS_BAD_ADDRESS] = { "drops_bad_address", 0 },
	[C_DROPS_BLOCKED] = { "drops_blocked", 0 },
	[C_DROPS_BAD_PAYLOAD] = { "drops_bad_payload", 0 },
	[C_DROPS_BAD_RECORD] = { "drops_bad_record", 0 },
	[C_DROPS_TOO_BIG] = { "drops_too_big", 0 },
	[C_OVERCOMPRESSED] = { "overcompressed", 0 },
	[C_FRAGMENTS_RECEIVED] = { "fragments_received", 0 },
	[C_FRAGMENTS_UNNEEDED] = { "fragments_unneeded", 0 },
	[C_FRAGMENTS_FINISHED] = { "fragments_of_finished", 0 },
	[C_FRAGMENTS_CONTRADICTING] = { "fragments_contradicting", 0 },
	[C_FRAGMENTS_TOO_MANY] = { "fragments_too_many", 0 },
	[C_FRAGMENTS_BAD] = { "fragments_bad", 0 },
	[C_FRAGMENTS_NO_ROOM] = { "fragments_no_room", 0 },
	[C_FRAGMENTED_COMPLETED] = { "fragmented_completed", 0 },
	[C_FRAGMENTED_REJECTED] = { "fragmented_rejected", 0 },
	[C_FRAGMENTED_EXPIRED] = { "fragmented_expired", 0 },
	[C_SERVER_UNREACHABLE] = { "server_unreachable", 0 },
	[C_RUN_UNREACHABLE] = { "run_unreachable", 0 },
	[C_RATE_LIMITED] = { "rate_limited", 0 },
	[C_COUNT] = { NULL, 0 },
};

void
count(enum count c)
{
	counters[c].n++;
}

void
count_n(enum count c, uint64_t n)
{
	counters[c].n += n;
}
