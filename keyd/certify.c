#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "certify.h"
#include "log.h"

#define ORGANIZATION "Mixminion network"
#define X509_V3	     2

static int
is_p256(const EVP_PKEY *k)
{
	char group[32];

	return EVP_PKEY_get_base_id(k) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(k, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0;
}

static int
is_rsa(const EVP_PKEY *k, int min, int max)
{
	BIGNUM *exp = NULL;
	int ok;

	if (EVP_PKEY_get_base_id(k) != EVP_PKEY_RSA || EVP_PKEY_get_bits(k) < min ||
	    EVP_PKEY_get_bits(k) > max)
		return 0;
	ok = EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_E, &exp) == 1 && BN_is_word(exp, RSA_F4);
	BN_free(exp);
	return ok;
}

static int
kind_allowed(const struct certifier *cf, uint32_t kind, const EVP_PKEY *k, struct errmsg *e)
{
	switch (kind) {
	case CERT_MODERN:
		if (is_p256(k) || is_rsa(k, 2048, 4096))
			return 0;
		return err_set(e, "a link key that is neither RSA of 2048 to 4096 bits nor P-256");
	case CERT_LEGACY:
		if (!cf->legacy)
			return err_set(e, "SHA-1 certificates need LegacyTLS");
		if (is_rsa(k, 1024, 2048))
			return 0;
		return err_set(e, "a legacy link key that is not RSA of 1024 to 2048 bits");
	default:
		return err_set(e, "an unknown kind of certificate");
	}
}

/* The encoding has to be the one that we would write: then nothing is hidden in it. */
static EVP_PKEY *
parse_spki(const uint8_t *spki, size_t len, struct errmsg *e)
{
	const unsigned char *p = spki;
	EVP_PKEY *k = d2i_PUBKEY(NULL, &p, (long)len);
	unsigned char *again = NULL;
	int n;

	if (k == NULL || p != spki + len || (n = i2d_PUBKEY(k, &again)) < 0 ||
	    (size_t)n != len || memcmp(again, spki, len) != 0) {
		err_set(e, "a link key that is no SubjectPublicKeyInfo in DER");
		EVP_PKEY_free(k);
		k = NULL;
	}
	OPENSSL_free(again);
	ERR_clear_error();
	return k;
}

static void
add_part(X509_NAME *name, int nid, const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_ASC, u, -1, -1, 0) != 1)
		fatalx("OpenSSL: a name for a certificate");
}

static void
set_name(X509_NAME *name, const char *cn)
{
	add_part(name, NID_organizationName, ORGANIZATION);
	add_part(name, NID_commonName, cn);
}

static void
set_serial(X509 *x, const struct rng *rng)
{
	uint64_t serial;

	do
		rng_fill(rng, &serial, sizeof(serial));
	while (serial == 0);
	if (ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial) != 1)
		fatalx("OpenSSL: a serial number");
}

/* One certificate, appended in DER. Its length. */
static size_t
make(const struct certifier *cf, EVP_PKEY *key, const char *cn, const EVP_MD *md, struct buf *out)
{
	time_t from = cf->now - CERT_BEFORE, until = cf->now + CERT_AFTER;
	X509 *x = X509_new();
	unsigned char *p;
	int len;

	if (x == NULL || X509_set_version(x, X509_V3) != 1)
		fatalx("OpenSSL: a certificate");
	set_serial(x, cf->rng);
	set_name(X509_get_subject_name(x), cn);
	set_name(X509_get_issuer_name(x), cf->nickname);
	if (ASN1_TIME_set(X509_getm_notBefore(x), from) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(x), until) == NULL || X509_set_pubkey(x, key) != 1 ||
	    X509_sign(x, rsakey_evp(cf->identity), md) <= 0 || (len = i2d_X509(x, NULL)) <= 0)
		fatalx("OpenSSL: signing a certificate");
	p = buf_space(out, (size_t)len);
	i2d_X509(x, &p);
	X509_free(x);
	return (size_t)len;
}

int
certify(const struct certifier *cf, uint32_t kind, const uint8_t *spki, size_t len,
    struct buf *out, struct errmsg *e)
{
	struct certify_rep rep = { .status = ST_OK, .not_after = cf->now + CERT_AFTER };
	const EVP_MD *md = kind == CERT_LEGACY ? EVP_sha1() : EVP_sha256();
	EVP_PKEY *key = parse_spki(spki, len, e);
	char cn[MAX_NICKNAME + 8];
	size_t at = out->len;

	if (key == NULL || kind_allowed(cf, kind, key, e) == -1) {
		EVP_PKEY_free(key);
		return -1;
	}
	buf_put(out, &rep, sizeof(rep));
	snprintf(cn, sizeof(cn), "%s<MMTP>", cf->nickname);
	rep.leaf_len = (uint32_t)make(cf, key, cn, md, out);
	rep.ident_len = (uint32_t)make(cf, rsakey_evp(cf->identity), cf->nickname, md, out);
	memcpy(out->p + at, &rep, sizeof(rep));
	EVP_PKEY_free(key);
	return 0;
}
