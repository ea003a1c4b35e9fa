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
 * Tries them all; what goes wrong with one server is said, with the time since when it is down, and
 * does not keep the others. queue may be NULL. Returns how many are left. The home is not locked.
 */
size_t deliver(struct client *c, struct queue *queue, struct parcel *p, size_t n);

#endif
