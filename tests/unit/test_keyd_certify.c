#include <openssl/evp.h>
#include <openssl/x509.h>

#include "../../keyd/certify.h"
#include "t.h"

#define NOW 1795000000

static struct rsakey *identity;
static struct certifier cf;

static void
start(int legacy)
{
	crypto_init();
	if (identity == NULL)
		identity = rsakey_generate(2048);
	cf = (struct certifier) { .nickname = "Alice", .identity = identity, .legacy = legacy,
		.now = NOW, .rng = &rng_system };
}

static int
ask(uint32_t kind, EVP_PKEY *k, struct buf *out)
{
	unsigned char *der = NULL;
	struct errmsg e = { "" };
	int len = i2d_PUBKEY(k, &der), rc;

	rc = certify(&cf, kind, der, (size_t)len, out, &e);
	if (rc == -1 && e.s[0] == '\0')
		rc = 1; /* a refusal says why */
	OPENSSL_free(der);
	return rc;
}

static int
refused(uint32_t kind, EVP_PKEY *k)
{
	struct buf out = { 0 };
	int rc = ask(kind, k, &out);

	EVP_PKEY_free(k);
	buf_free(&out);
	return rc == -1 && out.len == 0;
}

static X509 *
take(const uint8_t **p, uint32_t len)
{
	const uint8_t *start = *p;
	X509 *x = d2i_X509(NULL, p, (long)len);

	return x != NULL && *p == start + len ? x : NULL;
}

static int
named(const X509_NAME *n, int nid, const char *want)
{
	int i = X509_NAME_get_index_by_NID(n, nid, -1);
	const ASN1_STRING *s;

	if (i < 0 || X509_NAME_get_index_by_NID(n, nid, i) != -1)
		return 0;
	s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, i));
	return ASN1_STRING_length(s) == (int)strlen(want) &&
	    memcmp(ASN1_STRING_get0_data(s), want, strlen(want)) == 0;
}

static void
check_cert(X509 *x, const char *cn, int md_nid)
{
	time_t from = NOW - 2 * 3600, until = NOW + 26 * 3600;

	CHECK(X509_get_version(x) == 2);
	CHECK(X509_get_ext_count(x) == 0);
	CHECK(named(X509_get_subject_name(x), NID_organizationName, "Mixminion network"));
	CHECK(named(X509_get_subject_name(x), NID_commonName, cn));
	CHECK(named(X509_get_issuer_name(x), NID_commonName, "Alice"));
	CHECK(X509_NAME_entry_count(X509_get_subject_name(x)) == 2);
	CHECK(X509_get_signature_nid(x) == md_nid);
	CHECK(ASN1_TIME_cmp_time_t(X509_get0_notBefore(x), from) == 0);
	CHECK(ASN1_TIME_cmp_time_t(X509_get0_notAfter(x), until) == 0);
	CHECK(X509_verify(x, rsakey_evp(identity)) == 1);
}

static void
check_answer(uint32_t kind, EVP_PKEY *k, int md_nid)
{
	struct certify_rep rep;
	struct buf out = { 0 };
	const uint8_t *p;
	X509 *leaf, *ident;

	CHECK(ask(kind, k, &out) == 0 && out.len > sizeof(rep));
	memcpy(&rep, out.p, sizeof(rep));
	CHECK(rep.status == ST_OK && rep.not_after == NOW + 26 * 3600);
	CHECK(sizeof(rep) + rep.leaf_len + rep.ident_len == out.len);
	p = out.p + sizeof(rep);
	leaf = take(&p, rep.leaf_len);
	ident = take(&p, rep.ident_len);
	CHECK(leaf != NULL && ident != NULL);
	check_cert(leaf, "Alice<MMTP>", md_nid);
	check_cert(ident, "Alice", md_nid);
	CHECK(EVP_PKEY_eq(X509_get0_pubkey(leaf), k) == 1);
	CHECK(EVP_PKEY_eq(X509_get0_pubkey(ident), rsakey_evp(identity)) == 1);
	CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(leaf), X509_get0_serialNumber(ident)) != 0);
	X509_free(leaf);
	X509_free(ident);
	EVP_PKEY_free(k);
	buf_free(&out);
}

static void
test_modern(void)
{
	start(0);
	check_answer(CERT_MODERN, EVP_EC_gen("P-256"), NID_sha256WithRSAEncryption);
	check_answer(CERT_MODERN, EVP_RSA_gen(2048), NID_sha256WithRSAEncryption);
}

static void
test_legacy(void)
{
	start(1);
	check_answer(CERT_LEGACY, EVP_RSA_gen(1024), NID_sha1WithRSAEncryption);
}

static void
test_refused_keys(void)
{
	start(1);
	CHECK(refused(CERT_MODERN, EVP_RSA_gen(1024)));
	CHECK(refused(CERT_MODERN, EVP_EC_gen("P-384")));
	CHECK(refused(CERT_MODERN, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")));
	CHECK(refused(CERT_LEGACY, EVP_EC_gen("P-256")));
	CHECK(refused(CERT_LEGACY, EVP_RSA_gen(768)));
	CHECK(refused(7, EVP_EC_gen("P-256")));
}

static void
test_no_sha1_without_legacy(void)
{
	start(0);
	CHECK(refused(CERT_LEGACY, EVP_RSA_gen(1024)));
}

static void
test_malformed_keys(void)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	unsigned char *der = NULL, more[256] = { 0 };
	struct buf out = { 0 };
	struct errmsg e;
	size_t len = (size_t)i2d_PUBKEY(k, &der);

	start(0);
	memcpy(more, der, len);
	CHECK(certify(&cf, CERT_MODERN, more, len + 1, &out, &e) == -1); /* something behind */
	for (size_t i = 0; i < len; i++)
		CHECK(certify(&cf, CERT_MODERN, more, i, &out, &e) == -1); /* cut */
	more[len - 1] ^= 1; /* not on the curve */
	CHECK(certify(&cf, CERT_MODERN, more, len, &out, &e) == -1);
	CHECK(out.len == 0);
	OPENSSL_free(der);
	EVP_PKEY_free(k);
}

TESTS(T(test_modern), T(test_legacy), T(test_refused_keys), T(test_no_sha1_without_legacy),
    T(test_malformed_keys))
