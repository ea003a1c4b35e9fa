/*
 * Many packets, made by a process on each core; a few, by this one. Either way they come in order.
 */
#ifndef MIXMINION_BUILDERS_H
#define MIXMINION_BUILDERS_H

#include "outgoing.h"

/* Makes packet i; -1 with a reason. Called in another process perhaps: what it changes is lost. */
typedef int (*build_one)(void *ctx, size_t i, uint8_t packet[PACKET_LEN], struct mix_addr *to,
    struct errmsg *e);

/* Tells sink the number, then gives it all n. -1 with the first reason. */
int builders_run(size_t n, build_one build, void *ctx, const struct packet_sink *sink,
    struct errmsg *e);

#endif
