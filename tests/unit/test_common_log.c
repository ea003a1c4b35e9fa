#include "log.h"
#include "t.h"

static void
test_said_once(void)
{
	struct log_state s = { 0 };

	CHECK(log_once(&s) == 1);
	CHECK(log_once(&s) == 0);
}

static void
test_what_comes_and_goes_is_not_said_each_time(void)
{
	struct log_state s = { 0 };

	CHECK(log_once(&s) == 1);
	for (int i = 0; i < 1000; i++) {
		log_again(&s);
		CHECK(log_once(&s) == 0);
		CHECK(s.said);
	}
}

static void
test_said_again_when_it_was_quiet_for_long(void)
{
	struct log_state s = { 0 };

	CHECK(log_once(&s) == 1);
	log_again(&s);
	s.when -= LOG_QUIET;
	CHECK(log_once(&s) == 1);
}

TESTS(T(test_said_once), T(test_what_comes_and_goes_is_not_said_each_time),
    T(test_said_again_when_it_was_quiet_for_long))
