/*
 * The next hop of a node under load: takes packets and acknowledges them, and keeps nothing.
 * Usage: nexthop PORT CHAIN.pem KEY.pem COUNT
 * Says "ready", then, whenever COUNT more packets have come and are acknowledged, a line with the
 * time (seconds, CLOCK_MONOTONIC). One connection at a time; acknowledgements go together, as a
 * node's do that commits a group.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "mmtp.h"
#include "tls.h"

static size_t count, come;

static int
listen_at(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 || listen(fd, 8) == -1)
		err(1, "port %u", port);
	return fd;
}

static void
say_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	printf("%lld.%09ld\n", (long long)ts.tv_sec, ts.tv_nsec);
	fflush(stdout);
}

/* 0, or -1 if the connection is over. */
static int
put_answers(SSL *ssl, struct buf *out, size_t *packets)
{
	size_t n;

	if (out->len == 0)
		return 0;
	if (SSL_write_ex(ssl, out->p, out->len, &n) != 1)
		return -1;
	buf_reset(out);
	for (; *packets > 0; --*packets)
		if (++come % count == 0)
			say_time();
	return 0;
}

static void
take(struct mmtp_server *s, const uint8_t *p, size_t len, struct buf *out, size_t *packets)
{
	enum mmtp_sevent ev;
	size_t used;

	for (; len > 0; p += used, len -= used) {
		used = mmtp_server_feed(s, p, len, &ev);
		if (ev == MMTP_S_HELLO) {
			buf_str(out, MMTP_HELLO);
		} else if (ev == MMTP_S_PACKET) {
			if (!s->digest_ok)
				errx(1, "the node sent a packet with a wrong digest");
			buf_put(out, s->acks.received, MMTP_ACK_LEN);
			*packets += !s->junk;
		} else if (ev == MMTP_S_ERROR) {
			errx(1, "the node does not speak MMTP: %s", s->why);
		}
	}
}

static int
nothing_comes(SSL *ssl)
{
	struct pollfd p = { .fd = SSL_get_fd(ssl), .events = POLLIN };

	return !SSL_has_pending(ssl) && poll(&p, 1, 0) == 0;
}

static void
serve(SSL *ssl)
{
	static uint8_t record[16384];
	struct mmtp_server s;
	struct buf out = { 0 };
	size_t n, packets = 0;

	mmtp_server_init(&s);
	while (SSL_read_ex(ssl, record, sizeof(record), &n) == 1) {
		take(&s, record, n, &out, &packets);
		if ((packets >= MMTP_MAX_WINDOW || nothing_comes(ssl)) &&
		    put_answers(ssl, &out, &packets) == -1)
			break;
	}
	mmtp_server_free(&s);
	buf_free(&out);
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx;
	SSL *ssl;
	int fd, c, one = 1;

	if (argc != 5 || (count = strtoul(argv[4], NULL, 10)) == 0)
		errx(64, "usage: nexthop port chain.pem key.pem count");
	signal(SIGPIPE, SIG_IGN);
	crypto_init();
	ctx = tls_server_ctx(TLS_MODERN);
	if (SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) != 1)
		errx(1, "%s and %s are no chain and key", argv[2], argv[3]);
	fd = listen_at((uint16_t)strtoul(argv[1], NULL, 10));
	puts("ready");
	fflush(stdout);
	while ((c = accept(fd, NULL, NULL)) != -1) {
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if ((ssl = SSL_new(ctx)) == NULL || SSL_set_fd(ssl, c) != 1)
			errx(1, "SSL_new");
		if (SSL_accept(ssl) == 1)
			serve(ssl);
		SSL_free(ssl);
		close(c);
	}
	err(1, "accept");
}
