/*
 * Addresses of hosts, for processes that connect to them: numeric ones as they are, others by
 * asking dirsync (ARCHITECTURE "Addresses").
 */
#ifndef COMMON_LOOKUP_H
#define COMMON_LOOKUP_H

#include "daemon.h"
#include "proto.h"

struct lookup;
struct lookup_query;

/*
 * Connects to dirsync's role socket, if it is there: before the sandbox. what waits while dirsync
 * is away stands in the log; both strings are kept by reference.
 */
struct lookup *lookup_new(struct daemon *d, const char *sock, const char *what);
void lookup_start(struct lookup *r); /* in the loop from now on */
/*
 * done is called later, from the loop, once: status ST_OK with addresses; ST_FAIL if dirsync
 * found none; ST_LATER if it could not be asked.
 */
struct lookup_query *lookup_ask(struct lookup *r, const char *host,
    void (*done)(const struct resolve_rep *rep, void *arg), void *arg);
void lookup_cancel(struct lookup_query *q); /* not after done; NULL is fine */

#endif
