/*
 * A TCP connection to one of several addresses: the next is tried when one fails or keeps us
 * waiting (RFC 8305).
 */
#ifndef MMTPD_DIAL_H
#define MMTPD_DIAL_H

#include "loop.h"
#include "proto.h"

struct dial;

/*
 * done gets a connected non-blocking socket, or -1 if no address answered; never called from
 * within dial_start.
 */
struct dial *dial_start(struct loop *l, const struct resolve_rep *addrs, uint16_t port,
    void (*done)(int fd, void *arg), void *arg);
void dial_cancel(struct dial *d); /* not after done; NULL is fine */

#endif
