/* When a packet is tried again, and the set of known names. */
#include "crypto.h"
#include "mmtpd/outnames.h"
#include "mmtpd/schedule.h"
#include "t.h"

#define HOUR 3600

static int64_t hours[] = { HOUR, HOUR, 7 * HOUR };
static const struct conf_schedule three = { hours, 3 };

static void
test_waits(void)
{
	CHECK(schedule_wait(&three, 0) == HOUR);
	CHECK(schedule_wait(&three, HOUR - 1) == 1);
	CHECK(schedule_wait(&three, HOUR) == HOUR);
	CHECK(schedule_wait(&three, 2 * HOUR) == 7 * HOUR);
	CHECK(schedule_wait(&three, 9 * HOUR - 1) == 1);
}

static void
test_over(void)
{
	CHECK(schedule_total(&three) == 9 * HOUR);
	CHECK(schedule_wait(&three, 9 * HOUR) == -1);
	CHECK(schedule_wait(&three, 1000 * HOUR) == -1);
}

static void
test_clock_set_back(void)
{
	CHECK(schedule_wait(&three, -5 * HOUR) == HOUR);
}

static void
test_empty(void)
{
	const struct conf_schedule none = { NULL, 0 };

	CHECK(schedule_total(&none) == 0);
	CHECK(schedule_wait(&none, 0) == -1);
	CHECK(schedule_hold(&none) > 0);
}

static void
test_hold(void)
{
	int64_t quick[] = { 10, 10 };
	const struct conf_schedule s = { quick, 2 };

	CHECK(schedule_hold(&s) == 10);
	CHECK(schedule_hold(&three) == 15 * 60);
}

#define NAMES 2000

static void
test_names_once(void)
{
	static char name[NAMES][POOL_NAME_LEN];
	static struct outpkt *pkt[NAMES];
	struct outnames *s = outnames_new();

	for (int i = 0; i < NAMES; i++) {
		pool_random_name(name[i], &rng_system);
		pkt[i] = outnames_add(s, name[i]);
		CHECK(pkt[i] != NULL);
	}
	for (int i = 0; i < NAMES; i++)
		CHECK(outnames_add(s, name[i]) == NULL);
	CHECK(outnames_count(s) == NAMES);
	for (int i = 0; i < NAMES; i += 2)
		outnames_remove(s, pkt[i]);
	CHECK(outnames_count(s) == NAMES / 2);
	CHECK(outnames_add(s, name[0]) != NULL);
	CHECK(outnames_add(s, name[1]) == NULL);
	outnames_free(s);
}

TESTS(T(test_waits), T(test_over), T(test_clock_set_back), T(test_empty), T(test_hold),
    T(test_names_once))
