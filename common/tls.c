/*
 * TLS contexts and the certificate chain rule of MMTP (minion-spec 4; WIRE "MMTP and TLS").
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <string.h>

#include "crypto.h"
#include "log.h"
#include "tls.h"

#define MODERN_SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
#define MODERN_CIPHERS                                                                 \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                   \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"                   \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
#define LEGACY_CIPHERS "DHE-RSA-AES128-SHA:@SECLEVEL=0"
#define LEGACY_DH_MIN_BITS 512
#define IDENTITY_MIN_BITS 2048
#define IDENTITY_MAX_BITS 4096
#define IDENTITY_EXPONENT 65537

/*
 * Lists that OpenSSL takes as char *. Both key shares are sent where the hybrid is known, so that
 * an older peer costs no extra round.
 */
static char group_lists[][40] = {
	"*X25519MLKEM768:*X25519:P-256:P-384",
	"X25519MLKEM768:X25519:P-256:P-384",
	"X25519:P-256:P-384",
};
static char modern_sigalgs[] =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA-PSS+SHA512";
static char legacy_sigalgs[] = "RSA+SHA256:RSA+SHA1";
static char either_sigalgs[] =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA1";

static void
tls_fatal(const char *what)
{
	char why[256];

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	fatalx("TLS: %s: %s", what, why);
}

static void
ctx_set_groups(SSL_CTX *ctx)
{
	size_t i;

	for (i = 0; i < sizeof(group_lists) / sizeof(group_lists[0]); i++)
		if (SSL_CTX_set1_groups_list(ctx, group_lists[i]) == 1) {
			ERR_clear_error();
			return;
		}
	tls_fatal("no usable group");
}

/*
 * The reference's servers use Diffie-Hellman groups of 512 bits, which OpenSSL refuses at every
 * level; at level 0 all else is allowed anyway.
 */
static int
legacy_security(
    const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other, void *ex)
{
	(void)ssl;
	(void)ctx;
	(void)bits;
	(void)nid;
	(void)ex;
	if (op == SSL_SECOP_TMP_DH && other != NULL) {
		/* OpenSSL 3.5 has left an error (no security bits), which ends handshakes. */
		ERR_clear_error();
		return EVP_PKEY_get_bits(other) >= LEGACY_DH_MIN_BITS;
	}
	return 1;
}

/* Sets everything that the machine's openssl.cnf might have set: all our programs look alike. */
static void
ctx_set_versions(SSL_CTX *ctx, enum tls_kind kind)
{
	static const struct {
		int min, max;
		const char *ciphers;
		char *sigalgs;
	} kinds[] = {
		[TLS_MODERN] = { TLS1_2_VERSION, TLS1_3_VERSION, MODERN_CIPHERS, modern_sigalgs },
		[TLS_LEGACY] = { TLS1_VERSION, TLS1_2_VERSION, LEGACY_CIPHERS, legacy_sigalgs },
		[TLS_EITHER] = { TLS1_VERSION, TLS1_3_VERSION, MODERN_CIPHERS ":" LEGACY_CIPHERS,
		    either_sigalgs },
	};

	if (SSL_CTX_set_min_proto_version(ctx, kinds[kind].min) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, kinds[kind].max) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, MODERN_SUITES) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, kinds[kind].ciphers) != 1 ||
	    SSL_CTX_set1_sigalgs_list(ctx, kinds[kind].sigalgs) != 1)
		tls_fatal("cannot set up versions and ciphers");
	ctx_set_groups(ctx);
}

/* Our own group has 2048 bits whatever the size of the certificate's key. */
static void
ctx_set_dh(SSL_CTX *ctx)
{
	char name[] = "ffdhe2048";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name) - 1),
		OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *pctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *dh = NULL;

	if (pctx == NULL || EVP_PKEY_fromdata_init(pctx) != 1 ||
	    EVP_PKEY_fromdata(pctx, &dh, EVP_PKEY_KEY_PARAMETERS, params) != 1 ||
	    SSL_CTX_set0_tmp_dh_pkey(ctx, dh) != 1)
		tls_fatal("cannot set the Diffie-Hellman group");
	EVP_PKEY_CTX_free(pctx);
}

/* minion-spec 4: no session is ever resumed; and nothing is renegotiated. */
static SSL_CTX *
ctx_new(const SSL_METHOD *method, enum tls_kind kind)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL)
		tls_fatal("cannot make a context");
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* tls_check_chain decides instead: key ids are MMTP's authority. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(ctx, kind == TLS_MODERN ? 2 : 0);
	if (kind != TLS_MODERN)
		SSL_CTX_set_security_callback(ctx, legacy_security);
	ctx_set_versions(ctx, kind);
	return ctx;
}

SSL_CTX *
tls_client_ctx(enum tls_kind kind)
{
	return ctx_new(TLS_client_method(), kind);
}

SSL_CTX *
tls_server_ctx(enum tls_kind kind)
{
	SSL_CTX *ctx = ctx_new(TLS_server_method(), kind);

	if (kind == TLS_LEGACY)
		ctx_set_dh(ctx);
	return ctx;
}

