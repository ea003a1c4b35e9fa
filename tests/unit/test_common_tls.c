/* Certificate chains good and bad, and who can shake hands with whom: all in memory. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <time.h>

#include "crypto.h"
#include "tls.h"
#include "t.h"

#define DAY (24 * 3600)

/* A safe prime of 512 bits: what original servers of 0.0.8 use. */
static const char prime512[] = "cfd5b037a43cfad4b8b6df7bed0a694c581d42538025ee55bebd4e0f8eb091e9"
			       "243462be1af8cba099283211f4c6282a4f5bfdaade6d09e73e55a190b55fd967";

static EVP_PKEY *identity, *other, *link_key;

static void
make_keys(void)
{
	if (identity != NULL)
		return;
	identity = EVP_RSA_gen(2048);
	other = EVP_EC_gen("P-256"); /* made in no time, under valgrind too */
	link_key = EVP_RSA_gen(1024);
}

static X509 *
cert(EVP_PKEY *key, EVP_PKEY *signer, const char *cn)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
	X509_gmtime_adj(X509_getm_notBefore(x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(x), DAY);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	CHECK(X509_sign(x, signer, EVP_sha256()) > 0);
	return x;
}

static void
keyid_of(EVP_PKEY *key, uint8_t id[HASH_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_PublicKey(key, &der);

	sha1(id, der, (size_t)len);
	OPENSSL_free(der);
}

/* leaf's key is lk; the certificates are taken over. */
static SSL_CTX *
server(enum tls_kind kind, EVP_PKEY *lk, X509 *leaf, X509 *c1, X509 *c2)
{
	SSL_CTX *ctx = tls_server_ctx(kind);

	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_security_level(ctx, 0); /* bad chains have to be sent, too */
	CHECK(SSL_CTX_use_certificate(ctx, leaf) == 1);
	CHECK(SSL_CTX_use_PrivateKey(ctx, lk) == 1);
	X509_free(leaf);
	if (c1 != NULL)
		SSL_CTX_add0_chain_cert(ctx, c1);
	if (c2 != NULL)
		SSL_CTX_add0_chain_cert(ctx, c2);
	return ctx;
}

static SSL_CTX *
good_server(enum tls_kind kind)
{
	make_keys();
	return server(kind, link_key, cert(link_key, identity, "N<MMTP>"),
	    cert(identity, identity, "N"), NULL);
}

struct pair {
	SSL *c, *s;
	int done;
};

static struct pair
shake(SSL_CTX *sctx, SSL_CTX *cctx)
{
	struct pair p = { SSL_new(cctx), SSL_new(sctx), 0 };
	BIO *a, *b;

	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(p.c, a, a);
	SSL_set_bio(p.s, b, b);
	SSL_set_connect_state(p.c);
	SSL_set_accept_state(p.s);
	for (int i = 0; i < 20 && !p.done; i++) {
		int c = SSL_do_handshake(p.c), s = SSL_do_handshake(p.s);
		p.done = c == 1 && s == 1;
	}
	ERR_clear_error();
	SSL_CTX_free(sctx);
	SSL_CTX_free(cctx);
	return p;
}

static void
pair_free(struct pair *p)
{
	SSL_free(p->c);
	SSL_free(p->s);
}

/* What a client says of this server's chain: the reason, or "" if it is good. */
static const char *
verdict(SSL_CTX *sctx, EVP_PKEY *expected, int64_t now)
{
	static struct errmsg e;
	uint8_t id[HASH_LEN] = { 0 };
	struct pair p = shake(sctx, tls_client_ctx(TLS_MODERN));

	e.s[0] = '\0';
	if (expected != NULL)
		keyid_of(expected, id);
	if (!p.done)
		return "no handshake";
	if (tls_check_chain(p.c, id, now, NULL, &e) == 0)
		e.s[0] = '\0';
	pair_free(&p);
	return e.s;
}

static void
test_good_chain(void)
{
	CHECK_STR(verdict(good_server(TLS_MODERN), identity, time(NULL)), "");
	CHECK_STR(verdict(good_server(TLS_MODERN), NULL, time(NULL)), "");
}

static void
test_key_id_is_reported(void)
{
	struct pair p = shake(good_server(TLS_MODERN), tls_client_ctx(TLS_MODERN));
	uint8_t any[HASH_LEN] = { 0 }, got[HASH_LEN], want[HASH_LEN];

	CHECK(tls_check_chain(p.c, any, time(NULL), got, NULL) == 0);
	keyid_of(identity, want);
	CHECK(memcmp(got, want, HASH_LEN) == 0);
	pair_free(&p);
}

static void
test_wrong_identity(void)
{
	SSL_CTX *s = good_server(TLS_MODERN);

	CHECK_STR(verdict(s, other, time(NULL)), "the server has another identity than expected");
}

static void
test_dates(void)
{
	CHECK_STR(verdict(good_server(TLS_MODERN), identity, time(NULL) - 3 * 3600),
	    "the link certificate is not yet valid");
	CHECK_STR(verdict(good_server(TLS_MODERN), identity, time(NULL) + 2 * DAY),
	    "the link certificate has expired");
}

static void
test_foreign_signature(void)
{
	make_keys();
	CHECK_STR(verdict(server(TLS_MODERN, link_key, cert(link_key, other, "N<MMTP>"),
			      cert(identity, identity, "N"), NULL),
		      identity, time(NULL)),
	    "the link certificate is not signed by the identity key");
}

static void
test_identity_not_self_signed(void)
{
	make_keys();
	CHECK_STR(verdict(server(TLS_MODERN, link_key, cert(link_key, identity, "N<MMTP>"),
			      cert(identity, other, "N"), NULL),
		      identity, time(NULL)),
	    "the identity certificate is not self-signed");
}

static void
test_chain_length(void)
{
	make_keys();
	CHECK_STR(
	    verdict(server(TLS_MODERN, link_key, cert(link_key, identity, "N<MMTP>"), NULL, NULL),
		identity, time(NULL)),
	    "a chain of 1 certificates where MMTP wants two");
	CHECK_STR(verdict(server(TLS_MODERN, link_key, cert(link_key, identity, "N<MMTP>"),
			      cert(identity, identity, "N"), cert(other, other, "M")),
		      identity, time(NULL)),
	    "a chain of 3 certificates where MMTP wants two");
}

static void
test_identity_as_link_key(void)
{
	make_keys();
	CHECK_STR(verdict(server(TLS_MODERN, identity, cert(identity, identity, "N<MMTP>"),
			      cert(identity, identity, "N"), NULL),
		      identity, time(NULL)),
	    "the identity key is used as link key");
}

static void
test_identity_of_another_kind(void)
{
	const char *want = "the identity key is not an RSA key of 2048 to 4096 bits";

	make_keys();
	CHECK_STR(verdict(server(TLS_MODERN, link_key, cert(link_key, other, "N<MMTP>"),
			      cert(other, other, "N"), NULL),
		      NULL, time(NULL)),
	    want);
	CHECK_STR(verdict(server(TLS_MODERN, other, cert(other, link_key, "N<MMTP>"),
			      cert(link_key, link_key, "N"), NULL),
		      NULL, time(NULL)),
	    want);
}

static void
test_modern_link(void)
{
	struct pair p = shake(good_server(TLS_MODERN), tls_client_ctx(TLS_MODERN));

	CHECK(p.done);
	CHECK_STR(SSL_get_version(p.c), "TLSv1.3");
	CHECK(tls_is_modern(p.c) && tls_is_modern(p.s));
	CHECK(!SSL_SESSION_has_ticket(SSL_get0_session(p.c)));
	CHECK(SSL_get_servername(p.s, TLSEXT_NAMETYPE_host_name) == NULL);
	CHECK(SSL_get_options(p.s) & SSL_OP_NO_RENEGOTIATION);
	pair_free(&p);
}

static void
test_tls12_is_ecdhe(void)
{
	SSL_CTX *c = tls_client_ctx(TLS_MODERN);
	struct pair p;

	SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	p = shake(good_server(TLS_MODERN), c);
	CHECK(p.done && tls_is_modern(p.c));
	CHECK(SSL_CIPHER_get_kx_nid(SSL_get_current_cipher(p.c)) == NID_kx_ecdhe);
	pair_free(&p);
}

static void
check_pair(enum tls_kind skind, enum tls_kind ckind, const char *cipher)
{
	struct pair p = shake(good_server(skind), tls_client_ctx(ckind));

	CHECK(p.done == (cipher != NULL));
	if (p.done && cipher != NULL) {
		CHECK_STR(SSL_get_cipher(p.c), cipher);
		CHECK(tls_is_modern(p.c) == (skind == TLS_MODERN));
	}
	pair_free(&p);
}

static void
test_kinds(void)
{
	check_pair(TLS_LEGACY, TLS_LEGACY, "DHE-RSA-AES128-SHA");
	check_pair(TLS_LEGACY, TLS_EITHER, "DHE-RSA-AES128-SHA");
	check_pair(TLS_MODERN, TLS_EITHER, "TLS_AES_128_GCM_SHA256");
	check_pair(TLS_LEGACY, TLS_MODERN, NULL);
	check_pair(TLS_MODERN, TLS_LEGACY, NULL);
}

static void
test_tls10(void)
{
	SSL_CTX *c = tls_client_ctx(TLS_LEGACY);
	struct pair p;

	SSL_CTX_set_max_proto_version(c, TLS1_VERSION);
	p = shake(good_server(TLS_LEGACY), c);
	CHECK(p.done);
	CHECK_STR(SSL_get_version(p.c), "TLSv1");
	pair_free(&p);
}

static EVP_PKEY *
dh512(void)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	BIGNUM *p = NULL, *g = BN_new();
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	BN_hex2bn(&p, prime512);
	BN_set_word(g, 2);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, p);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, g);
	params = OSSL_PARAM_BLD_to_param(bld);
	CHECK(EVP_PKEY_fromdata_init(ctx) == 1);
	CHECK(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params) == 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(p);
	BN_free(g);
	return key;
}

