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
	[C_FETCHES] = { "fetches", 0 },
	[C_FETCHES_UNCHANGED] = { "fetches_unchanged", 0 },
	[C_FETCHES_FAILED] = { "fetches_failed", 0 },
	[C_DIRECTORIES_FETCHED] = { "directories_fetched", 0 },
	[C_DIRECTORIES_REFUSED] = { "directories_refused", 0 },
	[C_PUBLISH_ACCEPTED] = { "publish_accepted", 0 },
	[C_PUBLISH_WAITING] = { "publish_waiting", 0 },
	[C_PUBLISH_REFUSED] = { "publish_refused", 0 },
	[C_PUBLISH_FAILED] = { "publish_failed", 0 },
	[C_COUNT] = { NULL, 0 },
};

void
count(enum count c)
{
	counters[c].n++;
}
