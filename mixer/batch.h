/*
 * Out of mix/: at each mix interval a batch leaves for outgoing/ and deliver/, in shuffled order,
 * as fresh files.
 */
#ifndef MIXER_BATCH_H
#define MIXER_BATCH_H

#include "loop.h"
#include "mixpool.h"
#include "mixpools.h"

struct batch;

struct batch *batch_new(struct loop *l, struct mixpools *p, const struct rng *rng);
/* Begins, or goes on with another rule: the first batch leaves one interval (seconds) from now. */
void batch_set(struct batch *b, const struct mix_rule *rule, int64_t interval);

#endif
