/*
 * One outgoing connection: address, TCP, TLS, the identity, the protocol line, then packets of
 * one destination.
 */
#ifndef MMTPD_OUTCONN_H
#define MMTPD_OUTCONN_H

#include "outqueue.h"

/* Begins; ends by calling outdest_ended, never from within. */
struct outconn *outconn_new(struct outdest *to);
/* There are more packets. */
void outconn_more(struct outconn *c);
/* Once a second: deadlines. May end it. */
void outconn_tick(struct outconn *c, int64_t now);

#endif
