/*
 * Which packets leave with a batch.
 */
#include <stdint.h>

#include "mixpool.h"

static void
name_swap(struct poolname *a, struct poolname *b)
{
	struct poolname t = *a;

	*a = *b;
	*b = t;
}

size_t
mixpool_size(const struct mix_rule *r, size_t n)
{
	size_t min = r->min > 0 ? (size_t)r->min : 0, most;

	if (r->algorithm == MIX_TIMED)
		return n;
	if (n <= min)
		return 0;
	most = (size_t)((double)n * r->rate);
	if (most < 1)
		most = 1;
	return n - min < most ? n - min : most;
}

/* Each of n with probability batch / n, to the end; the order is whatever it was. */
static size_t
pick_binomial(struct poolname *v, size_t n, size_t batch, const struct rng *rng)
{
	size_t picked = 0;

	for (size_t i = n; i-- > 0;)
		if (rng_below(rng, (uint32_t)n) < batch)
			name_swap(&v[i], &v[n - ++picked]);
	return picked;
}

/* Fisher-Yates from the end, count steps: a uniform choice of count of n, in uniform order. */
static void
pick_shuffled(struct poolname *v, size_t n, size_t count, const struct rng *rng)
{
	for (size_t i = n; i > n - count; i--)
		name_swap(&v[i - 1], &v[rng_below(rng, (uint32_t)i)]);
}

size_t
mixpool_pick(const struct mix_rule *r, struct poolname *v, size_t n, const struct rng *rng)
{
	size_t batch = mixpool_size(r, n);

	if (r->algorithm != MIX_BINOMIAL) {
		pick_shuffled(v, n, batch, rng);
		return batch;
	}
	if (batch > 0)
		batch = pick_binomial(v, n, batch, rng);
	pick_shuffled(v + n - batch, batch, batch, rng);
	return batch;
}
