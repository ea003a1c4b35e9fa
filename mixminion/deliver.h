/*
 * Packets on their way to first mixes: grouped by server, sent, taken out of the queue as they are
 * acknowledged.
 */
#ifndef MIXMINION_DELIVER_H
#define MIXMINION_DELIVER_H

#include "client.h"
#include "queue.h"

struct parcel {
	struct queued item; /* where it goes; its name if it is in the queue, else "" */
	const uint8_t *packet; /* NULL: read it from the queue */
	int done;
};

void parcels_shuffle(struct parcel *p, size_t n);
/*
 * Tries them all; what goes wrong with one server is said and does not keep the others. queue may
 * be NULL. Returns how many are left.
 */
size_t deliver(const struct client *c, struct queue *queue, struct parcel *p, size_t n);

#endif