void
tls_nonblocking(SSL *ssl)
{
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

void
tls_legacy_ssl(SSL *ssl)
{
	if (SSL_set_min_proto_version(ssl, TLS1_VERSION) != 1 ||
	    SSL_set_max_proto_version(ssl, TLS1_2_VERSION) != 1 ||
	    SSL_set_cipher_list(ssl, LEGACY_CIPHERS) != 1)
		tls_fatal("cannot set up TLS 1.0 for a connection");
	SSL_set_security_level(ssl, 0);
	SSL_set_security_callback(ssl, legacy_security);
}

int
tls_is_modern(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	return cipher != NULL && SSL_version(ssl) >= TLS1_2_VERSION &&
	    SSL_CIPHER_get_kx_nid(cipher) != NID_kx_dhe;
}

static int
check_dates(const X509 *leaf, int64_t now, struct errmsg *e)
{
	time_t t = (time_t)now;
	int from = X509_cmp_time(X509_get0_notBefore(leaf), &t);
	int until = X509_cmp_time(X509_get0_notAfter(leaf), &t);

	if (from == 0 || until == 0)
		return err_set(e, "malformed dates in the link certificate");
	if (from > 0)
		return err_set(e, "the link certificate is not yet valid");
	if (until < 0)
		return err_set(e, "the link certificate has expired");
	return 0;
}

static int
exponent_is_usual(EVP_PKEY *key)
{
	BIGNUM *n = NULL;
	int usual;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &n) != 1)
		return 0;
	usual = BN_is_word(n, IDENTITY_EXPONENT);
	BN_free(n);
	return usual;
}

/* SHA-1 of the PKCS#1 form, if it is a key that a Type III identity may be. */
static int
identity_keyid(EVP_PKEY *key, uint8_t id[HASH_LEN], struct errmsg *e)
{
	unsigned char *der = NULL;
	int len;

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
	    EVP_PKEY_get_bits(key) < IDENTITY_MIN_BITS ||
	    EVP_PKEY_get_bits(key) > IDENTITY_MAX_BITS || !exponent_is_usual(key))
		return err_set(e, "the identity key is not an RSA key of 2048 to 4096 bits");
	len = i2d_PublicKey(key, &der);
	if (len <= 0)
		return err_set(e, "the identity key cannot be encoded");
	sha1(id, der, (size_t)len);
	OPENSSL_free(der);
	return 0;
}

static int
check_signatures(X509 *leaf, X509 *ident, EVP_PKEY *key, struct errmsg *e)
{
	const EVP_PKEY *leaf_key = X509_get0_pubkey(leaf);

	if (X509_verify(leaf, key) != 1)
		return err_set(e, "the link certificate is not signed by the identity key");
	if (X509_verify(ident, key) != 1)
		return err_set(e, "the identity certificate is not self-signed");
	if (leaf_key == NULL || EVP_PKEY_eq(leaf_key, key) == 1)
		return err_set(e, "the identity key is used as link key");
	return 0;
}

static int
check_certs(STACK_OF(X509) *chain, const uint8_t keyid[HASH_LEN], int64_t now, uint8_t *got,
    struct errmsg *e)
{
	static const uint8_t any[HASH_LEN];
	uint8_t id[HASH_LEN];
	X509 *leaf, *ident;
	EVP_PKEY *key;

	if (sk_X509_num(chain) != 2)
		return err_set(e, "a chain of %d certificates where MMTP wants two",
		    chain == NULL ? 0 : sk_X509_num(chain));
	leaf = sk_X509_value(chain, 0);
	ident = sk_X509_value(chain, 1);
	key = X509_get0_pubkey(ident);
	if (key == NULL)
		return err_set(e, "the identity certificate holds no key that we know");
	if (check_dates(leaf, now, e) == -1 || identity_keyid(key, id, e) == -1 ||
	    check_signatures(leaf, ident, key, e) == -1)
		return -1;
	if (!ct_equal(keyid, any, HASH_LEN) && !ct_equal(keyid, id, HASH_LEN))
		return err_set(e, "the server has another identity than expected");
	if (got != NULL)
		memcpy(got, id, HASH_LEN);
	return 0;
}

int
tls_check_chain(
    SSL *ssl, const uint8_t keyid[HASH_LEN], int64_t now, uint8_t *got, struct errmsg *e)
{
	int rc = check_certs(SSL_get_peer_cert_chain(ssl), keyid, now, got, e);

	/*
	 * A signature that does not verify leaves errors, which the next SSL call would take for
	 * its own.
	 */
	ERR_clear_error();
	return rc;
}

int
tls_software_is_legacy(const char *software)
{
	/* "Mixminion 0.0.8alpha3"; ours begins with MIX_SOFTWARE, others are taken for modern. */
	return software != NULL && strncmp(software, "Mixminion 0.0", strlen("Mixminion 0.0")) == 0;
}
