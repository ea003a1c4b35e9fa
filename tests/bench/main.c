/*
 * bench DIR KEYD OUT: measures in rounds, prints a table, writes OUT (JSON). See README.
 * bench rsa: prints the bare RSA operations a second on all cores, and microseconds of processor
 * time for one.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "crypto.h"
#include "log.h"

#define ROUNDS 3

struct figure {
	const char *name;
	const char *ratio_to; /* NULL: a measure of the machine */
	double reach; /* 0: none is set */
	double best;
};

static struct figure figures[] = {
	{ "rsa_1", NULL, 0, 0 },
	{ "rsa_all", NULL, 0, 0 },
	{ "unwrap_fwd_1", "rsa_1", 0.82, 0 },
	{ "unwrap_fwd_all", "rsa_all", 0.80, 0 },
	{ "unwrap_swap_1", "rsa_1", 0, 0 },
	{ "unwrap_swap_all", "rsa_all", 0, 0 },
	{ "unwrap_exit_1", "rsa_1", 0, 0 },
	{ "unwrap_exit_all", "rsa_all", 0, 0 },
	{ "build_4hop", "rsa_1", 0.9, 0 },
	{ "rsa_verify_1", NULL, 0, 0 },
	{ "directory_10000", "rsa_verify_1", 0, 0 },
	{ "tally_10000", "rsa_verify_1", 0, 0 },
};
#define NFIGURES (sizeof(figures) / sizeof(figures[0]))

static cpu_set_t all_cores;

double
bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

unsigned
bench_cores(void)
{
	return (unsigned)CPU_COUNT(&all_cores);
}

void
bench_pin(int one)
{
	cpu_set_t set = all_cores;
	int first = 0;

	if (one) {
		while (!CPU_ISSET(first, &all_cores))
			first++;
		CPU_ZERO(&set);
		CPU_SET(first, &set);
	}
	if (sched_setaffinity(0, sizeof(set), &set) == -1)
		fatal("sched_setaffinity");
}

static void
measured(const char *name, double rate)
{
	for (size_t i = 0; i < NFIGURES; i++)
		if (strcmp(figures[i].name, name) == 0 && rate > figures[i].best)
			figures[i].best = rate;
}

/* What is compared is measured side by side: the machine may change its speed. */
static void
measure(const char *dir, const char *keyd)
{
	measured("rsa_1", rsa_rate(1).per_second);
	measured("unwrap_fwd_1", unwrap_rate(dir, keyd, KIND_FWD, 1));
	measured("unwrap_swap_1", unwrap_rate(dir, keyd, KIND_SWAP, 1));
	measured("unwrap_exit_1", unwrap_rate(dir, keyd, KIND_EXIT, 1));
	measured("build_4hop", build_rate());
	measured("rsa_1", rsa_rate(1).per_second);
	measured("rsa_all", rsa_rate(0).per_second);
	measured("unwrap_fwd_all", unwrap_rate(dir, keyd, KIND_FWD, 0));
	measured("unwrap_swap_all", unwrap_rate(dir, keyd, KIND_SWAP, 0));
	measured("unwrap_exit_all", unwrap_rate(dir, keyd, KIND_EXIT, 0));
	measured("rsa_all", rsa_rate(0).per_second);
	measured("rsa_verify_1", rsa_verify_rate());
	measured("directory_10000", directory_rate());
	measured("tally_10000", tally_rate());
}

static double
ratio_of(const struct figure *f)
{
	for (size_t i = 0; i < NFIGURES; i++)
		if (strcmp(figures[i].name, f->ratio_to) == 0)
			return f->best / figures[i].best;
	return 0;
}

static void
print_table(void)
{
	printf("%u cores; best of %d rounds\n", bench_cores(), ROUNDS);
	printf("%-16s %10s   %-8s %6s %6s\n", "", "a second", "compared", "ratio", "reach");
	for (size_t i = 0; i < NFIGURES; i++) {
		const struct figure *f = &figures[i];

		printf("%-16s %10.0f", f->name, f->best);
		if (f->ratio_to != NULL)
			printf("   %-8s %6.3f", f->ratio_to, ratio_of(f));
		if (f->reach > 0)
			printf(" %6.2f%s", f->reach, ratio_of(f) < f->reach ? "  short" : "");
		printf("\n");
	}
}

static void
write_json(const char *path)
{
	FILE *out = fopen(path, "w");

	if (out == NULL)
		fatal("%s", path);
	fprintf(out, "{\n");
	for (size_t i = 0; i < NFIGURES; i++) {
		const struct figure *f = &figures[i];

		fprintf(out, "  \"%s\": {\"value\": %.1f, \"unit\": \"1/s\"", f->name, f->best);
		if (f->ratio_to != NULL)
			fprintf(out, ", \"ratio_to\": \"%s\", \"ratio\": %.4f", f->ratio_to,
			    ratio_of(f));
		fprintf(out, "}%s\n", i + 1 < NFIGURES ? "," : "");
	}
	fprintf(out, "}\n");
	if (fclose(out) != 0)
		fatal("%s", path);
}

static void
print_rsa(void)
{
	struct rsa_rate all = rsa_rate(0);

	printf("%.1f %.1f\n", all.per_second, all.cpu * 1e6);
}

int
main(int argc, char **argv)
{
	log_init("bench", LOGL_WARN);
	if (argc != 4 && (argc != 2 || strcmp(argv[1], "rsa") != 0)) {
		fprintf(stderr, "usage: bench directory keyd output.json\n       bench rsa\n");
		return 64;
	}
	crypto_init();
	if (sched_getaffinity(0, sizeof(all_cores), &all_cores) == -1)
		fatal("sched_getaffinity");
	if (argc == 2) {
		print_rsa();
		return 0;
	}
	for (int i = 0; i < ROUNDS; i++)
		measure(argv[1], argv[2]);
	print_table();
	write_json(argv[3]);
	return 0;
}
