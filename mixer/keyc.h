/*
 * The client side of keyd: DECRYPT and COMMIT, asked without waiting.
 */
#ifndef MIXER_KEYC_H
#define MIXER_KEYC_H

#include "loop.h"
#include "proto.h"

struct keyc;

/* Who asks. An answer that was not asked for returns -1: the connection is dropped. */
struct keyc_user {
	int (*decrypted)(void *arg, uint32_t id, const struct decrypt_rep *rep);
	int (*committed)(void *arg, uint32_t id, uint32_t status);
	/* keyd forgot what was asked and not committed. */
	void (*lost)(void *arg);
	/* It is back: ask again. */
	void (*back)(void *arg);
};

/*
 * Takes the connected socket fd. path is where to connect again when it is lost, with back-off;
 * NULL (all processes share one uid and may not connect any more): then the process logs it and
 * exits 111.
 */
struct keyc *keyc_new(
    struct loop *l, int fd, const char *path, const struct keyc_user *user, void *arg);
int keyc_up(const struct keyc *k);
/*
 * id comes back with the answer. 0, or -1: the connection is lost (lost will be called from the
 * loop).
 */
int keyc_decrypt(struct keyc *k, uint32_t id, const uint8_t packet[PACKET_LEN]);
int keyc_commit(struct keyc *k, uint32_t id, const uint64_t *cookies, size_t n);

/* Before the loop, blocking: the identity of this node. 0, or -1 with a reason. */
int keyc_whoami(int fd, uint8_t keyid[HASH_LEN], struct errmsg *e);

#endif
