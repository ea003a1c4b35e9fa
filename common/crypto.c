#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "crypto.h"
#include "log.h"

#define AES_BLOCK 16
#define STREAM_MAX (1 << 30) /* octets in one call of OpenSSL, whose lengths are int */

/* Made once: fetching an algorithm or making a context costs more than hashing a header. */
static EVP_MD *md_sha1, *md_sha256;
static EVP_MD_CTX *ctx_sha1, *ctx_word, *ctx_sha256;
static EVP_CIPHER *cipher_ctr;
static EVP_CIPHER_CTX *ctx_ctr;
static EVP_MAC *mac_hmac;
static EVP_MAC_CTX *ctx_hmac;

static void
system_fill(void *ctx, void *p, size_t len)
{
	uint8_t *out = p;

	(void)ctx;
	while (len > 0) {
		size_t n = len < STREAM_MAX ? len : STREAM_MAX;

		if (RAND_bytes(out, (int)n) != 1)
			fatalx("the system's random generator failed");
		out += n;
		len -= n;
	}
}

const struct rng rng_system = { system_fill, NULL };

uint32_t
rng_below(const struct rng *r, uint32_t bound)
{
	uint32_t skip = bound != 0 ? -bound % bound : 0; /* 2^32 mod bound */
	uint32_t v;

	if (bound == 0)
		fatalx("rng_below: no number is below 0");
	do
		rng_fill(r, &v, sizeof(v));
	while (v < skip);
	return v % bound;
}

static void
fetch_digests(void)
{
	md_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	ctx_sha1 = EVP_MD_CTX_new();
	ctx_word = EVP_MD_CTX_new();
	ctx_sha256 = EVP_MD_CTX_new();
	if (md_sha1 == NULL || md_sha256 == NULL || ctx_sha1 == NULL || ctx_word == NULL ||
	    ctx_sha256 == NULL)
		fatalx("OpenSSL has no SHA-1 or SHA-256");
}

void
crypto_init(void)
{
	OSSL_PARAM digest[2];
	uint8_t seed[AES_BLOCK];
	char name[] = "SHA256";

	if (ctx_hmac != NULL)
		return;
	fetch_digests();
	cipher_ctr = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
	ctx_ctr = EVP_CIPHER_CTX_new();
	if (cipher_ctr == NULL || ctx_ctr == NULL)
		fatalx("OpenSSL has no AES-128 in counter mode");
	mac_hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ctx_hmac = mac_hmac != NULL ? EVP_MAC_CTX_new(mac_hmac) : NULL;
	digest[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	digest[1] = OSSL_PARAM_construct_end();
	if (ctx_hmac == NULL || EVP_MAC_CTX_set_params(ctx_hmac, digest) != 1)
		fatalx("OpenSSL has no HMAC");
	rng_fill(&rng_system, seed, sizeof(seed));
	wipe(seed, sizeof(seed));
}

static void
hash_parts(EVP_MD_CTX *ctx, const EVP_MD *type, uint8_t *md, const struct chunk *parts, size_t n)
{
	if (EVP_DigestInit_ex2(ctx, type, NULL) != 1)
		fatalx("OpenSSL: hash initialisation failed");
	for (size_t i = 0; i < n; i++)
		if (EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) != 1)
			fatalx("OpenSSL: hashing failed");
	if (EVP_DigestFinal_ex(ctx, md, NULL) != 1)
		fatalx("OpenSSL: hashing failed");
}

void
sha1_parts(uint8_t md[HASH_LEN], const struct chunk *parts, size_t n)
{
	crypto_init();
	hash_parts(ctx_sha1, md_sha1, md, parts, n);
}

void
sha1(uint8_t md[HASH_LEN], const void *p, size_t len)
{
	struct chunk c = { p, len };

	sha1_parts(md, &c, 1);
}

void
sha1_words(uint8_t (*md)[HASH_LEN], const void *p, size_t len, const char *const *words,
    size_t n)
{
	crypto_init();
	if (EVP_DigestInit_ex2(ctx_sha1, md_sha1, NULL) != 1 ||
	    EVP_DigestUpdate(ctx_sha1, p, len) != 1)
		fatalx("OpenSSL: hashing failed");
	for (size_t i = 0; i < n; i++)
		if (EVP_MD_CTX_copy_ex(ctx_word, ctx_sha1) != 1 ||
		    EVP_DigestUpdate(ctx_word, words[i], strlen(words[i])) != 1 ||
		    EVP_DigestFinal_ex(ctx_word, md[i], NULL) != 1)
			fatalx("OpenSSL: hashing failed");
}

void
sha256(uint8_t md[32], const void *p, size_t len)
{
	struct chunk c = { p, len };

	crypto_init();
	hash_parts(ctx_sha256, md_sha256, md, &c, 1);
}

void
hmac_sha256(uint8_t mac[32], const void *key, size_t keylen, const void *p, size_t len)
{
	size_t outlen;

	crypto_init();
	if (EVP_MAC_init(ctx_hmac, key, keylen, NULL) != 1 ||
	    EVP_MAC_update(ctx_hmac, p, len) != 1 ||
	    EVP_MAC_final(ctx_hmac, mac, &outlen, 32) != 1 || outlen != 32)
		fatalx("OpenSSL: HMAC failed");
}

static void
ctr_update(uint8_t *out, const uint8_t *in, size_t len)
{
	while (len > 0) {
		int n = len < STREAM_MAX ? (int)len : STREAM_MAX, got;

		if (EVP_EncryptUpdate(ctx_ctr, out, &got, in, n) != 1 || got != n)
			fatalx("OpenSSL: encryption failed");
		out += n;
		in += n;
		len -= (size_t)n;
	}
}

void
stream_crypt(const uint8_t key[KEY_LEN], uint64_t off, const void *in, void *out, size_t len)
{
	uint8_t iv[AES_BLOCK] = { 0 }, skipped[AES_BLOCK] = { 0 };
	uint64_t block = off / AES_BLOCK;

	crypto_init();
	put_be32(iv + 8, (uint32_t)(block >> 32));
	put_be32(iv + 12, (uint32_t)block);
	if (EVP_EncryptInit_ex2(ctx_ctr, cipher_ctr, key, iv, NULL) != 1)
		fatalx("OpenSSL: cipher initialisation failed");
	ctr_update(skipped, skipped, off % AES_BLOCK);
	wipe(skipped, sizeof(skipped));
	if (in == NULL) {
		memset(out, 0, len);
		in = out;
	}
	ctr_update(out, in, len);
}

void
subkey(uint8_t out[KEY_LEN], const void *master, size_t mlen, const char *label)
{
	struct chunk c[] = { { master, mlen }, { label, strlen(label) } };
	uint8_t md[HASH_LEN];

	sha1_parts(md, c, 2);
	memcpy(out, md, KEY_LEN);
	wipe(md, sizeof(md));
}

int
ct_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}
