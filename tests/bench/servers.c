/*
 * Many servers for the benches of directories. Identities have to differ, and keys take long to
 * make: each is the product of two out of a few primes.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "servers.h"
#include "log.h"

#define PRIMES 142 /* 142 * 141 / 2 pairs */
#define TODAY  (BENCH_NOW / BENCH_DAY * BENCH_DAY)

void
bench_must(int ok)
{
	if (!ok)
		fatalx("OpenSSL: a key cannot be made");
}

/* --- identities --- */

static BIGNUM *
sub_one(const BIGNUM *p)
{
	BIGNUM *r = BN_dup(p);

	bench_must(r != NULL && BN_sub_word(r, 1));
	return r;
}

/* Everything of the key of p and q, as OpenSSL wants it. */
static EVP_PKEY *
key_of(const BIGNUM *p, const BIGNUM *q, BN_CTX *ctx)
{
	BIGNUM *p1 = sub_one(p), *q1 = sub_one(q), *n = BN_new(), *phi = BN_new(), *e = BN_new(),
	       *d, *dp = BN_new(), *dq = BN_new(), *qi;
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *kc = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *k = NULL;
	OSSL_PARAM *params;

	bench_must(BN_mul(n, p, q, ctx) && BN_mul(phi, p1, q1, ctx) && BN_set_word(e, 65537));
	d = BN_mod_inverse(NULL, e, phi, ctx);
	qi = BN_mod_inverse(NULL, q, p, ctx);
	bench_must(d != NULL && qi != NULL && BN_mod(dp, d, p1, ctx) && BN_mod(dq, d, q1, ctx));
	bench_must(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_D, d) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR1, p) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR2, q) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qi));
	bench_must((params = OSSL_PARAM_BLD_to_param(b)) != NULL);
	bench_must(EVP_PKEY_fromdata_init(kc) == 1 &&
	    EVP_PKEY_fromdata(kc, &k, EVP_PKEY_KEYPAIR, params) == 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(kc);
	for (size_t i = 0; i < 9; i++)
		BN_free((BIGNUM *[]){ p1, q1, n, phi, e, d, dp, dq, qi }[i]);
	return k;
}

static struct rsakey *
identity_of(const BIGNUM *p, const BIGNUM *q, BN_CTX *ctx)
{
	EVP_PKEY *k = key_of(p, q, ctx);
	unsigned char *der = NULL;
	struct errmsg e;
	struct rsakey *r;
	int len = i2d_PrivateKey(k, &der);

	bench_must(len > 0);
	if ((r = rsakey_from_private_der(der, (size_t)len, &e)) == NULL)
		fatalx("a key: %s", e.s);
	OPENSSL_free(der);
	EVP_PKEY_free(k);
	return r;
}

/* --- the servers --- */

static struct desc *
server_of(size_t i, struct rsakey *identity, const struct rsakey *packet)
{
	char name[16], host[32];
	struct desc_params p = { .nickname = name, .contact = "operator@bench.example",
		.software = MIX_SOFTWARE, .identity = identity, .packet_key = packet,
		.published = BENCH_NOW - BENCH_DAY, .valid_after = TODAY - BENCH_DAY,
		.valid_until = TODAY + 29 * BENCH_DAY, .secure = 1, .hostname = host,
		.port = 48099, .smtp = 1, .smtp_max_kb = 100, .fragmented = 1,
		.max_fragments = 20 };
	struct buf text = { 0 }, done = { 0 };
	struct errmsg e;
	struct desc *d;

	snprintf(name, sizeof(name), "Node%05zu", i);
	snprintf(host, sizeof(host), "node%zu.bench.example", i);
	desc_format(&text, &p);
	if (desc_sign(&done, (char *)text.p, text.len, identity, &rng_system, &e) == -1 ||
	    (d = desc_parse((char *)done.p, done.len, BENCH_NOW, &e)) == NULL)
		fatalx("a descriptor: %s", e.s);
	buf_free(&text);
	buf_free(&done);
	return d;
}

static const struct desc **
make_servers(void)
{
	static BIGNUM *primes[PRIMES];
	const struct desc **list = calloc(BENCH_SERVERS, sizeof(*list));
	struct rsakey *packet = rsakey_generate(2048), *identity;
	BN_CTX *ctx = BN_CTX_new();
	size_t n = 0;

	if (list == NULL)
		fatal("bench");
	for (size_t i = 0; i < PRIMES; i++)
		bench_must((primes[i] = BN_new()) != NULL &&
		    BN_generate_prime_ex(primes[i], 1024, 0, NULL, NULL, NULL));
	for (size_t i = 0; i < PRIMES; i++)
		for (size_t j = 0; j < i && n < BENCH_SERVERS; j++) {
			identity = identity_of(primes[i], primes[j], ctx);
			list[n] = server_of(n, identity, packet);
			rsakey_free(identity);
			n++;
		}
	BN_CTX_free(ctx);
	rsakey_free(packet);
	return list;
}

const struct desc *const *
bench_servers(void)
{
	static const struct desc **servers;

	if (servers == NULL)
		servers = make_servers();
	return servers;
}

/* --- a process of its own --- */

struct bench_answer
bench_apart(double (*run)(const void *arg), const void *arg)
{
	struct bench_answer a;
	int p[2];

	if (pipe(p) == -1)
		fatal("pipe");
	if (fork() == 0) {
		struct rusage before, after;

		getrusage(RUSAGE_SELF, &before);
		a.seconds = run(arg);
		getrusage(RUSAGE_SELF, &after);
		a.kb = after.ru_maxrss - before.ru_maxrss;
		_exit(write(p[1], &a, sizeof(a)) == sizeof(a) ? 0 : 1);
	}
	if (read(p[0], &a, sizeof(a)) != sizeof(a))
		fatalx("a process of the bench ended early");
	wait(NULL);
	close(p[0]);
	close(p[1]);
	return a;
}
