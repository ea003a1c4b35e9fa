/*
 * The symmetric primitives of minion-spec 3.1.1: SHA-1, the AES-128 stream, LIONESS, derived keys,
 * and where randomness comes from. Contexts of OpenSSL are made once and kept, so that after
 * crypto_init nothing here allocates or asks the system for anything but a reseed (getrandom).
 */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "mix.h"

/* Labels of derived keys. */
#define L_HEADER_SECRET "HEADER SECRET KEY"
#define L_RANDOM_JUNK	"RANDOM JUNK"
#define L_HEADER_ENC	"HEADER ENCRYPT"
#define L_PAYLOAD_ENC	"PAYLOAD ENCRYPT"
#define L_HIDE_HEADER	"HIDE HEADER"
#define L_HIDE_PAYLOAD	"HIDE PAYLOAD"
#define L_REPLAY	"REPLAY PREVENTION"
#define L_APPLICATION	"APPLICATION KEY"
#define L_E2E		"END-TO-END ENCRYPT"
#define L_WHITEN	"WHITEN"

/*
 * A source of randomness, passed to everything that needs some. Tests pass one that replays what
 * the reference drew; each function says in which order it draws and how much.
 */
struct rng {
	void (*fill)(void *ctx, void *p, size_t len);
	void *ctx;
};

/* The operating system's, by way of OpenSSL; fatal if it fails. */
extern const struct rng rng_system;

static inline void
rng_fill(const struct rng *r, void *p, size_t len)
{
	r->fill(r->ctx, p, len);
}

/* A uniform number below bound (bound > 0), without modulo bias. */
uint32_t rng_below(const struct rng *r, uint32_t bound);

/* Call once before the sandbox: fetches algorithms, seeds the generator. Idempotent. */
void crypto_init(void);

void sha1(uint8_t md[HASH_LEN], const void *p, size_t len);
/* SHA-1 of the concatenation of n pieces. */
void sha1_parts(uint8_t md[HASH_LEN], const struct chunk *parts, size_t n);
/* SHA-1 of p followed by each of n words (strings): p is hashed once. */
void sha1_words(uint8_t (*md)[HASH_LEN], const void *p, size_t len, const char *const *words,
    size_t n);
void sha256(uint8_t md[32], const void *p, size_t len);
void hmac_sha256(uint8_t mac[32], const void *key, size_t keylen, const void *p, size_t len);

/*
 * Encrypt(K, M) of the specification, beginning off octets into the stream. in may equal out, or
 * be NULL for the bare stream (PRNG).
 */
void stream_crypt(const uint8_t key[KEY_LEN], uint64_t off, const void *in, void *out, size_t len);

/* SubKey(K, S): the first 16 octets of SHA-1(master | label). */
void subkey(uint8_t out[KEY_LEN], const void *master, size_t mlen, const char *label);

/* The four keys of LIONESS for SHA-1(master | label), minion-spec 3.1.1.3. */
struct lioness_key {
	uint8_t k[4][HASH_LEN];
};

void lioness_setkey(struct lioness_key *k, const void *master, size_t mlen, const char *label);
/* In place; len > HASH_LEN, else fatal (P9: callers check). */
void lioness_encrypt(const struct lioness_key *k, uint8_t *m, size_t len);
void lioness_decrypt(const struct lioness_key *k, uint8_t *m, size_t len);

/* SPRP_Encrypt(K, S, M) and SPRP_Decrypt: key set-up and one pass, in place. */
void sprp_encrypt(const void *master, size_t mlen, const char *label, uint8_t *m, size_t len);
void sprp_decrypt(const void *master, size_t mlen, const char *label, uint8_t *m, size_t len);

/* E2E-spec 2.1.3, in place; len > HASH_LEN. */
void whiten(uint8_t *m, size_t len);
void unwhiten(uint8_t *m, size_t len);

/* Constant time; 1 if equal. */
int ct_equal(const void *a, const void *b, size_t len);
/* Overwrites; never optimised away. */
void wipe(void *p, size_t len);

#endif
