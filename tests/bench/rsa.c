#include <sys/wait.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "log.h"

#define SECONDS 1.0
#define A_TURN	50

static EVP_PKEY_CTX *
prepare(struct rsakey *k, uint8_t block[PK_ENC_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, rsakey_evp(k), NULL);

	if (ctx == NULL || EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1)
		fatalx("OpenSSL: no RSA");
	rng_fill(&rng_system, block, PK_ENC_LEN);
	block[0] = 0; /* below the modulus */
	return ctx;
}

static double
cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The private operation and nothing around it, from start on. */
static struct rsa_rate
run(EVP_PKEY_CTX *ctx, const uint8_t *block, double start)
{
	uint8_t out[PK_ENC_LEN];
	size_t n = 0, len;
	double end, cpu = cpu_now();

	do {
		for (int i = 0; i < A_TURN; i++) {
			len = sizeof(out);
			if (EVP_PKEY_decrypt(ctx, out, &len, block, PK_ENC_LEN) != 1)
				fatalx("OpenSSL: RSA");
		}
		n += A_TURN;
		end = bench_now();
	} while (end < start + SECONDS);
	return (struct rsa_rate) { (double)n / (end - start), (cpu_now() - cpu) / (double)n };
}

/* All start at one moment, and each writes its rate. */
static struct rsa_rate
run_all(EVP_PKEY_CTX *ctx, const uint8_t *block, unsigned n)
{
	struct rsa_rate rate, sum = { 0, 0 };
	double start = bench_now() + 0.1;
	int p[2];

	if (pipe(p) == -1)
		fatal("pipe");
	for (unsigned i = 0; i < n; i++)
		switch (fork()) {
		case -1:
			fatal("fork");
		case 0:
			while (bench_now() < start)
				sched_yield();
			rate = run(ctx, block, start);
			_exit(write(p[1], &rate, sizeof(rate)) == sizeof(rate) ? 0 : 1);
		}
	for (unsigned i = 0; i < n; i++) {
		if (read(p[0], &rate, sizeof(rate)) != sizeof(rate))
			fatalx("a process of the bench ended early");
		sum.per_second += rate.per_second;
		sum.cpu += rate.cpu / n;
		wait(NULL);
	}
	close(p[0]);
	close(p[1]);
	return sum;
}

struct rsa_rate
rsa_rate(int one)
{
	static struct rsakey *k;
	uint8_t block[PK_ENC_LEN];
	EVP_PKEY_CTX *ctx;
	struct rsa_rate rate;

	if (k == NULL)
		k = rsakey_generate(2048);
	ctx = prepare(k, block);
	bench_pin(one);
	rate = one ? run(ctx, block, bench_now()) : run_all(ctx, block, bench_cores());
	EVP_PKEY_CTX_free(ctx);
	return rate;
}
