#include "schedule.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400

#define AFTER_MIDNIGHT	MINUTE /* servers put the new one in place just then */
#define FETCH_WINDOW	(6 * HOUR)
#define FAR		(2 * DAY) /* no directory is valid for longer: the clock is wrong */
#define SOON		MINUTE
#define UPLOAD_LEAST	MINUTE
#define UPLOAD_MOST	(6 * HOUR)

static int64_t
draw(int64_t below, const struct rng *rng)
{
	if (below > UINT32_MAX)
		below = UINT32_MAX;
	return below <= 1 ? 0 : (int64_t)rng_below(rng, (uint32_t)below);
}

/* From half of n to n. */
static int64_t
about(int64_t n, const struct rng *rng)
{
	return n / 2 + draw(n - n / 2 + 1, rng);
}

int64_t
schedule_fetch(int64_t now, int64_t until, int64_t interval, const struct rng *rng)
{
	if (interval < DAY)
		return now + about(interval, rng);
	if (until <= now || until > now + FAR)
		until = now - now % DAY + DAY;
	return until + interval - DAY + AFTER_MIDNIGHT + draw(FETCH_WINDOW, rng);
}

int64_t
schedule_first(int64_t now, int64_t until, int64_t interval, const struct rng *rng)
{
	int64_t soon = interval / 10 < SOON ? interval / 10 : SOON;

	if (until > now)
		return schedule_fetch(now, until, interval, rng);
	return now + draw(soon, rng);
}

/* first * 2^(n-1), at most most, about. */
static int64_t
back_off(unsigned n, int64_t first, int64_t most, const struct rng *rng)
{
	int64_t delay = first < 1 ? 1 : first;

	for (; n > 1 && delay < most; n--)
		delay *= 2;
	if (delay > most)
		delay = most;
	delay = about(delay, rng);
	return delay < 1 ? 1 : delay;
}

int64_t
schedule_fetch_retry(unsigned n, int64_t interval, const struct rng *rng)
{
	return back_off(n, interval / 144, interval / 8, rng);
}

int64_t
schedule_upload_retry(unsigned n, const struct rng *rng)
{
	return back_off(n, UPLOAD_LEAST, UPLOAD_MOST, rng);
}
