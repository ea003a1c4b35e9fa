#include "t.h"

#include "infofmt.h"

static int64_t
date(const char *s)
{
	int64_t t;

	return conv_date(&t, s, NULL) == 0 ? t : -1;
}

static int64_t
moment(const char *s)
{
	int64_t t;

	return conv_time(&t, s, NULL) == 0 ? t : -1;
}

static int64_t
interval(const char *s)
{
	int64_t t;

	return conv_interval(&t, s, NULL) == 0 ? t : -1;
}

static int64_t
size(const char *s)
{
	int64_t t;

	return conv_size(&t, s, NULL) == 0 ? t : -1;
}

static void
test_dates(void)
{
	CHECK(date("1970-01-01") == 0);
	CHECK(date("2026-11-20") == 1795132800);
	CHECK(date("2024-02-29") == 1709164800);
	CHECK(date("2023-02-29") == -1);
	CHECK(date("2026-11-31") == -1);
	CHECK(date("2026-13-01") == -1);
	CHECK(date("2026/11/20") == -1);
	CHECK(date("1969-12-31") == -1);
	CHECK(date("2026-11-20 ") == -1);
	CHECK(date("26-11-20") == -1);
	CHECK(date("") == -1);
}

static void
test_times(void)
{
	CHECK(moment("2026-11-20 00:00:01") == 1795132801);
	CHECK(moment("2026-11-20  23:59:59.123") == 1795219199);
	CHECK(moment("2026-11-20 23:59:59.1234") == 1795219199);
	CHECK(moment("2026-11-20 24:00:00") == -1);
	CHECK(moment("2026-11-20 00:60:00") == -1);
	CHECK(moment("2026-11-20 00:00:61") == -1);
	CHECK(moment("2026-11-20 00:00:00.12") == -1);
	CHECK(moment("2026-11-20T00:00:00") == -1);
	CHECK(moment("2026-11-20") == -1);
}

static void
test_dates_are_written_as_read(void)
{
	char d[11], t[20];

	for (int64_t x = 0; x < INT64_C(4102444800); x += 86400 * 13 + 3607) {
		fmt_date(d, x);
		fmt_time(t, x);
		CHECK(date(d) == x - x % 86400);
		CHECK(moment(t) == x);
	}
	fmt_time(t, 1709251199);
	CHECK_STR(t, "2024-02-29 23:59:59");
}

static void
test_integers(void)
{
	long v;

	CHECK(conv_int(&v, "-5", -10, 10, NULL) == 0 && v == -5);
	CHECK(conv_int(&v, "65535", 1, 65535, NULL) == 0 && v == 65535);
	CHECK(conv_int(&v, "65536", 1, 65535, NULL) == -1);
	CHECK(conv_int(&v, "99999999999999999999", 0, 100, NULL) == -1);
	CHECK(conv_int(&v, "0x10", 0, 100, NULL) == -1);
	CHECK(conv_int(&v, "1 ", 0, 100, NULL) == -1);
	CHECK(conv_int(&v, "-", -1, 100, NULL) == -1);
	CHECK(conv_int(&v, "", 0, 100, NULL) == -1);
}

static void
test_booleans(void)
{
	int v;

	CHECK(conv_bool(&v, "YES", NULL) == 0 && v == 1);
	CHECK(conv_bool(&v, "on", NULL) == 0 && v == 1);
	CHECK(conv_bool(&v, "f", NULL) == -1);
	CHECK(conv_bool(&v, "0", NULL) == 0 && v == 0);
	CHECK(conv_exchange_bool(&v, "yes", NULL) == 0 && v == 1);
	CHECK(conv_exchange_bool(&v, "no", NULL) == 0 && v == 0);
	CHECK(conv_exchange_bool(&v, "true", NULL) == -1);
}

static void
test_nicknames(void)
{
	CHECK(conv_nickname("A", NULL) == 0);
	CHECK(conv_nickname("a-1", NULL) == 0);
	CHECK(conv_nickname("NNNNNNNNNNNNNNNNNNNNNNNN", NULL) == 0);
	CHECK(conv_nickname("NNNNNNNNNNNNNNNNNNNNNNNNN", NULL) == -1);
	CHECK(conv_nickname("1a", NULL) == -1);
	CHECK(conv_nickname("-a", NULL) == -1);
	CHECK(conv_nickname("a_b", NULL) == -1);
	CHECK(conv_nickname("", NULL) == -1);
}

static void
test_intervals(void)
{
	CHECK(interval("1.5 hours") == 5400);
	CHECK(interval(".5 months") == 15 * 86400);
	CHECK(interval("30 MIN") == 1800);
	CHECK(interval("1 week") == 604800);
	CHECK(interval("10 seconds") == 10);
	CHECK(interval("1 year") == 365 * 86400);
	CHECK(interval("10") == -1);
	CHECK(interval("10 fortnights") == -1);
	CHECK(interval("-1 day") == -1);
	CHECK(interval("99999999999 years") == -1);
}

static void
test_sizes(void)
{
	CHECK(size("100K") == 102400);
	CHECK(size("1 MB") == 1048576);
	CHECK(size("512") == 512);
	CHECK(size("1.5 kb") == 1536);
	CHECK(size("3 octets") == 3);
	CHECK(size("1G") == 1 << 30);
	CHECK(size("1X") == -1);
	CHECK(size("K") == -1);
	CHECK(size("9999999999999G") == -1);
}

static void
test_fractions(void)
{
	double v;

	CHECK(conv_fraction(&v, "0.6", NULL) == 0 && v > 0.599 && v < 0.601);
	CHECK(conv_fraction(&v, "60%", NULL) == 0 && v > 0.599 && v < 0.601);
	CHECK(conv_fraction(&v, "100 %", NULL) == 0 && v == 1);
	CHECK(conv_fraction(&v, "1.1", NULL) == -1);
	CHECK(conv_fraction(&v, "x", NULL) == -1);
}

static int
schedule(const char *s, size_t want, int64_t first, int64_t last)
{
	int64_t *v;
	size_t n;
	int ok;

	if (conv_schedule(&v, &n, s, NULL) == -1)
		return want == 0;
	ok = n == want && n > 0 && v[0] == first && v[n - 1] == last;
	free(v);
	return ok;
}

static void
test_schedules(void)
{
	CHECK(schedule("every 1 hour for 1 day, 7 hours for 5 days", 24 + 18, 3600, 25200));
	CHECK(schedule("5 min, every 10 min for 1 hour,1 day", 8, 300, 86400));
	CHECK(schedule("1 hour, 2 hours, every 4 hours for 1 week, every 1 day for .5 months", 59,
	    3600, 86400));
	CHECK(schedule("every 10 seconds for 5 minutes", 30, 10, 10));
	CHECK(schedule("every 10 seconds", 0, 0, 0));
	CHECK(schedule("every 0 seconds for 1 day", 0, 0, 0));
	CHECK(schedule("every 1 second for 1 year", 0, 0, 0));
	CHECK(schedule("1 hour,,2 hours", 0, 0, 0));
	CHECK(schedule("", 0, 0, 0));
}

TESTS(T(test_dates), T(test_times), T(test_dates_are_written_as_read), T(test_integers),
    T(test_booleans), T(test_nicknames), T(test_intervals), T(test_sizes), T(test_fractions),
    T(test_schedules))
