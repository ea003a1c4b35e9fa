/* RSA keys: making them, and their encodings; see rsakey.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "log.h"
#include "rsakey.h"
#include "rsakey_int.h"

static int
exponent_ok(const EVP_PKEY *pkey)
{
	BIGNUM *exp = NULL;
	int ok;

	ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exp) == 1 &&
	    BN_is_word(exp, RSA_F4);
	BN_free(exp);
	return ok;
}

/* Takes pkey over, also on failure; pkey NULL: the parser has failed. */
static struct rsakey *
wrap(EVP_PKEY *pkey, int private, struct errmsg *e)
{
	struct rsakey *k;

	ERR_clear_error();
	if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA) {
		(void)err_set(e, "not an RSA key");
	} else if (EVP_PKEY_get_bits(pkey) < RSA_MIN_BITS ||
	    EVP_PKEY_get_bits(pkey) > RSA_MAX_LEN * 8) {
		(void)err_set(e, "an RSA key of %d bits", EVP_PKEY_get_bits(pkey));
	} else if (!exponent_ok(pkey)) {
		(void)err_set(e, "an RSA key whose exponent is not 65537");
	} else {
		k = calloc(1, sizeof(*k));
		if (k == NULL)
			fatal("calloc");
		k->pkey = pkey;
		k->private = private;
		k->bits = (unsigned)EVP_PKEY_get_bits(pkey);
		k->len = (k->bits + 7) / 8;
		return k;
	}
	EVP_PKEY_free(pkey);
	return NULL;
}

struct rsakey *
rsakey_from_public_der(const uint8_t *der, size_t len, struct errmsg *e)
{
	const uint8_t *p = der;
	struct buf again = { 0 };
	struct rsakey *k;

	if (len > RSA_MAX_LEN + 32) {
		(void)err_set(e, "an RSA key of %zu octets", len);
		return NULL;
	}
	k = wrap(d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)len), 0, e);
	if (k == NULL)
		return NULL;
	/* The key id is a hash of the encoding, so there must be only one. */
	rsakey_public_der(k, &again);
	if (again.len != len || memcmp(again.p, der, len) != 0) {
		(void)err_set(e, "an RSA key that is not in DER");
		rsakey_free(k);
		k = NULL;
	}
	buf_free(&again);
	return k;
}

struct rsakey *
rsakey_from_private_der(const uint8_t *der, size_t len, struct errmsg *e)
{
	const uint8_t *p = der;
	EVP_PKEY *pkey;

	if (len > 8 * RSA_MAX_LEN) {
		(void)err_set(e, "an RSA key of %zu octets", len);
		return NULL;
	}
	pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &p, (long)len);
	if (pkey != NULL && p != der + len) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return wrap(pkey, 1, e);
}

struct passphrase {
	const char *s;
	int asked;
};

/* OpenSSL's default would ask the terminal. */
static int
give_passphrase(char *to, int size, int rwflag, void *ctx)
{
	struct passphrase *pass = ctx;
	size_t len;

	(void)rwflag;
	pass->asked = 1;
	if (pass->s == NULL || (len = strlen(pass->s)) > (size_t)size)
		return -1;
	memcpy(to, pass->s, len);
	return (int)len;
}

struct rsakey *
rsakey_from_pem(const char *pem, size_t len, const char *passphrase, struct errmsg *e)
{
	struct passphrase pass = { passphrase, 0 };
	struct rsakey *k;
	EVP_PKEY *pkey;
	BIO *bio;

	if (len > 64 * 1024) {
		(void)err_set(e, "too long for a key file");
		return NULL;
	}
	bio = BIO_new_mem_buf(pem, (int)len);
	if (bio == NULL)
		fatalx("OpenSSL: out of memory");
	pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &pass);
	BIO_free(bio);
	k = wrap(pkey, 1, e);
	if (pkey == NULL && pass.asked)
		(void)err_set(e, passphrase == NULL
				     ? "the key is encrypted and there is no passphrase"
				     : "wrong passphrase for the key");
	return k;
}

struct rsakey *
rsakey_generate(unsigned bits)
{
	struct errmsg e;
	struct rsakey *k = wrap(EVP_RSA_gen(bits), 1, &e);

	if (k == NULL)
		fatalx("cannot make an RSA key of %u bits: %s", bits, e.s);
	return k;
}

void
rsakey_free(struct rsakey *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_CTX_free(k->oaep);
	EVP_PKEY_CTX_free(k->raw_public);
	EVP_PKEY_CTX_free(k->raw_private);
	EVP_PKEY_free(k->pkey);
	free(k);
}

size_t
rsakey_len(const struct rsakey *k)
{
	return k->len;
}

unsigned
rsakey_bits(const struct rsakey *k)
{
	return k->bits;
}

int
rsakey_is_private(const struct rsakey *k)
{
	return k->private;
}

struct evp_pkey_st *
rsakey_evp(struct rsakey *k)
{
	return k->pkey;
}

static void
encode(const struct rsakey *k, int (*i2d)(const EVP_PKEY *, unsigned char **), struct buf *out)
{
	int len = i2d(k->pkey, NULL);
	unsigned char *p;

	if (len <= 0)
		fatalx("OpenSSL: cannot encode a key");
	p = buf_space(out, (size_t)len);
	if (i2d(k->pkey, &p) != len)
		fatalx("OpenSSL: cannot encode a key");
}

void
rsakey_public_der(const struct rsakey *k, struct buf *out)
{
	encode(k, i2d_PublicKey, out);
}

void
rsakey_private_der(const struct rsakey *k, struct buf *out)
{
	if (!k->private)
		fatalx("rsakey_private_der: not a private key");
	encode(k, i2d_PrivateKey, out);
}

void
rsakey_private_pem(const struct rsakey *k, struct buf *out)
{
	struct buf der = { 0 };

	rsakey_private_der(k, &der);
	buf_str(out, "-----BEGIN RSA PRIVATE KEY-----\n");
	b64_encode_lines(out, der.p, der.len);
	buf_str(out, "-----END RSA PRIVATE KEY-----\n");
	buf_wipe(&der);
}

/* 16 MiB and a quarter of a second a guess; with more memory openssl(1) refuses to read it. */
#define SCRYPT_N    16384
#define SCRYPT_R    8
#define SCRYPT_P    5
#define SALT_OCTETS 16

void
rsakey_encrypted_pem(const struct rsakey *k, const char *passphrase, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(k->pkey);
	X509_ALGOR *how = PKCS5_pbe2_set_scrypt(
	    EVP_aes_256_cbc(), NULL, SALT_OCTETS, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	X509_SIG *sealed = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (plain != NULL && how != NULL)
		sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, how);
	if (sealed == NULL || bio == NULL || PEM_write_bio_PKCS8(bio, sealed) != 1 ||
	    (len = BIO_get_mem_data(bio, &text)) <= 0)
		fatalx("OpenSSL: cannot encrypt a key");
	buf_put(out, text, (size_t)len);
	BIO_free(bio);
	X509_SIG_free(sealed); /* with how */
	PKCS8_PRIV_KEY_INFO_free(plain);
}

int
rsakey_pem_encrypted(const char *pem, size_t len)
{
	static const char mark[] = "ENCRYPTED";

	return memmem(pem, len, mark, sizeof(mark) - 1) != NULL;
}

void
rsakey_keyid(const struct rsakey *k, uint8_t id[HASH_LEN])
{
	struct buf der = { 0 };

	rsakey_public_der(k, &der);
	sha1(id, der.p, der.len);
	buf_free(&der);
}
