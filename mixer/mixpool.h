/*
 * Which packets leave with a batch: the algorithms of the reference, pure.
 */
#ifndef MIXER_MIXPOOL_H
#define MIXER_MIXPOOL_H

#include "conf.h"
#include "crypto.h"
#include "namelist.h"

struct mix_rule {
	enum mix_algorithm algorithm;
	double rate; /* MixPoolRate as a fraction, 0.6 for 60 % */
	long min; /* MixPoolMinSize */
};

/*
 * The batch from a pool of n: all of it for Timed; else n - min, but at most max(1, n * rate), and
 * none before n > min. For BinomialDynamicPool this is only the mean.
 */
size_t mixpool_size(const struct mix_rule *r, size_t n);

/*
 * Chooses a batch of the n names (n below 2^32) and moves it, in uniformly random order, to the end
 * of them; returns how many.
 */
size_t mixpool_pick(const struct mix_rule *r, struct poolname *v, size_t n, const struct rng *rng);

#endif
