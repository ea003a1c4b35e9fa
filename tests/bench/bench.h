/*
 * What the parts of the bench share. Rates are operations a second.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "mix.h"
#include "rsakey.h"

/* Seconds, monotonic. */
double bench_now(void);
/* How many cores this process may use. */
unsigned bench_cores(void);
/* Pins it, and its children to come, to the first of them; or to all again. */
void bench_pin(int one);

/*
 * Bare RSA-2048 private operations: on one core, or a process a core. cpu: seconds of processor
 * time for one.
 */
struct rsa_rate {
	double per_second, cpu;
};
struct rsa_rate rsa_rate(int one);

/* Packets of one kind through keyd and the mixer's unwrapping. */
enum kind { KIND_FWD, KIND_SWAP, KIND_EXIT };
double unwrap_rate(const char *dir, const char *keyd, enum kind kind, int one);

/* Packets over four hops, two a leg, by one process. */
double build_rate(void);

/*
 * Servers of a directory of 10,000, compressed, verified and parsed by one process; bare RSA-2048
 * public operations. Both on one core.
 */
double directory_rate(void);
double rsa_verify_rate(void);

/* The same number of servers in five votes: an authority counts them and signs what comes out. */
double tally_rate(void);

/* --- a keyd of our own, on a new home in dir --- */
struct keyd_proc;
struct keyd_proc *keyd_start(const char *dir, const char *program);
/* Connected, blocking. */
int keyd_connect(struct keyd_proc *k, const char *role);
/* The public key of its packet key. */
struct rsakey *keyd_public(struct keyd_proc *k);
void keyd_stop(struct keyd_proc *k);

#endif
