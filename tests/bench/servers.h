/*
 * What the benches of directories share: 10,000 servers, and a process of its own for a measure.
 */
#ifndef TESTS_BENCH_SERVERS_H
#define TESTS_BENCH_SERVERS_H

#include "bench.h"
#include "desc.h"

#define BENCH_SERVERS 10000
#define BENCH_DAY     86400
#define BENCH_NOW     (INT64_C(20000) * BENCH_DAY + BENCH_DAY / 2) /* noon of a day */

/* Made at the first call; of an identity each. */
const struct desc *const *bench_servers(void);

struct bench_answer {
	double seconds;
	long kb; /* how much the process grew at most: what it began with is not counted */
};

/* Runs in a child: run returns the seconds that count. */
struct bench_answer bench_apart(double (*run)(const void *arg), const void *arg);

/* Fatal if OpenSSL did not do its part. */
void bench_must(int ok);

#endif
