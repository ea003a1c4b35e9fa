/*
 * Waiting packets by the server they go to.
 */
#ifndef MIXMINION_PICK_H
#define MIXMINION_PICK_H

#include "client.h"
#include "queue.h"

/* The lock taken, the queue read, what other programs left in it told. 0, or an exit status. */
int pick_list(struct client *c, struct queue *q, struct queued **items, size_t *n);
/*
 * Keeps those for the servers named on the command line, by nickname or host; all where none is.
 * *n gets how many. 0, or an exit status where a name is neither in the queue nor known.
 */
int pick_servers(const struct client *c, const struct cli *cli, struct queued *items, size_t *n);

#endif
