/*
 * Load for one node: COUNT packets, all built before the first is sent, over CONNECTIONS
 * connections with at most WINDOW unacknowledged on each, as fast as the node takes them.
 * Usage: nodeload KEY.pem PORT COUNT CONNECTIONS WINDOW ROUTING
 * ROUTING: routing information of the next hop (FWD/HOST), in hex. Says "ready" on standard output
 * when all connections are open, begins when a line comes in, and ends with a line: seconds
 * (CLOCK_MONOTONIC) of the beginning, then milliseconds from the first octet of a frame to its
 * acknowledgement: 50, 99, 99.9 % and the most.
 *
 * Cheap: the packets share what lies behind their headers. What the node does with it costs the
 * same.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "header.h"
#include "mmtp.h"
#include "tls.h"

#define CONNS_MAX  64
#define WINDOW_MAX 256
#define WORD_LEN   6 /* "SEND\r\n" */

struct packet {
	uint8_t header[HEADER_LEN];
	uint8_t digest[HASH_LEN]; /* of the frame */
	struct mmtp_acks acks;
	double sent, acked; /* ms */
};

struct conn {
	SSL *ssl;
	uint8_t frame[MMTP_FRAME_LEN];
	size_t off; /* octets of it that are sent */
	size_t flying[WINDOW_MAX]; /* a ring */
	size_t first, nflying;
	uint8_t in[MMTP_ACK_LEN];
	size_t have;
};

static struct packet *packets;
static size_t count, next, acked, nconns, window;
static struct conn conns[CONNS_MAX];

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* --- building --- */

static struct rsakey *
read_key(const char *path)
{
	static char pem[16384];
	struct rsakey *key;
	struct errmsg e;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd == -1 || (n = read(fd, pem, sizeof(pem))) <= 0)
		err(1, "%s", path);
	close(fd);
	if ((key = rsakey_from_pem(pem, (size_t)n, NULL, &e)) == NULL)
		errx(1, "%s: %s", path, e.s);
	return key;
}

static void
build(struct packet *p, struct rsakey *key, const struct routing *to, uint8_t packet[PACKET_LEN])
{
	struct hop hop = { .key = key };
	uint8_t secret[1][KEY_LEN];
	struct buf frame = { 0 };
	struct errmsg e;

	rng_fill(&rng_system, secret, sizeof(secret));
	if (header_build(packet, &hop, 1, (const uint8_t(*)[KEY_LEN])secret, to, &rng_system, &e) ==
	    -1)
		errx(1, "%s", e.s);
	memcpy(p->header, packet, HEADER_LEN);
	mmtp_frame(&frame, &p->acks, packet, 0);
	memcpy(p->digest, frame.p + MMTP_FRAME_LEN - HASH_LEN, HASH_LEN);
	buf_free(&frame);
}

static void
build_all(const char *keyfile, const char *routing)
{
	static uint8_t packet[PACKET_LEN], info[HEADER_LEN];
	struct rsakey *key = read_key(keyfile);
	size_t len = strlen(routing) / 2;
	struct routing to = { RT_FWD_HOST, info, len };

	if (len > sizeof(info) || hex_decode(info, len, routing, strlen(routing)) == -1)
		errx(64, "%s: no routing information in hex", routing);
	if ((packets = calloc(count, sizeof(*packets))) == NULL)
		err(1, "calloc");
	rng_fill(&rng_system, packet, sizeof(packet));
	for (size_t i = 0; i < count; i++)
		build(&packets[i], key, &to, packet);
	for (size_t i = 0; i < nconns; i++)
		memcpy(conns[i].frame + WORD_LEN, packet, PACKET_LEN);
	rsakey_free(key);
}

/* --- the connections --- */

static void
dial(struct conn *c, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t hello[sizeof(MMTP_HELLO) - 1];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	size_t n;

	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((c->ssl = SSL_new(tls_client_ctx(TLS_MODERN))) == NULL || SSL_set_fd(c->ssl, fd) != 1 ||
	    SSL_connect(c->ssl) != 1 ||
	    SSL_write_ex(c->ssl, MMTP_HELLO, sizeof(hello), &n) != 1 ||
	    SSL_read_ex(c->ssl, hello, sizeof(hello), &n) != 1 || n != sizeof(hello) ||
	    memcmp(hello, MMTP_HELLO, sizeof(hello)) != 0)
		errx(1, "no MMTP over TLS at port %u", port);
	tls_nonblocking(c->ssl);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		err(1, "fcntl");
	memcpy(c->frame, "SEND\r\n", WORD_LEN);
	c->off = MMTP_FRAME_LEN;
}

