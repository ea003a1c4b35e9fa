#include <openssl/err.h>

#include "log.h"
#include "tls.h"
#include "warmup.h"

#define ROUNDS 20

static void
step(SSL *ssl)
{
	uint8_t octet;
	size_t n;

	ERR_clear_error();
	if (!SSL_is_init_finished(ssl))
		SSL_do_handshake(ssl);
	else
		SSL_read_ex(ssl, &octet, 1, &n);
}

static void
shake_hands(SSL *server, SSL *client)
{
	struct errmsg e;
	BIO *a, *b;
	static const uint8_t any[HASH_LEN];
	size_t n;

	if (server == NULL || client == NULL || BIO_new_bio_pair(&a, 0, &b, 0) != 1)
		fatalx("no memory for TLS");
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0;
	     i < ROUNDS && !(SSL_is_init_finished(server) && SSL_is_init_finished(client)); i++) {
		step(client);
		step(server);
	}
	if (SSL_write_ex(client, "x", 1, &n) != 1 || SSL_write_ex(server, "x", 1, &n) != 1)
		fatalx("our own TLS does not work");
	if (tls_check_chain(client, any, daemon_now(), NULL, &e) == -1)
		fatalx("our own certificates: %s", e.s);
	step(client);
	step(server);
	SSL_shutdown(client);
	SSL_shutdown(server);
	SSL_free(client);
	SSL_free(server);
}

static void
warm(struct linkkey *k, enum tls_kind client_kind)
{
	SSL_CTX *ctx = tls_client_ctx(client_kind);

	shake_hands(linkkey_ssl(k), SSL_new(ctx));
	SSL_CTX_free(ctx);
}

void
warmup(struct linkkey *k, int legacy)
{
	warm(k, TLS_MODERN);
	if (legacy) {
		warm(k, TLS_EITHER);
		warm(k, TLS_LEGACY);
	}
	ERR_clear_error();
	mmtpd_counters[C_CONN_LEGACY].n = 0; /* those were ours */
}
