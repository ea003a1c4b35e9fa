/* The cache of addresses, numeric hosts, and the names that a directory gives. */
#include "../../dirsync/dirsync.h"
#include "t.h"

#define NOW 1795231569

static struct resolve_rep
addr(uint8_t last)
{
	struct resolve_rep r = { .status = ST_OK, .n4 = 1, .n6 = 1 };

	r.a4[0][0] = 10;
	r.a4[0][3] = last;
	r.a6[0][15] = last;
	return r;
}

static const struct resolve_rep failure = { .status = ST_LATER };

static void
test_times(void)
{
	struct hostcache *h = hostcache_new(10);
	struct resolve_rep r = addr(1), got;

	CHECK(hostcache_get(h, "a.example", NOW, &got) == HOST_UNKNOWN);
	hostcache_put(h, "A.example", &r, 1000, NOW);
	CHECK(hostcache_get(h, "a.EXAMPLE", NOW, &got) == HOST_FRESH);
	CHECK(got.n4 == 1 && got.a4[0][3] == 1 && got.n6 == 1 && got.a6[0][15] == 1);
	CHECK(hostcache_get(h, "a.example", NOW + 999, &got) == HOST_FRESH);
	CHECK(hostcache_get(h, "a.example", NOW + 1000, &got) == HOST_STALE && got.a4[0][3] == 1);
	CHECK(hostcache_get(h, "a.example", NOW + 1000 + 86400, &got) == HOST_UNKNOWN);
	/* Neither a query a minute nor one a year. */
	hostcache_put(h, "b.example", &r, 1, NOW);
	CHECK(hostcache_get(h, "b.example", NOW + 299, &got) == HOST_FRESH);
	CHECK(hostcache_get(h, "b.example", NOW + 300, &got) == HOST_STALE);
	CHECK(hostcache_get(h, "b.example", NOW - 86400, &got) == HOST_STALE);
	hostcache_put(h, "c.example", &r, UINT32_MAX, NOW);
	CHECK(hostcache_get(h, "c.example", NOW + 3600, &got) == HOST_STALE);
	hostcache_free(h);
}

/* A failure is remembered for a minute and takes nothing away that was known. */
static void
test_failures(void)
{
	struct hostcache *h = hostcache_new(10);
	struct resolve_rep r = addr(7), got;

	hostcache_put(h, "x.example", &failure, 0, NOW);
	CHECK(
	    hostcache_get(h, "x.example", NOW + 59, &got) == HOST_FRESH && got.status == ST_LATER);
	CHECK(hostcache_get(h, "x.example", NOW + 60, &got) == HOST_UNKNOWN);
	hostcache_put(h, "y.example", &r, 300, NOW);
	hostcache_put(h, "y.example", &failure, 0, NOW + 400);
	CHECK(hostcache_get(h, "y.example", NOW + 401, &got) == HOST_FRESH);
	CHECK(got.status == ST_OK && got.a4[0][3] == 7);
	CHECK(hostcache_get(h, "y.example", NOW + 460, &got) == HOST_STALE);
	hostcache_free(h);
}

static void
test_bound(void)
{
	struct hostcache *h = hostcache_new(3);
	struct resolve_rep r = addr(1), got;
	char name[32];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "h%d.example", i);
		hostcache_put(h, name, &r, 300 + (uint32_t)i, NOW);
		CHECK(hostcache_size(h) <= 3);
	}
	CHECK(hostcache_get(h, "h19.example", NOW, &got) == HOST_FRESH);
	CHECK(hostcache_get(h, "h0.example", NOW, &got) == HOST_UNKNOWN);
	hostcache_free(h);
}

/* What is written is read again, to the second; a failure is not written. */
static void
test_file(void)
{
	static const char want[] = "a.example 1795232169 10.0.0.1 ::1\n"
				   "b.example 1795231869 10.0.0.2 ::2\n";
	struct hostcache *h = hostcache_new(10), *again = hostcache_new(10);
	struct resolve_rep a = addr(1), b = addr(2), got;
	struct buf text = { 0 };
	char bad[] = "x.example\ny.example 12\nz.example 12 nothing\n../z 12 10.0.0.1\n"
		     "w.example -1 10.0.0.1\ngood.example 1795231570 10.0.0.3\n";

	hostcache_put(h, "b.example", &b, 300, NOW);
	hostcache_put(h, "a.example", &a, 600, NOW);
	hostcache_put(h, "c.example", &failure, 0, NOW);
	hostfile_text(&text, h);
	CHECK_STR(buf_cstr(&text), want);
	CHECK(hostfile_parse(again, buf_cstr(&text)) == 0 && hostcache_size(again) == 2);
	CHECK(hostcache_get(again, "a.example", NOW + 599, &got) == HOST_FRESH);
	CHECK(got.n4 == 1 && got.a4[0][3] == 1 && got.n6 == 1 && got.a6[0][15] == 1);
	CHECK(hostcache_get(again, "a.example", NOW + 600, &got) == HOST_STALE);
	CHECK(hostfile_parse(again, bad) == -1 && hostcache_size(again) == 3);
	CHECK(hostcache_get(again, "good.example", NOW, &got) == HOST_FRESH);
	buf_free(&text);
	hostcache_free(h);
	hostcache_free(again);
}

static void
test_numeric(void)
{
	struct resolve_rep r;

	CHECK(host_numeric("127.0.0.1", &r) && r.status == ST_OK && r.n4 == 1 && r.n6 == 0);
	CHECK(r.a4[0][0] == 127 && r.a4[0][3] == 1);
	CHECK(host_numeric("::1", &r) && r.n4 == 0 && r.n6 == 1 && r.a6[0][15] == 1);
	CHECK(!host_numeric("127.0.0.1.example", &r));
	CHECK(!host_numeric("", &r) && !host_numeric("[::1]", &r) && !host_numeric("1.2.3", &r));
}

static void
test_list(void)
{
	struct hostlist l = { NULL, 0 };

	hostlist_add(&l, "b.Example");
	hostlist_add(&l, "10.0.0.1");
	hostlist_add(&l, "a.example");
	hostlist_add(&l, "");
	hostlist_add(&l, "B.example");
	hostlist_add(&l, "::1");
	hostlist_unique(&l);
	CHECK(l.n == 2);
	CHECK_STR(l.v[0], "a.example");
	CHECK_STR(l.v[1], "b.example");
	hostlist_free(&l);
	hostlist_unique(&l);
	CHECK(l.n == 0);
}

TESTS(
    T(test_times), T(test_failures), T(test_bound), T(test_file), T(test_numeric), T(test_list))
