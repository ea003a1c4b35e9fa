#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "smtptls.h"
#include "tls.h"

SSL_CTX *
smtptls_ctx(const char *cafile, struct errmsg *e)
{
	SSL_CTX *ctx = tls_client_ctx(TLS_MODERN);
	int fd;

	if (cafile == NULL)
		return ctx;
	if ((fd = open(cafile, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
		err_set(e, "%s: %s (SMTPCAFile; in another directory than at the start, it needs a "
			   "restart of deliverd)", cafile, strerror(errno));
		SSL_CTX_free(ctx);
		return NULL;
	}
	close(fd);
	ERR_clear_error();
	if (SSL_CTX_load_verify_file(ctx, cafile) != 1) {
		err_set(e, "%s: it holds no certificates that can be read (SMTPCAFile)", cafile);
		SSL_CTX_free(ctx);
		ERR_clear_error();
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return ctx;
}

static int
is_address(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

SSL *
smtptls_begin(const struct smtpset *s, int fd)
{
	SSL *ssl = SSL_new(s->ctx);
	X509_VERIFY_PARAM *param;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		fatalx("no memory for TLS");
	tls_nonblocking(ssl);
	SSL_set_connect_state(ssl);
	param = SSL_get0_param(ssl);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(s->host) ? X509_VERIFY_PARAM_set1_ip_asc(param, s->host) != 1 :
	    X509_VERIFY_PARAM_set1_host(param, s->host, 0) != 1 ||
		SSL_set_tlsext_host_name(ssl, s->host) != 1)
		fatalx("no memory for TLS");
	return ssl;
}

/* What the state of the connection means for who waits. 0 or -1. */
static int
wait_or_over(SSL *ssl, int rc, short *wants)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ: *wants = POLLIN; return 0;
	case SSL_ERROR_WANT_WRITE: *wants = POLLIN | POLLOUT; return 0;
	default: return -1;
	}
}

static int
has_a_pin(SSL *ssl, const struct smtpset *s)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	uint8_t md[DELIVERY_PIN_LEN];
	unsigned char *der = NULL;
	int len, found = 0;

	if (cert == NULL || (len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der)) <= 0)
		return 0;
	sha256(md, der, (size_t)len);
	OPENSSL_free(der);
	for (size_t i = 0; i < s->npins; i++)
		found |= ct_equal(md, s->pins[i], sizeof(md));
	return found;
}

static int
refuse(SSL *ssl, struct errmsg *e)
{
	long verdict = SSL_get_verify_result(ssl);
	const char *why = ERR_reason_error_string(ERR_peek_error());

	if (verdict != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
		err_set(e, "its certificate is not good: %s",
		    X509_verify_cert_error_string(verdict));
	else
		err_set(e, "the TLS handshake fails: %s", why != NULL ? why : "it hung up");
	ERR_clear_error();
	return -1;
}

int
smtptls_handshake(SSL *ssl, const struct smtpset *s, short *wants, struct errmsg *e)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(ssl);
	if (rc != 1)
		return wait_or_over(ssl, rc, wants) == 0 ? 0 : refuse(ssl, e);
	if (s->npins > 0 && !has_a_pin(ssl, s)) {
		err_set(e, "its key is none of SMTPPin");
		return -1;
	}
	return 1;
}

ssize_t
smtptls_read(SSL *ssl, void *p, size_t len, short *wants)
{
	size_t n;
	int rc;

	ERR_clear_error();
	if ((rc = SSL_read_ex(ssl, p, len, &n)) == 1)
		return (ssize_t)n;
	return wait_or_over(ssl, rc, wants);
}

ssize_t
smtptls_write(SSL *ssl, const void *p, size_t len, short *wants)
{
	size_t n;
	int rc;

	ERR_clear_error();
	if ((rc = SSL_write_ex(ssl, p, len, &n)) == 1)
		return (ssize_t)n;
	return wait_or_over(ssl, rc, wants);
}

void
smtptls_end(SSL *ssl)
{
	if (ssl == NULL)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(ssl))
		SSL_shutdown(ssl);
	SSL_free(ssl);
	ERR_clear_error();
}
