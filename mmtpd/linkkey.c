/*
 * The first certificates are asked for before the sandbox, by a blocking call; later ones through
 * the loop, at half of their life, then every minute. New contexts replace the old ones only when
 * all are complete; connections keep what they began with. Link keys are RSA: other programs of
 * the network compute the key id of whatever they find in a chain, and know no other kind.
 */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "linkkey.h"
#include "proto.h"
#include "tls.h"

#define SPKI_MAX	1024
#define CERT_MAX	8192
#define CALL_TIMEOUT_MS 20000
#define RETRY_MS	(60 * 1000)
#define LINK_KEY_BITS	2048

struct linkcert {
	EVP_PKEY *key;
	SSL_CTX *ctx;
	int64_t not_after;
};

struct linkkey {
	struct daemon *d;
	int legacy;
	int fd; /* before linkkey_start */
	struct ipc_conn *keyd; /* after it; NULL while keyd is away */
	uint32_t asked; /* id of the question that is open, 0: none */
	struct loop_timer *timer;
	int64_t renewed, renew_at; /* by the clock */
	struct log_state trouble;
	uint8_t keyid[HASH_LEN];
	struct linkcert cert[2]; /* by enum cert_kind: in use */
	struct linkcert next[2]; /* being certified */
};

static void renew(void *arg);

static const int tls_kinds[] = { [CERT_MODERN] = TLS_MODERN, [CERT_LEGACY] = TLS_LEGACY };

static void
linkcert_drop(struct linkcert *c)
{
	EVP_PKEY_free(c->key);
	SSL_CTX_free(c->ctx);
	*c = (struct linkcert) { NULL, NULL, 0 };
}

/* --- which context: the ClientHello decides --- */

static int
offers_tls13(SSL *ssl)
{
	const unsigned char *p;
	size_t len;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &p, &len) != 1 ||
	    len < 1)
		return 0;
	for (size_t i = 1; i + 1 < len; i += 2)
		if (p[i] == 0x03 && p[i + 1] == 0x04)
			return 1;
	return 0;
}

/* One of the suites of RFC 5289 and RFC 7905 that modern contexts take. */
static int
offers_ecdhe(SSL *ssl)
{
	static const uint16_t suites[] = { 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9 };
	const unsigned char *p;
	size_t len = SSL_client_hello_get0_ciphers(ssl, &p);

	for (size_t i = 0; i + 1 < len; i += 2)
		for (size_t j = 0; j < sizeof(suites) / sizeof(suites[0]); j++)
			if (be16(p + i) == suites[j])
				return 1;
	return 0;
}

