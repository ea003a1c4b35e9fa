/*
 * Inside the front: who asks, what is on its way through workers and keeper, the open replay logs.
 */
#ifndef KEYD_FRONT_H
#define KEYD_FRONT_H

#include "keyd.h"
#include "pending.h"

#define PENDING_MAX 65536

/* A connection on a role socket. serial is its name in tables that may outlive it; never zero. */
struct peer {
	struct ipc_conn *conn;
	uint64_t serial;
	size_t nanswers; /* to DECRYPT, to be sent together */
	struct decrypt_rep answer[DECRYPT_MAX];
};

/* --- jobs.c: RSA blocks on their way through the workers --- */
#define JOBS_MAX 4096

struct request {
	struct peer *peer; /* NULL: it is gone, nobody waits for the answer */
	uint32_t tag;
	uint8_t digest[HASH_LEN]; /* of the header's rest, as the asker says */
	uint8_t block[PK_ENC_LEN];
};

/* done is called with each result; number 0: no live key opens it. */
void jobs_init(struct loop *l, const struct front_fds *fds,
    void (*done)(const struct request *r, uint32_t number, const uint8_t plain[PK_MAX_DATA_LEN]));
/* -1: too many are waiting. */
int jobs_add(struct peer *peer, const struct decrypt_req *rq);
size_t jobs_count(void);
/* Hands waiting ones to workers that have little to do: once a round. */
void jobs_hand_out(void);
void jobs_forget(const struct peer *peer);

/* --- logs.c: the replay logs of the key sets in use --- */
void logs_init(int dirfd);
/* Opens what is not open yet; opened gets those of them that now are. */
void logs_open(const struct live *want, struct live *opened);
/* Closes all others, and takes note of when these take packets. */
void logs_keep(const struct live *keep);
/* Is it the time of this key set? */
int logs_live(uint32_t number, int64_t now);
void logs_delete(const struct live *gone);
int logs_has(uint32_t number);
/* In any of them: names in mix/ derive from the digest alone. */
int logs_seen(const uint8_t digest[HASH_LEN]);
/*
 * As replay_append. A key set that is gone decrypts nothing more: then there is nothing to
 * write.
 */
int logs_append(uint32_t number, const uint8_t *digests, size_t n);

/* --- orphans.c: replay logs whose keys are gone, of before a crash --- */
/* What lies in the directory: before the sandbox. */
void orphans_list(int dirfd);
/* All but those of n key sets (uint32_t, not aligned) go. */
void orphans_remove(const uint8_t *numbers, size_t n);

/* --- decrypt.c, commit.c: mixer's verbs --- */
void decrypt_init(struct pending *p);
int decrypt_ask(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
void decrypt_done(
    const struct request *r, uint32_t number, const uint8_t plain[PK_MAX_DATA_LEN]);
void decrypt_keys(uint32_t n); /* how many keys the workers have */
void decrypt_doubt(int64_t seconds); /* by how much the clock may be wrong; 0: it is right */
void decrypt_flush(struct peer *peer); /* sends the answers that are ready: once a round */

void commit_init(struct pending *p);
int commit_ask(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
/* Group commit: writes and answers what this round asked for. */
void commit_round(void);
void commit_forget(const struct peer *peer);

/* --- forward.c: what the keeper answers --- */
void forward_init(struct daemon *d, int keeper);
int forward_certify(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
int forward_keysets(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
int forward_sign(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
int forward_whoami(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
void forward_forget(const struct peer *peer);
void forward_conf(const struct server_conf *conf);
void forward_confirm(void);

/* --- front.c --- */
/* The workers have their first keys: the role sockets may be served. */
void front_ready(void);

#endif
