/*
 * The servers that a directory knows (dir-spec 7.1): a file an identity below BaseDir/servers, with
 * what the operator said of it and its live descriptors.
 */
#ifndef DIRD_STORE_H
#define DIRD_STORE_H

#include "desc.h"

#define SERVER_MAX_DESCS 64

enum server_state { SRV_WAITING, SRV_APPROVED, SRV_REJECTED, SRV_BANNED };

struct server {
	uint8_t keyid[HASH_LEN]; /* of the identity */
	char nickname[MAX_NICKNAME + 1];
	enum server_state state;
	int64_t since; /* when the state was reached */
	struct desc **descs; /* in no order, none superseded by another */
	size_t ndescs;
};

struct store {
	struct server **v; /* by keyid */
	size_t n;
	size_t nwaiting;
	int dirfd; /* -1: in memory alone (tests) */
};

const char *server_state_name(enum server_state s);

/*
 * Reads all files; one that cannot be used is left where it is and said in the log. 0, or -1 with a
 * reason.
 */
int store_load(struct store *st, int dirfd, struct errmsg *e);
void store_free(struct store *st);
struct server *store_find(const struct store *st, const uint8_t keyid[HASH_LEN]);
/*
 * By nickname (case does not matter), or by fingerprint in hex. Of several with one nickname (only
 * rejected ones may share it) an other one first.
 */
struct server *store_named(const struct store *st, const char *name);
/* Another one of that nickname that is not rejected, or NULL: no directory may name two. */
const struct server *store_rival(const struct store *st, const struct server *s);
/*
 * Takes d (owned from now on): a new server in the given state, or one descriptor more of a known
 * one; what it supersedes goes. NULL with a reason if it cannot be written: then all is as before,
 * and d is freed.
 */
struct server *store_add(struct store *st, struct desc *d, enum server_state state, int64_t now,
    struct errmsg *e);
/* -1 with a reason if it cannot be written: then the state is as before. */
int store_set_state(struct store *st, struct server *s, enum server_state state, int64_t now,
    struct errmsg *e);
/* Forgets it. -1 with a reason. */
int store_remove(struct store *st, struct server *s, struct errmsg *e);
/*
 * Drops descriptors that ended before now, and what then has none and was never approved. Returns
 * how many descriptors.
 */
size_t store_expire(struct store *st, int64_t now);

/* The file of a server, as it is kept. */
void server_format(struct buf *out, const struct server *s);
struct server *server_parse(const char *text, size_t len, struct errmsg *e);
void server_free(struct server *s);
/* Has it this descriptor? */
const struct desc *server_has(const struct server *s, const uint8_t digest[HASH_LEN]);

#endif
