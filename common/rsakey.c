#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "log.h"
#include "rsakey.h"
#include "rsakey_int.h"

/* A context for one kind of operation, made at its first use and kept with the key. */
static EVP_PKEY_CTX *
op_ctx(struct rsakey *k, EVP_PKEY_CTX **slot, int (*init)(EVP_PKEY_CTX *), int padding)
{
	if (*slot != NULL)
		return *slot;
	*slot = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (*slot == NULL || init(*slot) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(*slot, padding) != 1)
		fatalx("OpenSSL: cannot set an RSA operation up");
	return *slot;
}

static EVP_PKEY_CTX *
oaep_ctx(struct rsakey *k)
{
	EVP_PKEY_CTX *ctx;
	unsigned char *label;

	if (k->oaep != NULL)
		return k->oaep;
	ctx = op_ctx(k, &k->oaep, EVP_PKEY_decrypt_init, RSA_PKCS1_OAEP_PADDING);
	label = OPENSSL_memdup(OAEP_LABEL, strlen(OAEP_LABEL));
	if (label == NULL || EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha1()) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha1()) != 1 ||
	    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)strlen(OAEP_LABEL)) != 1)
		fatalx("OpenSSL: cannot set OAEP up");
	return ctx;
}

/* block of k->len octets to out; -1 if it is not below the modulus. */
static int
raw_public(struct rsakey *k, const uint8_t *block, uint8_t *out)
{
	EVP_PKEY_CTX *ctx = op_ctx(k, &k->raw_public, EVP_PKEY_encrypt_init, RSA_NO_PADDING);
	size_t outlen = k->len;

	if (EVP_PKEY_encrypt(ctx, out, &outlen, block, k->len) != 1 || outlen != k->len) {
		ERR_clear_error();
		return -1;
	}
	return 0;
}

static int
raw_private(struct rsakey *k, const uint8_t *block, uint8_t *out)
{
	EVP_PKEY_CTX *ctx = op_ctx(k, &k->raw_private, EVP_PKEY_decrypt_init, RSA_NO_PADDING);
	size_t outlen = k->len;

	if (EVP_PKEY_decrypt(ctx, out, &outlen, block, k->len) != 1 || outlen != k->len) {
		ERR_clear_error();
		return -1;
	}
	return 0;
}

int
rsakey_encrypt(
    struct rsakey *k, const struct rng *rng, const void *msg, size_t mlen, uint8_t *out)
{
	uint8_t block[RSA_MAX_LEN], seed[HASH_LEN];
	int r;

	if (mlen > k->len - PK_OVERHEAD_LEN)
		return -1;
	rng_fill(rng, seed, sizeof(seed));
	r = oaep_encode(block, k->len, seed, msg, mlen);
	if (r == 0)
		r = raw_public(k, block, out);
	wipe(block, sizeof(block));
	wipe(seed, sizeof(seed));
	return r;
}

int
rsakey_decrypt(struct rsakey *k, const uint8_t *in, uint8_t *out, size_t *outlen)
{
	if (!k->private)
		fatalx("rsakey_decrypt: not a private key");
	*outlen = k->len;
	if (EVP_PKEY_decrypt(oaep_ctx(k), out, outlen, in, k->len) != 1 || *outlen == 0) {
		ERR_clear_error();
		*outlen = 0;
		return -1;
	}
	return 0;
}

int
rsakey_sign(
    struct rsakey *k, const struct rng *rng, const uint8_t digest[HASH_LEN], struct buf *sig)
{
	uint8_t block[RSA_MAX_LEN], seed[HASH_LEN];

	if (!k->private)
		fatalx("rsakey_sign: not a private key");
	rng_fill(rng, seed, sizeof(seed));
	if (oaep_encode(block, k->len, seed, digest, HASH_LEN) != 0)
		return -1;
	return raw_private(k, block, buf_space(sig, k->len));
}

int
rsakey_verify(
    struct rsakey *k, const uint8_t digest[HASH_LEN], const void *sig, size_t siglen)
{
	uint8_t block[RSA_MAX_LEN], msg[RSA_MAX_LEN];
	size_t mlen;

	if (siglen != k->len || raw_public(k, sig, block) != 0 ||
	    oaep_decode(msg, &mlen, block, k->len) != 0)
		return -1;
	return mlen == HASH_LEN && ct_equal(msg, digest, HASH_LEN) ? 0 : -1;
}
