/*
 * When to fetch, when to try again, and what is remembered of uploads: with a clock of the test's.
 */
#include "../../dirsync/schedule.h"
#include "../../dirsync/pubstate.h"
#include "../../dirsync/urls.h"
#include "t.h"

#define DAY   86400
#define HOUR  3600
#define TODAY (INT64_C(20000) * DAY)
#define NOON  (TODAY + DAY / 2)
#define TIMES 500

static void
test_daily(void)
{
	int64_t least = INT64_MAX, most = 0;

	crypto_init();
	for (int i = 0; i < TIMES; i++) {
		int64_t t = schedule_fetch(NOON, TODAY + DAY, DAY, &rng_system);

		least = t < least ? t : least;
		most = t > most ? t : most;
	}
	/* After the next one is in place, and spread over hours. */
	CHECK(least > TODAY + DAY && most < TODAY + DAY + 7 * HOUR);
	CHECK(most - least > 2 * HOUR);
	/* None is held, or one from a clock that was wrong: the next midnight. */
	for (int i = 0; i < TIMES; i++) {
		int64_t a = schedule_fetch(NOON, 0, DAY, &rng_system);
		int64_t b = schedule_fetch(NOON, TODAY + 400 * DAY, DAY, &rng_system);

		CHECK(a > TODAY + DAY && a < TODAY + DAY + 7 * HOUR);
		CHECK(b > TODAY + DAY && b < TODAY + DAY + 7 * HOUR);
		a = schedule_fetch(NOON, TODAY + DAY, 2 * DAY, &rng_system);
		CHECK(a > TODAY + 2 * DAY && a < TODAY + 2 * DAY + 7 * HOUR);
	}
}

static void
test_first(void)
{
	for (int i = 0; i < TIMES; i++) {
		int64_t t = schedule_first(NOON, TODAY, DAY, &rng_system);

		CHECK(t >= NOON && t < NOON + 60);
		t = schedule_first(NOON, TODAY + DAY, DAY, &rng_system);
		CHECK(t > TODAY + DAY);
		t = schedule_first(NOON, 0, 1, &rng_system);
		CHECK(t == NOON);
		t = schedule_fetch(NOON, TODAY + DAY, 10, &rng_system);
		CHECK(t >= NOON + 5 && t <= NOON + 10);
	}
}

static void
test_back_off(void)
{
	for (int i = 0; i < TIMES; i++) {
		int64_t first = schedule_fetch_retry(1, DAY, &rng_system);
		int64_t late = schedule_fetch_retry(1000, DAY, &rng_system);

		CHECK(first >= 5 * 60 && first <= 10 * 60);
		CHECK(late >= 90 * 60 && late <= 3 * HOUR);
		CHECK(schedule_fetch_retry(3, 1, &rng_system) == 1);
		first = schedule_upload_retry(1, &rng_system);
		late = schedule_upload_retry(100000, &rng_system);
		CHECK(first >= 30 && first <= 60 && late >= 3 * HOUR && late <= 6 * HOUR);
	}
}

static const uint8_t one[PUB_MD_LEN] = { 1 }, other[PUB_MD_LEN] = { 2 };

