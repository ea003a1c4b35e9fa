/*
 * The client's keyring of SURB secrets: E2E-spec A.2, in the reference's format.
 */
#ifndef COMMON_KEYRING_H
#define COMMON_KEYRING_H

#include "bytes.h"
#include "crypto.h"
#include "mix.h"

struct keyring_item {
	uint8_t type; /* a SURB key, an RSA key; others are kept as they are */
	uint8_t *val;
	uint16_t len;
};

/* Zero-initialised is empty; items in file order. */
struct keyring {
	struct keyring_item *items;
	size_t n;
};

struct surb_key {
	const char *name; /* identity, lower case; borrowed from the item */
	uint32_t expires;
	const uint8_t *secret; /* borrowed */
	size_t seclen;
};

/* Plain data (the inside of the file). */
int keyring_parse(struct keyring *k, const uint8_t *p, size_t len, struct errmsg *e);
void keyring_pack(struct buf *b, const struct keyring *k);
void keyring_free(struct keyring *k); /* wipes */

/* The i'th SURB key, 0 when there is no such; malformed ones are found by keyring_parse. */
int keyring_surb_key(const struct keyring *k, size_t i, struct surb_key *out);
/* The latest-expiring key of an identity (case-insensitive, "" is the default one); 0 if none. */
int keyring_newest(const struct keyring *k, const char *name, struct surb_key *out);
/* Adds a key; expires is rounded up to midnight. Draws 20 octets if secret is NULL. */
int keyring_add(struct keyring *k, const char *name, uint32_t expires, const void *secret,
    size_t seclen, const struct rng *rng, struct errmsg *e);
/*
 * RSA keys for encrypted forward messages: an item type of our own (0x45), NAME NUL and the
 * PKCS#1 private key; the specification has other programs keep what they do not know.
 */
struct rsa_item {
	const char *name; /* identity, lower case; borrowed as der is */
	const uint8_t *der;
	size_t len;
};
/* The i'th, 0 when there is no such. */
int keyring_rsa_key(const struct keyring *k, size_t i, struct rsa_item *out);
int keyring_add_rsa(struct keyring *k, const char *name, const void *der, size_t len,
    struct errmsg *e);
/* Removes SURB keys that expired before now; returns how many. */
size_t keyring_expire(struct keyring *k, int64_t now);

/* The armored, encrypted file. Draws: salt (8), padding. */
void keyring_encrypt(struct buf *out, const struct keyring *k, const char *passphrase,
    const struct rng *rng);
/* -1 bad file; -2 wrong passphrase (or damaged). */
int keyring_decrypt(struct keyring *k, const char *text, size_t len, const char *passphrase,
    struct errmsg *e);

#endif
