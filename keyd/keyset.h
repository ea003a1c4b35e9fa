/*
 * The key directory: identity.key, and a directory key_NNNN for each packet key with mix.key
 * (PEM), ServerDesc once there is one, and dates, a file of ours that says when the key is
 * good until then.
 */
#ifndef KEYD_KEYSET_H
#define KEYD_KEYSET_H

#include "keyd.h"
#include "rsakey.h"

#define DAY 86400
/* Keys are made to cover this much: D10, two weeks and the time that publication takes. */
#define KEYS_AHEAD (14 * DAY + 61 * 3600)

struct keyset {
	uint32_t number;
	struct rsakey *key;
	int64_t valid_after, valid_until; /* midnights UTC */
	int has_desc;
};

struct keystore {
	int dirfd; /* KeyDir */
	int hashlogs; /* where the reference kept its replay logs; -1: no such directory */
	int replay; /* where ours are */
	struct rsakey *identity;
	uint8_t keyid[HASH_LEN];
	struct keyset *set; /* those that may be used, by valid_after */
	size_t n;
	uint32_t highest; /* number in use for a directory, good or bad */
	char *passphrase; /* NULL: none */
	int encrypt_identity, encrypt_packet; /* how the files shall be */
};

/*
 * Reads all there is, removes what a crash left half made, and encrypts or decrypts the files
 * that are not as they shall be. The identity is made where there are no keys at all. Fatal where
 * no identity can be had, and, before anything is changed, for a passphrase that is missing or
 * wrong; a key set that is no good is said, left alone and not used.
 */
void keystore_load(struct keystore *ks, unsigned identity_bits, int64_t now);
void keystore_free(struct keystore *ks); /* wipes; the descriptors stay open */

/* Appends the numbers (uint32_t) of all that is in KeyDir, good or bad. -1 with errno. */
int keystore_numbers(const struct keystore *ks, struct buf *out);

/* As NNNN in names: key_NNNN. */
#define KEYSET_NAME_LEN 24
void keyset_name(char name[KEYSET_NAME_LEN], uint32_t number);
struct keyset *keystore_find(struct keystore *ks, uint32_t number);
/* D10: from Valid-After until overlap seconds after Valid-Until. */
int keyset_live(const struct keyset *s, int64_t overlap, int64_t now);
int keyset_dead(const struct keyset *s, int64_t overlap, int64_t now);
/* The next moment after now at which the answer of one of these changes; INT64_MAX if none. */
int64_t keystore_next(const struct keystore *ks, int64_t overlap, int64_t now);

/* Makes the key sets that are missing from today on. The number made, or -1 with a reason. */
int keystore_cover(struct keystore *ks, int64_t lifetime, int64_t now, struct errmsg *e);
/*
 * Wipes a key set from the disk and from memory. -1 with a reason: it is gone from use all the
 * same.
 */
int keystore_delete(struct keystore *ks, uint32_t number, struct errmsg *e);

/* The disk alone: overwritten and gone, also if it is no good. -1 with a reason. */
int keyset_wipe(const struct keystore *ks, uint32_t number, struct errmsg *e);

/* --- keymake.c --- */
struct rsakey *identity_make(const struct keystore *ks, unsigned bits);
int keyset_make(const struct keystore *ks, uint32_t number, int64_t valid_after,
    int64_t valid_until, struct errmsg *e);

/* --- foreign.c --- */
/*
 * 1 if the reference has a replay log for this key and we have none: to use the key would be
 * to forget what it has seen.
 */
int foreign_log(const struct keystore *ks, uint32_t number);

#endif
