#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "tlsdial.h"

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 1 when ready, 0 after the timeout. */
static int
wait_fd(int fd, short events, int64_t timeout)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t end = now_ms() + timeout * 1000;
	int r;

	do {
		int64_t left = end - now_ms();

		r = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (r == -1 && errno == EINTR);
	return r > 0;
}

/* One address: a connected, non-blocking socket, or -1 with errno. */
static int
connect_one(const struct addrinfo *ai, int64_t timeout)
{
	int fd, err = 0, one = 1;
	socklen_t len = sizeof(err);

	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	if (errno != EINPROGRESS)
		err = errno;
	else if (!wait_fd(fd, POLLOUT, timeout))
		err = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1)
		err = errno;
	if (err == 0)
		return fd;
	(void)close(fd);
	errno = err;
	return -1;
}

static int
connect_host(const struct mix_addr *to, int64_t timeout, struct errmsg *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *list, *ai;
	char port[8];
	int fd = -1, r, saved = EADDRNOTAVAIL;

	(void)snprintf(port, sizeof(port), "%u", to->port);
	r = getaddrinfo(to->host, port, &hints, &list);
	if (r == EAI_NONAME) {
		hints.ai_flags = AI_ADDRCONFIG;
		r = getaddrinfo(to->host, port, &hints, &list);
	}
	if (r != 0)
		return err_set(e, "%s: %s", to->host, gai_strerror(r));
	for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
		fd = connect_one(ai, timeout);
		saved = errno;
	}
	freeaddrinfo(list);
	if (fd == -1)
		return err_set(e, "%s:%u: %s", to->host, to->port, strerror(saved));
	return fd;
}

/* What OpenSSL says about a failure, in words and without its file names. */
static const char *
ssl_reason(int err)
{
	const char *s = NULL;

	if (err == SSL_ERROR_SSL)
		s = ERR_reason_error_string(ERR_peek_last_error());
	else if (err == SSL_ERROR_SYSCALL && errno != 0)
		s = strerror(errno);
	ERR_clear_error();
	return s != NULL ? s : "the server closed the connection";
}

/* 0 if the operation has to be tried again later, -1 with a reason. */
static int
not_done(struct dial *d, int r, int *want_write, struct errmsg *e)
{
	int err = SSL_get_error(d->ssl, r);

	*want_write = err == SSL_ERROR_WANT_WRITE;
	if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE)
		return 0;
	return err_set(e, "%s", ssl_reason(err));
}

static int
handshake(struct dial *d, struct errmsg *e)
{
	int r, want_write;

	for (;;) {
		errno = 0;
		ERR_clear_error();
		r = SSL_connect(d->ssl);
		if (r == 1)
			return 0;
		if (not_done(d, r, &want_write, e) == -1)
			return -1;
		if (!wait_fd(d->fd, want_write ? POLLOUT : POLLIN, d->timeout))
			return err_set(e, "no answer within %lld seconds",
			    (long long)d->timeout);
	}
}

static int
start_tls(struct dial *d, const struct mix_addr *to, enum tls_kind kind, struct errmsg *e)
{
	struct errmsg why;

	d->ctx = tls_client_ctx(kind);
	SSL_CTX_set_mode(
	    d->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	d->ssl = SSL_new(d->ctx);
	if (d->ssl == NULL || SSL_set_fd(d->ssl, d->fd) != 1)
		return err_set(e, "OpenSSL: out of memory");
	if (handshake(d, &why) == -1)
		return err_set(e, "%s:%u: TLS: %s", to->host, to->port, why.s);
	if (tls_check_chain(d->ssl, to->keyid, time(NULL), NULL, &why) == -1)
		return err_set(e, "%s:%u: certificate: %s", to->host, to->port, why.s);
	return 0;
}

int
dial_open(struct dial *d, const struct mix_addr *to, enum tls_kind kind, int64_t timeout,
    struct errmsg *e)
{
	memset(d, 0, sizeof(*d));
	d->timeout = timeout;
	d->fd = connect_host(to, timeout, e);
	if (d->fd == -1)
		return -1;
	if (start_tls(d, to, kind, e) == -1) {
		dial_close(d);
		return -1;
	}
	return 0;
}

void
dial_close(struct dial *d)
{
	if (d->ssl != NULL && SSL_is_init_finished(d->ssl))
		(void)SSL_shutdown(d->ssl);
	ERR_clear_error();
	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	if (d->fd != -1)
		(void)close(d->fd);
	d->ssl = NULL;
	d->ctx = NULL;
	d->fd = -1;
}

ssize_t
dial_read(struct dial *d, void *p, size_t len, struct errmsg *e)
{
	size_t got = 0;
	int want_write;

	errno = 0;
	ERR_clear_error();
	if (SSL_read_ex(d->ssl, p, len, &got) == 1)
		return (ssize_t)got;
	return not_done(d, 0, &want_write, e);
}

ssize_t
dial_write(struct dial *d, const void *p, size_t len, struct errmsg *e)
{
	size_t put = 0;
	int want_write;

	errno = 0;
	ERR_clear_error();
	if (SSL_write_ex(d->ssl, p, len, &put) == 1)
		return (ssize_t)put;
	return not_done(d, 0, &want_write, e);
}

int
dial_wait(struct dial *d, int writing, struct errmsg *e)
{
	if (wait_fd(d->fd, (short)(POLLIN | (writing ? POLLOUT : 0)), d->timeout))
		return 0;
	return err_set(e, "no progress within %lld seconds", (long long)d->timeout);
}
