/*
 * RSA keys as the protocol uses them (minion-spec 3.1.1.4): PKCS#1 DER, OAEP with SHA-1 and the
 * label, and the "signature" that is the private operation on an OAEP block.
 */
#ifndef COMMON_RSAKEY_H
#define COMMON_RSAKEY_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "crypto.h"
#include "mix.h"

#define RSA_MAX_LEN  512 /* octets of the largest modulus that is taken (4096 bits) */
#define RSA_MIN_BITS 1024

/* The OAEP parameter of minion-spec 3.1.1.4 (Thomas Paine). */
#define OAEP_LABEL                                     \
	"He who would make his own liberty secure, " \
	"must guard even his enemy from oppression."

struct rsakey;
struct evp_pkey_st;

/* All constructors return NULL with a reason on bad input. Only exponent 65537 is taken. */
struct rsakey *rsakey_from_public_der(const uint8_t *der, size_t len, struct errmsg *e);
struct rsakey *rsakey_from_private_der(const uint8_t *der, size_t len, struct errmsg *e);
/* PEM of a private key, traditional or PKCS#8; passphrase may be NULL. Never asks the terminal. */
struct rsakey *rsakey_from_pem(
    const char *pem, size_t len, const char *passphrase, struct errmsg *e);
struct rsakey *rsakey_generate(unsigned bits); /* fatal on failure */
void rsakey_free(struct rsakey *k); /* wipes the private part; NULL is fine */

size_t rsakey_len(const struct rsakey *k); /* octets of the modulus */
unsigned rsakey_bits(const struct rsakey *k);
int rsakey_is_private(const struct rsakey *k);
/* PK_Encode: appends the PKCS#1 RSAPublicKey. */
void rsakey_public_der(const struct rsakey *k, struct buf *out);
/* Appends PKCS#1 RSAPrivateKey DER, or the traditional PEM of it ("RSA PRIVATE KEY"). */
void rsakey_private_der(const struct rsakey *k, struct buf *out);
void rsakey_private_pem(const struct rsakey *k, struct buf *out);
/*
 * Appends the PEM of PKCS#8, encrypted with AES-256 under what scrypt makes of the passphrase (at
 * most KEY_PASSPHRASE_MAX octets): openssl(1) reads it.
 */
#define KEY_PASSPHRASE_MAX 1000
void rsakey_encrypted_pem(const struct rsakey *k, const char *passphrase, struct buf *out);
/* Is a PEM encrypted, in either form? */
int rsakey_pem_encrypted(const char *pem, size_t len);
/* KEYID: SHA-1 of the PKCS#1 public key. */
void rsakey_keyid(const struct rsakey *k, uint8_t id[HASH_LEN]);
/* Borrowed; for making certificates. */
struct evp_pkey_st *rsakey_evp(struct rsakey *k);

/*
 * OAEP as a pure function. Encodes msg into a block of klen octets (first octet 0) with the
 * 20-octet seed; -1 if msg is too long. Decode is for public data only (signatures): not constant
 * time.
 */
int oaep_encode(uint8_t *block, size_t klen, const uint8_t seed[HASH_LEN], const void *msg,
    size_t mlen);
int oaep_decode(uint8_t *msg, size_t *mlen, const uint8_t *block, size_t klen);

/*
 * PK_Encrypt: out has room for rsakey_len. Draws one 20-octet seed. -1 if msg is too long.
 */
int rsakey_encrypt(struct rsakey *k, const struct rng *rng, const void *msg, size_t mlen,
    uint8_t *out);
/*
 * PK_Decrypt by OpenSSL's constant-time OAEP: in is rsakey_len octets, out has room for as many;
 * -1 for every failure alike; an empty message is one.
 */
int rsakey_decrypt(struct rsakey *k, const uint8_t *in, uint8_t *out, size_t *outlen);
/* The signature of a 20-octet digest (D6); appends rsakey_len octets. Draws one 20-octet seed. */
int rsakey_sign(struct rsakey *k, const struct rng *rng, const uint8_t digest[HASH_LEN],
    struct buf *sig);
/* 0 if sig is k's signature of digest, else -1. */
int rsakey_verify(struct rsakey *k, const uint8_t digest[HASH_LEN], const void *sig, size_t siglen);

#endif
