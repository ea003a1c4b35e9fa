/*
 * Can SEND, JUNK and rejected packets be told apart by the time of their answers (minion-spec 4)?
 * Sends the three kinds in random order, one at a time, and compares the latencies of each pair:
 * the two-sample Kolmogorov-Smirnov distance. A rejected one ends its connection, and the next
 * begins another. With -l a second connection keeps the node busy meanwhile.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "mmtp.h"
#include "tls.h"

enum kind { KIND_SEND, KIND_JUNK, KIND_REJECTED, NKINDS };
static const char *const kind_names[NKINDS] = { "send", "junk", "rejected" };

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
read_all(SSL *ssl, uint8_t *p, size_t len)
{
	size_t got;

	for (; len > 0; p += got, len -= got)
		if (SSL_read_ex(ssl, p, len, &got) != 1)
			errx(1, "the node closed the connection");
}

static void
write_all(SSL *ssl, const void *p, size_t len)
{
	size_t put;

	if (SSL_write_ex(ssl, p, len, &put) != 1 || put != len)
		errx(1, "write to the node failed");
}

static SSL *
dial(const char *host, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	uint8_t hello[sizeof(MMTP_HELLO) - 1];
	int fd, one = 1;
	SSL *ssl;

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		errx(64, "not an IPv4 address: %s", host);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect to %s:%u", host, port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((ssl = SSL_new(tls_client_ctx(0))) == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    SSL_connect(ssl) != 1)
		errx(1, "TLS with %s:%u failed", host, port);
	write_all(ssl, MMTP_HELLO, sizeof(hello));
	read_all(ssl, hello, sizeof(hello));
	if (memcmp(hello, MMTP_HELLO, sizeof(hello)) != 0)
		errx(1, "no MMTP 0.3 at %s:%u", host, port);
	return ssl;
}

static void
hang_up(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

/* Random octets: the mix will find the packet unreadable later, which is not our subject. */
static double
ask(SSL *ssl, enum kind k, struct buf *frame)
{
	static uint8_t packet[PACKET_LEN];
	uint8_t answer[MMTP_ACK_LEN];
	double t;

	rng_fill(&rng_system, packet, sizeof(packet));
	buf_reset(frame);
	mmtp_frame(frame, NULL, packet, k == KIND_JUNK);
	if (k == KIND_REJECTED)
		frame->p[frame->len - 1] ^= 1;
	t = now_ms();
	write_all(ssl, frame->p, frame->len);
	read_all(ssl, answer, sizeof(answer));
	t = now_ms() - t;
	if (memcmp(answer, k == KIND_REJECTED ? "REJECTED" : "RECEIVED", 8) != 0)
		errx(1, "%s was answered %.8s", kind_names[k], (const char *)answer);
	return t;
}

static void
make_load(const char *host, uint16_t port)
{
	struct timespec pause = { 0, 2000000 };
	struct buf frame = { 0 };
	SSL *ssl = dial(host, port);

	for (;;) {
		ask(ssl, KIND_SEND, &frame);
		nanosleep(&pause, NULL);
	}
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of two sorted samples of n each. */
static double
ks_distance(const double *a, const double *b, size_t n)
{
	size_t i = 0, j = 0;
	double d = 0, diff, x;

	while (i < n && j < n) {
		x = a[i] < b[j] ? a[i] : b[j];
		while (i < n && a[i] <= x)
			i++;
		while (j < n && b[j] <= x)
			j++;
		diff = ((double)i - (double)j) / (double)n;
		if (diff < 0)
			diff = -diff;
		if (diff > d)
			d = diff;
	}
	return d;
}

static void
measure(const char *host, uint16_t port, size_t n, double *lat[NKINDS])
{
	size_t have[NKINDS] = { 0 }, left = n * NKINDS;
	struct buf frame = { 0 };
	SSL *ssl = dial(host, port);
	enum kind k;

	while (left > 0) {
		k = (enum kind)rng_below(&rng_system, NKINDS);
		if (have[k] == n)
			continue;
		lat[k][have[k]++] = ask(ssl, k, &frame);
		left--;
		if (k == KIND_REJECTED) {
			hang_up(ssl);
			ssl = dial(host, port);
		}
	}
	hang_up(ssl);
	buf_free(&frame);
	for (k = 0; k < NKINDS; k++)
		qsort(lat[k], n, sizeof(double), by_value);
}

static void
report(const char *state, size_t n, double *lat[NKINDS])
{
	for (int k = 0; k < NKINDS; k++)
		printf("ack_%s_%s %.3f ms\n", state, kind_names[k], lat[k][n / 2]);
	for (int a = 0; a < NKINDS; a++)
		for (int b = a + 1; b < NKINDS; b++)
			printf("ks_%s_%s_%s %.4f distance\n", state, kind_names[a],
			    kind_names[b], ks_distance(lat[a], lat[b], n));
}

int
main(int argc, char **argv)
{
	double *lat[NKINDS];
	size_t n = 2000;
	uint16_t port;
	pid_t pid = 0;
	int ch, load = 0, bad = 0;

	while ((ch = getopt(argc, argv, "ln:")) != -1) {
		switch (ch) {
		case 'l': load = 1; break;
		case 'n': n = (size_t)strtoul(optarg, NULL, 10); break;
		default: bad = 1;
		}
	}
	if (bad || argc - optind != 2 || n == 0)
		errx(64, "usage: acklat [-l] [-n COUNT] HOST PORT");
	argv += optind;
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	crypto_init();
	for (int k = 0; k < NKINDS; k++)
		if ((lat[k] = calloc(n, sizeof(double))) == NULL)
			err(1, "calloc");
	if (load && (pid = fork()) == 0)
		make_load(argv[0], port);
	measure(argv[0], port, n, lat);
	if (pid > 0)
		kill(pid, SIGTERM);
	report(load ? "load" : "idle", n, lat);
	for (int k = 0; k < NKINDS; k++)
		free(lat[k]);
	return 0;
}