static int
takes_dh512(SSL_CTX *client)
{
	SSL_CTX *s = good_server(TLS_LEGACY);
	struct pair p;
	int done;

	CHECK(SSL_CTX_set0_tmp_dh_pkey(s, dh512()) == 1);
	p = shake(s, client);
	done = p.done;
	pair_free(&p);
	return done;
}

static void
test_dh_of_the_reference(void)
{
	SSL_CTX *plain = SSL_CTX_new(TLS_client_method());

	/*
	 * Without our callback OpenSSL refuses it at every level: else this test would prove
	 * nothing.
	 */
	SSL_CTX_set_min_proto_version(plain, TLS1_VERSION);
	SSL_CTX_set_cipher_list(plain, "DHE-RSA-AES128-SHA:@SECLEVEL=0");
	CHECK(!takes_dh512(plain));
	CHECK(takes_dh512(tls_client_ctx(TLS_LEGACY)));
	CHECK(takes_dh512(tls_client_ctx(TLS_EITHER)));
}

static void
test_software(void)
{
	CHECK(tls_software_is_legacy("Mixminion 0.0.8alpha3"));
	CHECK(!tls_software_is_legacy(MIX_SOFTWARE));
	CHECK(!tls_software_is_legacy(NULL));
}

TESTS(T(test_good_chain), T(test_key_id_is_reported), T(test_wrong_identity), T(test_dates),
    T(test_foreign_signature), T(test_identity_not_self_signed), T(test_chain_length),
    T(test_identity_as_link_key), T(test_identity_of_another_kind), T(test_modern_link),
    T(test_tls12_is_ecdhe), T(test_kinds), T(test_tls10), T(test_dh_of_the_reference),
    T(test_software))
