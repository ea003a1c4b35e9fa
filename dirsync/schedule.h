/*
 * When to fetch and when to try again: pure functions of the clock and of chance. All times and
 * delays are in seconds.
 */
#ifndef DIRSYNC_SCHEDULE_H
#define DIRSYNC_SCHEDULE_H

#include "crypto.h"

/*
 * When to fetch next, at now. until: the end of the directory that is held (0: none). Daily or
 * less often: within the six hours after its end, drawn anew each time, so that servers are not
 * asked by all at once and nobody knows when we ask. More often (private networks): between half
 * and the whole of the interval.
 */
int64_t schedule_fetch(int64_t now, int64_t until, int64_t interval, const struct rng *rng);
/* At the start: soon where there is no directory that is valid, else as above. */
int64_t schedule_first(int64_t now, int64_t until, int64_t interval, const struct rng *rng);
/* The delay after the n-th failure in a row (from 1): longer each time, up to interval / 8. */
int64_t schedule_fetch_retry(unsigned n, int64_t interval, const struct rng *rng);
/* The same for uploads: from a minute to six hours. */
int64_t schedule_upload_retry(unsigned n, const struct rng *rng);

#endif
