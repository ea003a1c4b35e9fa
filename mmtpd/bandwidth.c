#include "bandwidth.h"

#define SPIKE_SECONDS 5
#define RECORD_EXTRA  29 /* header, nonce or padding, and tag */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
bandwidth_set(struct bandwidth *b, int64_t rate, int64_t spike, int64_t now)
{
	int fresh = b->rate == 0;

	b->rate = rate;
	b->most = spike > 0 ? spike : rate * SPIKE_SECONDS;
	for (int d = BW_IN; d <= BW_OUT; d++)
		b->left[d] = fresh ? b->most : least(b->left[d], b->most);
	if (fresh)
		b->since = now;
}

/* What came in since; the fraction of an octet stays in the time. */
static void
refill(struct bandwidth *b, int64_t now)
{
	int64_t more = (now - b->since) * b->rate / 1000;

	if (more <= 0)
		return;
	b->since += more * 1000 / b->rate;
	for (int d = BW_IN; d <= BW_OUT; d++)
		b->left[d] = least(b->left[d] + more, b->most);
}

int
bandwidth_may(struct bandwidth *b, enum direction d, int64_t now)
{
	if (b->rate == 0)
		return 1;
	refill(b, now);
	return b->left[d] > 0;
}

void
bandwidth_used(struct bandwidth *b, enum direction d, size_t octets)
{
	if (b->rate != 0)
		b->left[d] -= (int64_t)octets + RECORD_EXTRA;
}
