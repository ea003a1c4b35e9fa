/*
 * Addresses of hosts: numeric ones as they are, others by asking dirsync (ARCHITECTURE
 * "Addresses").
 */
#ifndef MMTPD_RESOLVE_H
#define MMTPD_RESOLVE_H

#include "mmtpd.h"
#include "proto.h"

struct resolver;
struct resolve_query;

/* Connects to dirsync, if it is there: before the sandbox. */
struct resolver *resolver_new(struct daemon *d);
void resolver_start(struct resolver *r);
/*
 * done is called later, from the loop, once: status ST_OK with addresses; ST_FAIL if dirsync
 * found none; ST_LATER if it could not be asked.
 */
struct resolve_query *resolver_ask(struct resolver *r, const char *host,
    void (*done)(const struct resolve_rep *rep, void *arg), void *arg);
void resolver_cancel(struct resolve_query *q); /* not after done; NULL is fine */

#endif
