#include "mmtpd/bandwidth.h"
#include "t.h"

#define RECORD 29 /* what a record adds */

/* Octets that go through between two times, asked for every 10 ms in records of 1000. */
static int64_t
through(struct bandwidth *b, enum direction d, int64_t from, int64_t to)
{
	int64_t n = 0;

	for (int64_t now = from; now < to; now += 10)
		while (bandwidth_may(b, d, now)) {
			bandwidth_used(b, d, 1000);
			n += 1000 + RECORD;
			if (n > 1 << 30)
				return n;
		}
	return n;
}

static int
near(int64_t got, int64_t want, int64_t slack)
{
	return got >= want && got <= want + slack;
}

static void
test_no_limit(void)
{
	struct bandwidth b = { 0 };

	bandwidth_set(&b, 0, 0, 0);
	CHECK(through(&b, BW_IN, 0, 10) > 1 << 30);
}

static void
test_rate_and_spike(void)
{
	struct bandwidth b = { 0 };

	bandwidth_set(&b, 10000, 30000, 1000);
	/* What was saved up at once, then the rate. */
	CHECK(near(through(&b, BW_IN, 1000, 1010), 30000, 1100));
	CHECK(near(through(&b, BW_IN, 1010, 11010), 100000 - 1100, 2200));
	/* The other direction has its own. */
	CHECK(near(through(&b, BW_OUT, 11010, 11020), 30000, 1200));
	/* A quiet hour saves up no more than a spike. */
	CHECK(near(through(&b, BW_IN, 3600000, 3600010), 30000, 1200));
}

static void
test_default_spike(void)
{
	struct bandwidth b = { 0 };

	bandwidth_set(&b, 10000, 0, 0);
	CHECK(near(through(&b, BW_OUT, 0, 10), 50000, 1100));
}

/* Asked so often that no octet has come in since: the time is not lost. */
static void
test_small_steps(void)
{
	struct bandwidth b = { 0 };
	int64_t n = 0;

	bandwidth_set(&b, 100, 100, 0);
	for (int64_t now = 0; now < 100000; now++)
		if (bandwidth_may(&b, BW_IN, now)) {
			bandwidth_used(&b, BW_IN, 1);
			n += 1 + RECORD;
		}
	CHECK(near(n, 100 * 100, 200));
}

static void
test_reload(void)
{
	struct bandwidth b = { 0 };

	bandwidth_set(&b, 10000, 30000, 0);
	through(&b, BW_IN, 0, 10);
	bandwidth_set(&b, 10000, 20000, 10);
	CHECK(!bandwidth_may(&b, BW_IN, 10)); /* a reload is no spike */
	CHECK(near(through(&b, BW_OUT, 10, 20), 20000, 1200));
	bandwidth_set(&b, 0, 0, 20);
	CHECK(bandwidth_may(&b, BW_IN, 20));
}

TESTS(T(test_no_limit), T(test_rate_and_spike), T(test_default_spike), T(test_small_steps),
    T(test_reload))
