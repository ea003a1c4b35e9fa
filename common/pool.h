/*
 * Pool directories: how packets travel between processes (ARCHITECTURE "Pool directories").
 * Files inp_ msg_ rmv_ crp_ plus random characters; group commit for producers; suspicion for
 * consumers.
 */
#ifndef COMMON_POOL_H
#define COMMON_POOL_H

#include <sys/types.h>

#include "bytes.h"
#include "crypto.h"
#include "mix.h"

#define POOL_NAME_LEN 24 /* "msg_" and 16 characters, NUL, room */

struct pool {
	int dirfd; /* owned by the caller */
	const char *label; /* "incoming", for the log */
	mode_t mode; /* of new files: 0660 on an edge, 0600 in one's own */
	gid_t gid; /* given to new files; (gid_t)-1 leaves it */
	int need_chmod; /* the umask takes bits of mode away (set by pool_init) */
};

/*
 * Before the sandbox (it asks for the umask); gid is set by the caller afterwards where one is
 * wanted.
 */
void pool_init(struct pool *p, const char *label, int dirfd, mode_t mode);

/* msg_ and 16 characters of [A-Za-z0-9+-]; 1 or 0. */
int pool_name_ok(const char *name);
/* A fresh random name "msg_...". */
void pool_random_name(char name[POOL_NAME_LEN], const struct rng *rng);

/*
 * Producer: a batch of files that become durable together. Add writes inp_ files; commit starts
 * write-back, syncs each, renames to msg_ and syncs the directory once: when it returns 0
 * everything in the batch is durable. On failure nothing of the batch is left, and nothing of it
 * may be acknowledged.
 */
struct pool_batch;
struct pool_batch *pool_batch_new(struct pool *p, size_t max);
/* name may be NULL (a fresh random one). 0, or -1 with errno: this file is not in the batch. */
int pool_batch_add(struct pool_batch *b, const char *name, const struct chunk *parts, size_t n);
/*
 * A file that costs what every other costs (written, synced, renamed with the batch) and never
 * becomes a msg_: it waits for pool_batch_sweep, or the next commit, to be unlinked. For what must
 * take as long as a packet but is none.
 */
int pool_batch_add_decoy(struct pool_batch *b, const struct chunk *parts, size_t n);
void pool_batch_sweep(struct pool_batch *b);
/* What was added so far sets out for the disk; nothing waits for it. */
void pool_batch_start(struct pool_batch *b);
/*
 * What was added so far is synced and its files are closed, so that a batch may have more files
 * than a process may open; their names still come with the commit. 0, or -1 with errno.
 */
int pool_batch_settle(struct pool_batch *b);
size_t pool_batch_len(const struct pool_batch *b);
int pool_batch_commit(struct pool_batch *b); /* 0, or -1 with errno; the batch is empty again */
void pool_batch_free(struct pool_batch *b);

/*
 * Consumer. Scan calls cb for each well-formed msg_ name, in the order of the directory; others of
 * ours (stale inp_, rmv_) are removed if clean is set (start-up), foreign ones are left. On an edge
 * (mode has group bits) an inp_ is stale only after a minute: its producer may be at work. The
 * position of dirfd is used: no scan within a scan. cb returning -1 stops. Returns the number
 * called, or -1 with errno.
 */
long pool_scan(struct pool *p, int clean, int (*cb)(const char *name, void *arg), void *arg);
/*
 * Reads a file of exactly len octets: no link, regular, one link, well-formed name. 0; -1 with
 * errno ENOENT if it is gone; -1 with EINVAL if it is not what it should be (the caller quarantines
 * it).
 */
int pool_read(struct pool *p, const char *name, void *out, size_t len);
/*
 * Renames to rmv_, overwrites, unlinks: a crash never leaves a half-wiped msg_. 0 or -1 with errno;
 * gone already is 0.
 */
int pool_remove(struct pool *p, const char *name);
/* Many: their overwrites reach the disk together. 0, or -1 with errno if any of them stays. */
#define POOL_TOGETHER 64
int pool_remove_all(struct pool *p, const char *const *names, size_t n);
/*
 * To crp_ in quarantine (a directory of one's own; -1: just removed), at most 1024 files and 64 MiB
 * there: beyond that, and where it is neither a file nor a directory, it is removed. A directory of
 * another's, that cannot be moved, gets its crp_ name in place, or -1 under Landlock: then it
 * stays. Logs once that there is one, counts are the caller's.
 */
int pool_quarantine(struct pool *p, const char *name, int quarantine_dirfd);
/* How many files (crp_) lie in a quarantine; clean: they are wiped. -1 with errno. */
long pool_set_aside(int dirfd, int clean);
/* For the verb CLEAN: wipes them, and says how many there were. */
int pool_clean(int dirfd, struct errmsg *e);
int pool_sync(struct pool *p); /* the directory */
/*
 * The way out of mix/, many files together. Each is replaced in from by a fresh copy with new
 * octets (synced, with the group and mode of to) and that is moved to another pool under a fresh
 * random name: at every moment exactly one file. The old file is overwritten.
 */
struct pool_moves;
struct pool_moves *pool_moves_new(struct pool *from, size_t max); /* max <= POOL_TOGETHER */
/* Writes the fresh copy. 0, or -1 with errno: this one stays, and is not in the group. */
int pool_moves_add(struct pool_moves *m, const char *name, struct pool *to,
    const struct chunk *parts, size_t n, const struct rng *rng);
size_t pool_moves_len(const struct pool_moves *m);
/*
 * Moves them all; done is called for each, with error 0 or the errno for which it stayed. The
 * caller syncs the directories. Empty again afterwards.
 */
void pool_moves_commit(struct pool_moves *m,
    void (*done)(const char *name, struct pool *to, int error, void *arg), void *arg);
void pool_moves_free(struct pool_moves *m);

/*
 * What is written in the files. incoming/: the bare packet. outgoing/ and deliver/ (and mix/, which
 * holds either kind): fixed-size records, all fields bounded by the reader.
 */
#define OUTREC_LEN	 (512 + PACKET_LEN)
#define DELREC_LEN	 (4096 + PAYLOAD_LEN)

struct mix_addr;

void outrec_head(uint8_t head[512], const struct mix_addr *to);
int outrec_parse(struct mix_addr *to, const uint8_t **packet, const uint8_t rec[OUTREC_LEN]);
/* ri: the whole routing info with tag. */
void delrec_head(uint8_t head[4096], uint16_t rt, const uint8_t *ri, size_t rilen,
    const uint8_t app_key[KEY_LEN]);
int delrec_parse(uint16_t *rt, const uint8_t **ri, size_t *rilen, const uint8_t **payload,
    const uint8_t rec[DELREC_LEN]);

#endif
