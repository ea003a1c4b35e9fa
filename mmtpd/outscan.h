/*
 * Finds packets in outgoing/: those that lie there at start, and those that mixer moves in.
 */
#ifndef MMTPD_OUTSCAN_H
#define MMTPD_OUTSCAN_H

#include "outqueue.h"

struct outscan;

/*
 * Watches the directory (path) and remembers what it holds: before the sandbox. Fatal if it
 * cannot.
 */
struct outscan *outscan_new(struct outqueue *q, const char *path);
/* Hands packets to the queue from here on, a few in each round of the loop. */
void outscan_start(struct outscan *s);

#endif
