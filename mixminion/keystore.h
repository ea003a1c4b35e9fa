/*
 * The keyring file, UserDir/keys/keyring.txt, in the reference's format.
 */
#ifndef MIXMINION_KEYSTORE_H
#define MIXMINION_KEYSTORE_H

#include "home.h"
#include "keyring.h"
#include "rsakey.h"

#define KEYSTORE_WRONG_PASSPHRASE -2

struct keystore {
	struct keyring ring;
	struct buf passphrase;
	int exists; /* there was a file */
};

/*
 * Reads the file, asking for the passphrase (fd as passphrase_get has it; a terminal is asked up to
 * three times); without a file it asks for a new passphrase if create is set, and leaves the ring
 * empty. -1 or KEYSTORE_WRONG_PASSPHRASE with a reason. Freed by keystore_close also after a
 * failure.
 */
int keystore_open(struct keystore *k, const struct home *h, int fd, int create, struct errmsg *e);
void keystore_close(struct keystore *k); /* wipes */
/*
 * The key under which reply blocks of an identity are made: the newest that lives long enough, or
 * a new one (the file is written). The home must be locked.
 */
int keystore_surb_key(struct keystore *k, const struct home *h, const char *identity,
    int64_t now, int64_t until, struct surb_key *out, struct errmsg *e);
/* Adds an RSA key and writes the file. The home must be locked. */
int keystore_add_rsa(struct keystore *k, const struct home *h, const char *identity,
    const struct rsakey *key, struct errmsg *e);

#endif