static void
test_outcomes(void)
{
	struct pubstate s = { NULL, 0 };
	struct pub_entry *e = pubstate_get(&s, 1, "http://a/upload");

	CHECK(pubstate_due(e, one, NOON));
	pubstate_note(e, one, PUB_ACCEPTED, NOON, &rng_system);
	CHECK(!pubstate_due(e, one, NOON + 1000 * DAY) && pubstate_due(e, other, NOON));
	pubstate_note(e, one, PUB_WAITING, NOON, &rng_system);
	CHECK(!pubstate_due(e, one, NOON + 11 * HOUR) && pubstate_due(e, one, NOON + 12 * HOUR));
	pubstate_note(e, one, PUB_REFUSED, NOON, &rng_system);
	CHECK(!pubstate_due(e, one, NOON + 23 * HOUR) && pubstate_due(e, one, NOON + DAY));
	CHECK(pubstate_due(e, other, NOON));
	pubstate_note(e, one, PUB_FAILED, NOON, &rng_system);
	CHECK(!pubstate_due(e, one, NOON + 29) && pubstate_due(e, one, NOON + 60));
	for (int i = 0; i < 30; i++)
		pubstate_note(e, one, PUB_FAILED, NOON, &rng_system);
	CHECK(!pubstate_due(e, one, NOON + 2 * HOUR) && pubstate_due(e, one, NOON + 6 * HOUR));
	/* The clock was set back by a year: no waiting for that. */
	CHECK(pubstate_due(e, one, NOON - 365 * DAY));
	pubstate_note(e, one, PUB_ACCEPTED, NOON, &rng_system);
	pubstate_forget_all(&s);
	CHECK(pubstate_due(e, one, NOON));
	pubstate_free(&s);
}

static void
test_file(void)
{
	struct pubstate s = { NULL, 0 }, t = { NULL, 0 };
	struct buf a = { 0 }, b = { 0 };
	char bad[] = "1 00 accepted 0 0 http://a/\n"
	    "x 01000000000000000000000000000000 accepted 0 0 http://a/\n"
	    "1 01000000000000000000000000000000 loved 0 0 http://a/\n"
	    "1 01000000000000000000000000000000 accepted 0 -1 http://a/\n"
	    "1 01000000000000000000000000000000 accepted 0 0 nowhere\n"
	    "1 01000000000000000000000000000000 accepted 0 0\n"
	    "2 01000000000000000000000000000000 refused 0 7 http://b/\n";

	pubstate_note(pubstate_get(&s, 1, "http://a/upload"), one, PUB_WAITING, NOON, &rng_system);
	pubstate_note(pubstate_get(&s, 2, "https://b:8/x"), other, PUB_FAILED, NOON, &rng_system);
	pubstate_format(&a, &s);
	CHECK(pubstate_parse(&t, buf_cstr(&a)) == 0 && t.n == 2);
	buf_reset(&a);
	pubstate_format(&a, &s);
	pubstate_format(&b, &t);
	CHECK(a.len == b.len && memcmp(a.p, b.p, a.len) == 0);
	pubstate_free(&t);
	CHECK(pubstate_parse(&t, bad) == -1 && t.n == 1 && t.v[0].outcome == PUB_REFUSED);
	/* What nobody asked for since is forgotten. */
	pubstate_prune(&t);
	CHECK(t.n == 1);
	pubstate_prune(&t);
	CHECK(t.n == 0);
	pubstate_free(&s);
	pubstate_free(&t);
	buf_free(&a);
	buf_free(&b);
}

static void
test_urls(void)
{
	static char server[] = "0123456789012345678901234567890123456789 http://a/d/";
	char *bases[] = { (char []){ "http://b" }, (char []){ "http://c/Directory.gz" },
		(char []){ "http://a/d/" } };
	char *uploads[] = { (char []){ "http://d/cgi/publish" } };
	static char *servers[] = { server };
	struct server_conf c = { .directory_servers = { servers, 1 }, .server_urls = { bases, 3 },
		.publish_urls = { uploads, 1 } };
	struct opt_list l = { NULL, 0 };

	urls_fetch(&l, &c);
	CHECK(l.n == 3);
	CHECK_STR(l.v[0], "http://a/d/current.gz");
	CHECK_STR(l.v[1], "http://b/current.gz");
	CHECK_STR(l.v[2], "http://c/Directory.gz");
	opt_list_free(&l);
	urls_publish(&l, &c);
	CHECK(l.n == 3);
	CHECK_STR(l.v[0], "http://d/cgi/publish");
	CHECK_STR(l.v[1], "http://a/d/upload");
	CHECK_STR(l.v[2], "http://b/upload");
	opt_list_free(&l);
}

TESTS(T(test_daily), T(test_first), T(test_back_off), T(test_outcomes), T(test_file), T(test_urls))
