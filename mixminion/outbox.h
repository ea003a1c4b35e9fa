/*
 * Where the packets of a message go as they are made: into the queue, so that nothing is lost
 * whatever happens while they are sent, or (--no-queue) into memory; and from there as parcels to
 * their first mixes.
 */
#ifndef MIXMINION_OUTBOX_H
#define MIXMINION_OUTBOX_H

#include "deliver.h"
#include "outgoing.h"

struct outbox {
	int opened, in_memory;
	struct queue queue; /* unless in memory */
	struct pool_batch *batch; /* what is not committed yet */
	uint8_t (*packets)[PACKET_LEN]; /* in memory */
	struct parcel *parcels;
	size_t n;
	struct expectation expect;
	int failed; /* the disk did, and not the making */
};

/* A zero-initialised one may be freed. -1: no queue can be had. */
int outbox_open(struct outbox *o, const struct home *h, int in_memory, struct errmsg *e);
void outbox_free(struct outbox *o); /* what was not committed is gone */
/* The home is locked from the first packet until they are committed. */
struct packet_sink outbox_sink(struct outbox *o);
/* Now they are safe. */
int outbox_commit(struct outbox *o, struct errmsg *e);

#endif