static void
take_ack(struct conn *c)
{
	struct packet *p = &packets[c->flying[c->first]];

	if (c->nflying == 0 || memcmp(c->in, p->acks.received, MMTP_ACK_LEN) != 0)
		errx(1, "the node answered %.8s where RECEIVED was due", (const char *)c->in);
	p->acked = now_ms();
	c->first = (c->first + 1) % WINDOW_MAX;
	c->nflying--;
	c->have = 0;
	acked++;
}

static void
receive(struct conn *c)
{
	size_t n;

	while (SSL_read_ex(c->ssl, c->in + c->have, sizeof(c->in) - c->have, &n) == 1)
		if ((c->have += n) == sizeof(c->in))
			take_ack(c);
	if (SSL_get_error(c->ssl, 0) != SSL_ERROR_WANT_READ)
		errx(1, "the node ended a connection");
}

/* 1 if a packet was put into the frame. */
static int
next_frame(struct conn *c)
{
	struct packet *p = &packets[next];

	if (next == count || c->nflying == window)
		return 0;
	memcpy(c->frame + WORD_LEN, p->header, HEADER_LEN);
	memcpy(c->frame + WORD_LEN + PACKET_LEN, p->digest, HASH_LEN);
	p->sent = now_ms();
	c->flying[(c->first + c->nflying++) % WINDOW_MAX] = next++;
	c->off = 0;
	return 1;
}

/* 1 if it has to wait for the socket. */
static int
transmit(struct conn *c)
{
	size_t n;

	while (c->off < MMTP_FRAME_LEN || next_frame(c)) {
		if (SSL_write_ex(c->ssl, c->frame + c->off, MMTP_FRAME_LEN - c->off, &n) != 1)
			return 1;
		c->off += n;
	}
	return 0;
}

static void
run(void)
{
	struct pollfd pfd[CONNS_MAX];

	for (size_t i = 0; i < nconns; i++)
		pfd[i] = (struct pollfd) { SSL_get_fd(conns[i].ssl), POLLIN | POLLOUT, 0 };
	while (acked < count) {
		if (poll(pfd, nconns, 60000) <= 0)
			errx(1, "the node is silent");
		for (size_t i = 0; i < nconns; i++) {
			if (pfd[i].revents == 0)
				continue;
			if (pfd[i].revents & ~POLLOUT)
				receive(&conns[i]);
			pfd[i].events = transmit(&conns[i]) ? POLLIN | POLLOUT : POLLIN;
		}
	}
}

/* --- what came of it --- */

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(double began)
{
	double *took = calloc(count, sizeof(*took));

	if (took == NULL)
		err(1, "calloc");
	for (size_t i = 0; i < count; i++)
		took[i] = packets[i].acked - packets[i].sent;
	qsort(took, count, sizeof(*took), by_value);
	printf("%.6f %.3f %.3f %.3f %.3f\n", began / 1e3, took[count / 2], took[count * 99 / 100],
	    took[count * 999 / 1000], took[count - 1]);
	free(took);
}

int
main(int argc, char **argv)
{
	double began;

	if (argc != 7)
		errx(64, "usage: nodeload key.pem port count connections window routing");
	count = strtoul(argv[3], NULL, 10);
	nconns = strtoul(argv[4], NULL, 10);
	window = strtoul(argv[5], NULL, 10);
	if (count == 0 || nconns == 0 || nconns > CONNS_MAX || window == 0 || window > WINDOW_MAX)
		errx(64, "a number is out of bounds");
	signal(SIGPIPE, SIG_IGN);
	crypto_init();
	build_all(argv[1], argv[6]);
	for (size_t i = 0; i < nconns; i++)
		dial(&conns[i], (uint16_t)strtoul(argv[2], NULL, 10));
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		return 0;
	began = now_ms();
	run();
	report(began);
	return 0;
}
