/*
 * How much mail one recipient, and one domain, gets in a time (RecipientLimit, DomainLimit). Only
 * in memory: keyed hashes and counts, nothing of which an address could be read.
 */
#ifndef RATELIMIT_H
#define RATELIMIT_H

#include "deliverd.h"

struct ratelimit;

struct ratelimit *ratelimit_new(const struct rng *rng);
void ratelimit_free(struct ratelimit *r);
/* From now on; what was counted stays. */
void ratelimit_configure(struct ratelimit *r, const struct conf_rate *recipient,
    const struct conf_rate *domain);
/*
 * 1 if a mail may go to all of them now; then it is counted. 0: one of them, or his domain, has had
 * what he gets.
 */
int ratelimit_take(struct ratelimit *r, const struct recipients *to, int64_t now);

#endif
