/*
 * Requests that were decrypted and not yet committed. An entry belongs to the connection
 * (owner, not zero) that asked; it becomes durable by COMMIT, or is forgotten with its
 * connection. No I/O here.
 */
#ifndef KEYD_PENDING_H
#define KEYD_PENDING_H

#include "bytes.h"
#include "digest.h"

struct pending;

struct pending *pending_new(size_t max, const struct rng *rng);
void pending_free(struct pending *p);

size_t pending_count(const struct pending *p); /* not yet durable ones */
/* Is the digest pending, and for whom? */
enum pending_for { PENDING_NO, PENDING_OWN, PENDING_OTHER };
enum pending_for pending_find(
    const struct pending *p, uint64_t owner, const uint8_t digest[HASH_LEN]);
/* A new entry under key set number, and the cookie that names it. -1: the table is full. */
int pending_add(struct pending *p, uint64_t owner, uint32_t number,
    const uint8_t digest[HASH_LEN], uint64_t *cookie);
/* The connection is gone: so are its entries, but for those that a round is about to write. */
void pending_forget(struct pending *p, uint64_t owner);

/*
 * Commits come in rounds: select what is asked for, write the digests of each key set, settle
 * them, and then look whether all that a request named is durable. Select is all or nothing:
 * -1 if one cookie is not the owner's. Cookies that were committed before count as good (as
 * long as their place in the table was not needed again).
 */
int pending_select(struct pending *p, uint64_t owner, const uint64_t *cookies, size_t n);
/* A key set with selected entries; 0 if there is none left. */
uint32_t pending_round(const struct pending *p);
/* Appends their digests. */
void pending_digests(const struct pending *p, uint32_t number, struct buf *out);
/* They are durable, or (durable 0) pending as before; forgotten if their connection is gone. */
void pending_settle(struct pending *p, uint32_t number, int durable);
int pending_durable(const struct pending *p, const uint64_t *cookies, size_t n);

#endif
