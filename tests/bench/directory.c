/*
 * A directory of many servers, read and verified as a client does it.
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdio.h>
#include <string.h>

#include "servers.h"
#include "directory.h"
#include "log.h"

#define SECONDS 1.0

static struct rsakey *authorities[3];
static struct dir_voter voters[3];

static void
make_directory(struct buf *gz)
{
	static const char *const urls[3] = { "http://a/", "http://b/", "http://c/" };
	struct dir_params p = { .status = DIR_CONSENSUS,
		.valid_after = BENCH_NOW / BENCH_DAY * BENCH_DAY,
		.valid_until = BENCH_NOW / BENCH_DAY * BENCH_DAY + BENCH_DAY, .voters = voters,
		.nvoters = 3, .servers = bench_servers(), .nservers = BENCH_SERVERS };
	struct buf body = { 0 }, text = { 0 };

	for (size_t i = 0; i < 3; i++) {
		authorities[i] = rsakey_generate(2048);
		rsakey_keyid(authorities[i], voters[i].fingerprint);
		if ((voters[i].url = strdup(urls[i])) == NULL)
			fatal("bench");
	}
	directory_format(&body, &p);
	for (size_t i = 0; i < 3; i++)
		directory_sign(&text, (char *)body.p, body.len, authorities[i], &rng_system);
	buf_put(&text, body.p, body.len);
	directory_gzip(gz, text.p, text.len);
	buf_free(&body);
	buf_free(&text);
	fprintf(stderr, "a directory of %d servers: %zu octets compressed\n", BENCH_SERVERS,
	    gz->len);
}

/* --- measures --- */

/* What a client does with it: seconds; the peak of memory is that of the child that does it. */
static double
verify(const void *arg)
{
	const struct buf *gz = arg;
	uint8_t trusted[3][HASH_LEN];
	double start = bench_now();
	struct directory *d;
	struct errmsg e;

	for (size_t i = 0; i < 3; i++)
		memcpy(trusted[i], voters[i].fingerprint, HASH_LEN);
	d = directory_parse_any(gz->p, gz->len, BENCH_NOW, &e);
	if (d == NULL || d->nservers != BENCH_SERVERS ||
	    directory_check(d, (const uint8_t (*)[HASH_LEN])trusted, 3, BENCH_NOW, 0, &e) == -1)
		fatalx("the directory: %s", d == NULL ? e.s : "not whole");
	return bench_now() - start;
}

double
directory_rate(void)
{
	static struct buf gz;
	struct bench_answer a;

	if (gz.len == 0)
		make_directory(&gz);
	bench_pin(1);
	a = bench_apart(verify, &gz);
	bench_pin(0);
	fprintf(stderr, "verified and parsed in %.2f s, %ld MB more memory\n", a.seconds,
	    a.kb / 1024);
	return BENCH_SERVERS / a.seconds;
}

/* Bare public operations, one core. */
double
rsa_verify_rate(void)
{
	struct rsakey *k = rsakey_generate(2048);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, rsakey_evp(k), NULL);
	uint8_t block[PK_ENC_LEN] = { 0, 1 }, out[PK_ENC_LEN];
	double start, end;
	size_t n = 0, len;

	bench_must(ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1);
	bench_pin(1);
	start = bench_now();
	do {
		for (int i = 0; i < 500; i++) {
			len = sizeof(out);
			bench_must(EVP_PKEY_encrypt(ctx, out, &len, block, sizeof(block)) == 1);
		}
		n += 500;
		end = bench_now();
	} while (end < start + SECONDS);
	bench_pin(0);
	EVP_PKEY_CTX_free(ctx);
	rsakey_free(k);
	return (double)n / (end - start);
}
