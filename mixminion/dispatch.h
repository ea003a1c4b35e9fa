/*
 * Packets that lie in an outbox, on their way to their first mixes.
 */
#ifndef MIXMINION_DISPATCH_H
#define MIXMINION_DISPATCH_H

#include "client.h"
#include "outbox.h"

enum dispatch_how {
	DISPATCH_SEND, /* what cannot be handed over stays in the queue */
	DISPATCH_QUEUE, /* into the queue and no further */
	DISPATCH_NOW /* never into the queue: what cannot be handed over is lost */
};

/*
 * The outbox is committed; with DISPATCH_NOW it is one in memory. Says what became of the packets,
 * also to --json. 0, or an exit status after saying why; with DISPATCH_SEND 0 means that nothing is
 * lost. left (which may be NULL) gets how many were not handed over. The home is not locked.
 */
int dispatch(struct client *c, struct outbox *o, enum dispatch_how how, size_t *left);

#endif
