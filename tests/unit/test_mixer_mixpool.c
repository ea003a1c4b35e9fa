/*
 * The mixing algorithms: sizes by the reference's rule, who is picked and in which order.
 */
#include <math.h>

#include "mixer/mixpool.h"
#include "t.h"

/* A fixed generator (splitmix64): the same draws in each run, so that bounds can be tight. */
static void
fixed_fill(void *ctx, void *p, size_t len)
{
	uint64_t *state = ctx, z;
	uint8_t *out = p;

	for (size_t i = 0; i < len; i++) {
		z = (*state += 0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		out[i] = (uint8_t)(z >> 56);
	}
}

static size_t
size_of(enum mix_algorithm a, double rate, long min, size_t n)
{
	struct mix_rule r = { a, rate, min };

	return mixpool_size(&r, n);
}

static void
test_timed_sends_all(void)
{
	CHECK(size_of(MIX_TIMED, 0.6, 5, 0) == 0);
	CHECK(size_of(MIX_TIMED, 0.6, 5, 1) == 1);
	CHECK(size_of(MIX_TIMED, 0.01, 500, 1000) == 1000);
}

static void
test_dynamic_sizes(void)
{
	static const struct {
		double rate;
		long min;
		size_t n, batch;
	} cases[] = {
		{ 0.6, 5, 0, 0 }, { 0.6, 5, 4, 0 }, { 0.6, 5, 5, 0 }, /* N >= minPool + 1 */
		{ 0.6, 5, 6, 1 }, { 0.6, 5, 10, 5 }, /* N - minPool is less than 6 */
		{ 0.6, 5, 12, 7 }, { 0.6, 5, 13, 7 }, { 0.6, 5, 14, 8 }, { 0.6, 5, 100, 60 },
		{ 0.6, 0, 1, 1 }, { 0.6, 0, 0, 0 }, { 0.05, 5, 6, 1 }, { 0.05, 5, 39, 1 },
		{ 0.05, 5, 40, 2 }, { 0.01, 0, 3, 1 }, { 1.0, 0, 7, 7 }, { 1.0, 45, 100, 55 },
		{ 0.65, 45, 1000000, 650000 }, { 0.6, 2000000, 1000000, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = cases[i].n, batch = cases[i].batch;
		CHECK(size_of(MIX_DYNAMIC, cases[i].rate, cases[i].min, n) == batch);
		CHECK(size_of(MIX_BINOMIAL, cases[i].rate, cases[i].min, n) == batch);
	}
}

#define MANY 40

static void
number_names(struct poolname *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(v[i].s, sizeof(v[i].s), "msg_%016u", (unsigned)i);
}

static size_t
number_of(const struct poolname *v)
{
	return (size_t)strtoul(v->s + 4, NULL, 10);
}

/* Whatever is picked: nothing is lost, nothing doubled. */
static int
all_there(const struct poolname *v, size_t n)
{
	uint8_t seen[MANY] = { 0 };

	for (size_t i = 0; i < n; i++)
		if (number_of(&v[i]) >= n || seen[number_of(&v[i])]++)
			return 0;
	return 1;
}

static void
test_pick_keeps_every_name(void)
{
	uint64_t state = 1;
	struct rng rng = { fixed_fill, &state };
	struct poolname v[MANY];
	struct mix_rule r = { MIX_TIMED, 0.6, 5 };

	for (int a = MIX_TIMED; a <= MIX_BINOMIAL; a++)
		for (size_t n = 0; n <= MANY; n++) {
			r.algorithm = a;
			number_names(v, n);
			CHECK(mixpool_pick(&r, v, n, &rng) <= n);
			CHECK(all_there(v, n));
		}
}

/*
 * Chi-square over where each name stands: a uniform shuffle of 8 gives about 49 (8 x 7 degrees of
 * freedom less what the margins fix); the usual mistakes (swapping with any place instead of those
 * left, or never with itself) give several hundred.
 */
#define PLACES 8
#define ROUNDS 20000

static double
chi_square(double count[PLACES][PLACES], double expected)
{
	double x = 0;

	for (size_t i = 0; i < PLACES; i++)
		for (size_t j = 0; j < PLACES; j++)
			x += (count[i][j] - expected) * (count[i][j] - expected) / expected;
	return x;
}

static double
shuffle_chi_square(void (*shuffle)(struct poolname *, const struct rng *))
{
	uint64_t state = 7;
	struct rng rng = { fixed_fill, &state };
	double count[PLACES][PLACES] = { 0 };
	struct poolname v[PLACES];

	for (int round = 0; round < ROUNDS; round++) {
		number_names(v, PLACES);
		shuffle(v, &rng);
		for (size_t i = 0; i < PLACES; i++)
			count[number_of(&v[i])][i]++;
	}
	return chi_square(count, ROUNDS / (double)PLACES);
}

static void
shuffle_ours(struct poolname *v, const struct rng *rng)
{
	struct mix_rule all = { MIX_TIMED, 0, 0 };

	mixpool_pick(&all, v, PLACES, rng);
}

/* The classical mistake, to show that the measure sees one. */
static void
shuffle_wrong(struct poolname *v, const struct rng *rng)
{
	struct poolname t;
	size_t j;

	for (size_t i = 0; i < PLACES; i++) {
		j = rng_below(rng, PLACES);
		t = v[i];
		v[i] = v[j];
		v[j] = t;
	}
}

static void
test_shuffle_is_uniform(void)
{
	CHECK(shuffle_chi_square(shuffle_ours) < 90);
	CHECK(shuffle_chi_square(shuffle_wrong) > 200);
}

/* Each of 20 must be in a batch of 12 with probability 0.6, and stand anywhere in it. */
static void
test_dynamic_picks_evenly(void)
{
	uint64_t state = 3;
	struct rng rng = { fixed_fill, &state };
	struct mix_rule r = { MIX_DYNAMIC, 0.6, 0 };
	double in[20] = { 0 }, first[20] = { 0 };
	struct poolname v[20];

	for (int round = 0; round < 10000; round++) {
		number_names(v, 20);
		CHECK(mixpool_pick(&r, v, 20, &rng) == 12);
		first[number_of(&v[8])]++;
		for (size_t i = 8; i < 20; i++)
			in[number_of(&v[i])]++;
	}
	for (size_t i = 0; i < 20; i++) {
		CHECK(fabs(in[i] - 6000) < 250); /* five standard deviations of 49 */
		CHECK(fabs(first[i] - 500) < 110); /* of 22 */
	}
}

/* Binomial with n = 30, p = 18/30: mean 18, variance 7.2; each name leaves with p. */
static void
test_binomial_distribution(void)
{
	uint64_t state = 5;
	struct rng rng = { fixed_fill, &state };
	struct mix_rule r = { MIX_BINOMIAL, 0.6, 5 };
	double sum = 0, squares = 0, left[30] = { 0 }, mean;
	struct poolname v[30];
	size_t k;
	const int rounds = 10000;

	for (int round = 0; round < rounds; round++) {
		number_names(v, 30);
		k = mixpool_pick(&r, v, 30, &rng);
		sum += (double)k;
		squares += (double)(k * k);
		for (size_t i = 30 - k; i < 30; i++)
			left[number_of(&v[i])]++;
	}
	mean = sum / rounds;
	CHECK(fabs(mean - 18) < 0.15);
	CHECK(fabs(squares / rounds - mean * mean - 7.2) < 0.5);
	for (size_t i = 0; i < 30; i++)
		CHECK(fabs(left[i] - 6000) < 250);
}

static void
test_binomial_below_minimum(void)
{
	uint64_t state = 9;
	struct rng rng = { fixed_fill, &state };
	struct mix_rule r = { MIX_BINOMIAL, 0.6, 5 };
	struct poolname v[5];

	number_names(v, 5);
	for (int round = 0; round < 100; round++)
		CHECK(mixpool_pick(&r, v, 5, &rng) == 0);
}

static void
test_namelist(void)
{
	struct namelist a = { 0 }, b = { 0 };
	char name[POOL_NAME_LEN];
	struct poolname one;

	CHECK(namelist_shift(&a, name) == -1);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(one.s, sizeof(one.s), "msg_%016u", (unsigned)i);
		namelist_push(&a, one.s);
		if (i % 3 == 0) {
			CHECK(namelist_shift(&a, name) == 0);
			snprintf(one.s, sizeof(one.s), "msg_%016u", (unsigned)(i / 3));
			CHECK_STR(name, one.s);
		}
	}
	CHECK(namelist_len(&a) == 666);
	namelist_push(&b, "msg_b");
	namelist_split(&a, 10, &b);
	CHECK(namelist_len(&a) == 656 && namelist_len(&b) == 11);
	CHECK(number_of(&namelist_names(&b)[1]) == 990);
	namelist_split(&a, 5000, &b);
	CHECK(namelist_len(&a) == 0 && namelist_len(&b) == 667);
	CHECK(namelist_shift(&b, name) == 0);
	CHECK_STR(name, "msg_b");
	namelist_free(&a);
	namelist_free(&b);
}

TESTS(T(test_timed_sends_all), T(test_dynamic_sizes), T(test_pick_keeps_every_name),
    T(test_shuffle_is_uniform), T(test_dynamic_picks_evenly), T(test_binomial_distribution),
    T(test_binomial_below_minimum), T(test_namelist))
