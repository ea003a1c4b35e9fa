#include <stdio.h>
#include <time.h>

#include "packet.h"
#include "selftest.h"

#define HOPS	  4
#define AT_LEAST  0.5 /* seconds for each */

/* What the operations work on. */
struct bench {
	struct rsakey *key;
	struct hop hops[HOPS];
	uint8_t data[PACKET_LEN];
	uint8_t packet[PACKET_LEN];
	uint8_t block[PK_ENC_LEN];
};

static void
do_sha1(struct bench *b)
{
	sha1(b->block, b->data, PACKET_LEN);
}

static void
do_stream(struct bench *b)
{
	stream_crypt(b->block, 0, b->data, b->data, PACKET_LEN);
}

static void
do_lioness(struct bench *b)
{
	sprp_encrypt("k", 1, L_HIDE_PAYLOAD, b->data, PAYLOAD_LEN);
}

static void
do_rsa_public(struct bench *b)
{
	(void)rsakey_encrypt(b->key, &rng_system, b->data, PK_MAX_DATA_LEN, b->block);
}

static void
do_rsa_private(struct bench *b)
{
	uint8_t out[PK_ENC_LEN];
	size_t len;

	(void)rsakey_decrypt(b->key, b->block, out, &len);
}

static void
do_build(struct bench *b)
{
	(void)packet_build_forward(b->packet, b->data, b->hops, HOPS / 2, b->hops + HOPS / 2,
	    HOPS / 2, RT_DROP, NULL, "", 0, &rng_system, NULL);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
measure(const char *name, void (*op)(struct bench *), struct bench *b)
{
	double start = now(), spent;
	unsigned long n = 0;

	do {
		op(b);
		n++;
	} while ((spent = now() - start) < AT_LEAST);
	printf("%-40s %10.0f a second\n", name, (double)n / spent);
	(void)fflush(stdout);
}

void
selftest_benchmarks(void)
{
	static struct bench b;

	b.key = rsakey_generate(2048);
	for (size_t i = 0; i < HOPS; i++)
		b.hops[i] = (struct hop) { .key = b.key,
			.addr = { .host = "mix.example.org", .port = MMTP_PORT } };
	measure("SHA-1 of 32 KB", do_sha1, &b);
	measure("AES stream over 32 KB", do_stream, &b);
	measure("LIONESS over 28 KB", do_lioness, &b);
	measure("RSA 2048, public", do_rsa_public, &b);
	measure("RSA 2048, private", do_rsa_private, &b);
	measure("packet of four hops, built", do_build, &b);
	rsakey_free(b.key);
}