static int
hello_seen(SSL *ssl, int *alert, void *arg)
{
	struct linkkey *k = arg;

	(void)alert;
	if (k->cert[CERT_LEGACY].ctx == NULL || offers_tls13(ssl) ||
	    (SSL_client_hello_get0_legacy_version(ssl) >= TLS1_2_VERSION && offers_ecdhe(ssl)))
		return SSL_CLIENT_HELLO_SUCCESS;
	SSL_set_SSL_CTX(ssl, k->cert[CERT_LEGACY].ctx);
	tls_legacy_ssl(ssl);
	count(C_CONN_LEGACY);
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* --- keys and certificates --- */

static size_t
make_request(struct linkkey *k, enum cert_kind kind, uint8_t *req)
{
	struct linkcert *c = &k->next[kind];
	struct certify_req head = { .kind = kind };
	unsigned char *p = req + sizeof(head);
	int len;

	linkcert_drop(c);
	if ((c->key = EVP_RSA_gen(LINK_KEY_BITS)) == NULL)
		fatalx("a link key cannot be made");
	len = i2d_PUBKEY(c->key, NULL);
	if (len <= 0 || len > SPKI_MAX || i2d_PUBKEY(c->key, &p) != len)
		fatalx("the public part of a link key cannot be encoded");
	head.spki_len = (uint32_t)len;
	memcpy(req, &head, sizeof(head));
	return sizeof(head) + head.spki_len;
}

static int
issuer_is_us(const struct linkkey *k, X509 *leaf, X509 *ident)
{
	EVP_PKEY *key = X509_get0_pubkey(ident);
	unsigned char *der = NULL;
	uint8_t id[HASH_LEN];
	int len = key == NULL ? -1 : i2d_PublicKey(key, &der);

	if (len <= 0)
		return 0;
	sha1(id, der, (size_t)len);
	OPENSSL_free(der);
	return ct_equal(id, k->keyid, HASH_LEN) && X509_verify(leaf, key) == 1;
}

static SSL_CTX *
make_ctx(struct linkkey *k, enum cert_kind kind, X509 *leaf, X509 *ident)
{
	SSL_CTX *ctx = tls_server_ctx(tls_kinds[kind]);

	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	if (SSL_CTX_use_certificate(ctx, leaf) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, k->next[kind].key) != 1 ||
	    SSL_CTX_add1_chain_cert(ctx, ident) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	if (kind == CERT_MODERN && k->legacy)
		SSL_CTX_set_client_hello_cb(ctx, hello_seen, k);
	return ctx;
}

/* keyd's answer to make_request: 0 if next[kind] is complete now. */
static int
take_reply(struct linkkey *k, enum cert_kind kind, const uint8_t *body, size_t len)
{
	struct linkcert *c = &k->next[kind];
	struct certify_rep rep;
	X509 *leaf, *ident;
	struct rd r;
	const unsigned char *p;

	rd_init(&r, body, len);
	rd_copy(&r, &rep, sizeof(rep));
	if (r.bad || rep.status != ST_OK || c->key == NULL)
		return -1;
	p = rd_bytes(&r, rep.leaf_len);
	leaf = p == NULL ? NULL : d2i_X509(NULL, &p, (long)rep.leaf_len);
	p = rd_bytes(&r, rep.ident_len);
	ident = p == NULL ? NULL : d2i_X509(NULL, &p, (long)rep.ident_len);
	if (rd_done(&r) && leaf != NULL && ident != NULL && issuer_is_us(k, leaf, ident))
		c->ctx = make_ctx(k, kind, leaf, ident);
	c->not_after = rep.not_after;
	X509_free(leaf);
	X509_free(ident);
	ERR_clear_error();
	return c->ctx == NULL ? -1 : 0;
}

static void
swap_in(struct linkkey *k)
{
	for (int kind = CERT_MODERN; kind <= CERT_LEGACY; kind++) {
		if (k->next[kind].ctx == NULL)
			continue;
		linkcert_drop(&k->cert[kind]);
		k->cert[kind] = k->next[kind];
		k->next[kind] = (struct linkcert) { NULL, NULL, 0 };
	}
	count(C_CERTIFICATES);
}

/* --- the first time --- */

static void
ask_identity(struct linkkey *k)
{
	struct ipc_hdr h;
	struct whoami_rep rep;
	size_t len;

	if (ipc_call(k->fd, V_WHOAMI, NULL, 0, &h, &rep, sizeof(rep), &len, CALL_TIMEOUT_MS) == -1)
		fatal("keyd does not say who we are");
	if (len != sizeof(rep) || rep.status != ST_OK)
		fatalx("keyd has no identity yet: look at its log");
	memcpy(k->keyid, rep.keyid, HASH_LEN);
}

static void
certify_now(struct linkkey *k, enum cert_kind kind)
{
	uint8_t req[sizeof(struct certify_req) + SPKI_MAX],
	    rep[sizeof(struct certify_rep) + CERT_MAX];
	size_t len = make_request(k, kind, req);
	struct ipc_hdr h;

	if (ipc_call(k->fd, V_CERTIFY, req, len, &h, rep, sizeof(rep), &len, CALL_TIMEOUT_MS) == -1)
		fatal("keyd does not certify our link key");
	if (take_reply(k, kind, rep, len) == -1)
		fatalx("keyd refuses to certify our link key%s: look at its log",
		    kind == CERT_LEGACY ? " for LegacyTLS" : "");
}

struct linkkey *
linkkey_new(struct daemon *d, int keyd_fd, int legacy)
{
	struct linkkey *k = calloc(1, sizeof(*k));

	if (k == NULL)
		fatal("linkkey");
	k->d = d;
	k->fd = keyd_fd;
	k->legacy = legacy;
	ask_identity(k);
	certify_now(k, CERT_MODERN);
	if (legacy)
		certify_now(k, CERT_LEGACY);
	swap_in(k);
	return k;
}

/* --- and again --- */

static void
renew_later(struct linkkey *k)
{
	count(C_CERTIFICATE_FAILURES);
	if (log_once(&k->trouble))
		log_warnx("keyd does not certify a new link key; trying again every minute");
	loop_timer_set(k->timer, RETRY_MS);
}

static void
look_later(struct linkkey *k)
{
	int64_t left = (k->renew_at - daemon_now()) * 1000;

	loop_timer_set(k->timer, left < 0 ? 0 : left < RETRY_MS ? left : RETRY_MS);
}

/* By the clock, at which we look now and then: machines sleep, and clocks are set. */
static void
renew_at_half_life(struct linkkey *k)
{
	int64_t now = daemon_now(), until = k->cert[CERT_MODERN].not_after;

	if (k->legacy && k->cert[CERT_LEGACY].not_after < until)
		until = k->cert[CERT_LEGACY].not_after;
	k->renewed = now;
	k->renew_at = until > now + 2 ? now + (until - now) / 2 : now + RETRY_MS / 1000;
	look_later(k);
}

static int
not_yet(const struct linkkey *k)
{
	int64_t now = daemon_now();

	return now >= k->renewed && now < k->renew_at;
}

static void
ask(struct linkkey *k, enum cert_kind kind)
{
	uint8_t req[sizeof(struct certify_req) + SPKI_MAX];
	size_t len = make_request(k, kind, req);

	k->asked = (uint32_t)kind + 1;
	loop_timer_set(k->timer, CALL_TIMEOUT_MS);
	if (ipc_send(k->keyd, V_CERTIFY, k->asked, req, len) == -1)
		k->asked = 0;
}

static int
certified(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct linkkey *k = ipc_arg(c);
	enum cert_kind kind = (enum cert_kind)(id - 1);

	if (id == 0 || id != k->asked)
		return 0;
	k->asked = 0;
	if (take_reply(k, kind, body, len) == -1) {
		renew_later(k);
		return 0;
	}
	if (kind == CERT_MODERN && k->legacy) {
		ask(k, CERT_LEGACY);
		return 0;
	}
	swap_in(k);
	log_again(&k->trouble);
	renew_at_half_life(k);
	return 0;
}

static const struct ipc_verb replies[] = {
	{ V_CERTIFY, sizeof(struct certify_rep), sizeof(struct certify_rep) + CERT_MAX, certified },
	{ 0, 0, 0, NULL },
};

static void
keyd_gone(struct ipc_conn *c, void *arg)
{
	struct linkkey *k = arg;

	(void)c;
	if (k->d->one_uid)
		fatalx("keyd is gone: to be started again with it");
	k->keyd = NULL;
	k->asked = 0;
}

static void
reconnect(struct linkkey *k)
{
	int fd = daemon_try_connect(k->d, SOCK_KEYD_MMTPD);

	if (fd != -1)
		k->keyd = ipc_conn_new(k->d->loop, fd, "keyd", replies, keyd_gone, k);
}

static void
renew(void *arg)
{
	struct linkkey *k = arg;

	if (not_yet(k)) {
		look_later(k);
		return;
	}
	if (k->keyd == NULL)
		reconnect(k);
	if (k->keyd == NULL || k->asked != 0) {
		k->asked = 0; /* an answer that is late is not waited for */
		renew_later(k);
		return;
	}
	ask(k, CERT_MODERN);
}

void
linkkey_start(struct linkkey *k)
{
	k->timer = loop_timer(k->d->loop, renew, k);
	k->keyd = ipc_conn_new(k->d->loop, k->fd, "keyd", replies, keyd_gone, k);
	k->fd = -1;
	renew_at_half_life(k);
}

SSL *
linkkey_ssl(struct linkkey *k)
{
	return SSL_new(k->cert[CERT_MODERN].ctx);
}

const uint8_t *
linkkey_keyid(const struct linkkey *k)
{
	return k->keyid;
}
