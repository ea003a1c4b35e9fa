#include "dirsync.h"

struct counter counters[C_COUNT + 1] = {
	[C_RESOLVE_ASKED] = { "resolve_asked", 0 },
	[C_RESOLVE_NUMERIC] = { "resolve_numeric", 0 },
	[C_RESOLVE_CACHED] = { "resolve_cached", 0 },
	[C_RESOLVE_STALE] = { "resolve_stale", 0 },
	[C_RESOLVE_FAILED] = { "resolve_failed", 0 },
	[C_RESOLVE_REFUSED] = { "resolve_refused", 0 },
	[C_DNS_QUERIES] = { "dns_queries", 0 },
	[C_DESCRIPTORS_SIGNED] = { "descriptors_signed", 0 },
	[C_DESCRIPTORS_REFUSED] = { "descriptors_refused", 0 },
	[C_DIRECTORIES_READ] = { "directories_read", 0 },
	[C_DIRECTORIES_BAD] = { "directories_bad", 0 },
	[C_COUNT] = { NULL, 0 },
};

void
count(enum count c)
{
	counters[c].n++;
}
