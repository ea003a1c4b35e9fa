/*
 * The replay log of one packet key (minion-spec 3.2.5.1): every digest committed under it, in
 * a file of ours and in a set in memory. A digest in it never decrypts again.
 */
#ifndef KEYD_REPLAY_H
#define KEYD_REPLAY_H

#include "digest.h"

struct replay_log;

/*
 * Opens replay_NNNN in dirfd, or makes it; cuts a torn tail. The key k is borrowed. NULL with
 * a reason.
 */
struct replay_log *replay_open(
    int dirfd, uint32_t number, const struct digest_key *k, struct errmsg *e);
void replay_close(struct replay_log *l); /* NULL is fine */

uint32_t replay_number(const struct replay_log *l);
size_t replay_count(const struct replay_log *l); /* different digests */
int replay_seen(const struct replay_log *l, const uint8_t digest[HASH_LEN]);
/*
 * Adds n digests of HASH_LEN octets: on disk when it returns 0. -1 with errno: none is in the
 * set, and the file is as long as before as far as that could be done.
 */
int replay_append(struct replay_log *l, const uint8_t *digests, size_t n);

/*
 * Overwrites and removes the file of a key that is gone; 0 (also if there is none) or -1 with
 * errno.
 */
int replay_delete(int dirfd, uint32_t number);

/* Room for "replay_NNNN". */
#define REPLAY_NAME_LEN 24
void replay_name(char name[REPLAY_NAME_LEN], uint32_t number);

#endif
