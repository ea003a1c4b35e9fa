/* What the identity key may be used for, and paths and floods of dird-http. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "dird_world.h"

#include "../../dird/flood.h"
#include "../../dird/httpname.h"
#include "../../dird/signcheck.h"
#include "../../dird/store.h"
#include "../../dird/vote.h"

struct asked {
	struct dird_conf *conf;
	struct cycle cycle;
	struct signed_log log;
	struct buf vote;
};

static void
setup(struct asked *a, const char *interval)
{
	struct store st = { .dirfd = -1 };

	*a = (struct asked){ .conf = world_conf(3, interval, "") };
	a->cycle = cycle_at(NOW, a->conf->interval);
	CHECK(store_add(&st, world_desc("Alice", 4, 0, 30, 60), SRV_APPROVED, NOW, NULL) != NULL);
	vote_format(&a->vote, &st, a->conf, NULL, &a->cycle);
	store_free(&st);
}

static void
teardown(struct asked *a)
{
	buf_free(&a->vote);
	buf_free(&a->log.text);
	dconf_free(a->conf);
}

static int
may(struct asked *a, const struct buf *text, int old, int64_t now)
{
	struct errmsg e;

	return signcheck(&a->log, (const char *)text->p, text->len, old, a->conf, now, &e) == 0;
}

/* The text with from replaced by to, once. */
static struct buf
changed(const struct buf *text, const char *from, const char *to)
{
	struct buf copy = { 0 }, out = { 0 };
	char *at;

	buf_put(&copy, text->p, text->len);
	at = strstr(buf_cstr(&copy), from);
	CHECK(at != NULL);
	if (at == NULL)
		return out;
	buf_put(&out, copy.p, (size_t)(at - (char *)copy.p));
	buf_printf(&out, "%s%s", to, at + strlen(from));
	buf_free(&copy);
	return out;
}

static int
may_changed(struct asked *a, const char *from, const char *to)
{
	struct buf t = changed(&a->vote, from, to);
	int ok = may(a, &t, 0, NOW);

	buf_free(&t);
	return ok;
}

static void
test_one_vote_and_two_directories_a_cycle(void)
{
	struct asked a;

	setup(&a, "1 day");
	CHECK(may(&a, &a.vote, 0, NOW));
	CHECK(may(&a, &a.vote, 0, NOW)); /* the same again */
	CHECK(!may_changed(&a, "MixminionClient:", "MixminionClient: 6.6.6"));
	CHECK(may_changed(&a, "Status: vote", "Status: consensus"));
	CHECK(may_changed(&a, "Status: vote\n", "Status: consensus\n"));
	CHECK(!may_changed(&a, "Recommended-Servers: alice", "Recommended-Servers: eve"));
	{
		struct buf c = changed(&a.vote, "Status: vote", "Status: consensus");
		struct buf second = changed(&c, "MixminionClient:", "MixminionClient: 1.0"),
			   third = changed(&c, "MixminionClient:", "MixminionClient: 2.0");

		CHECK(may(&a, &second, 0, NOW));
		CHECK(!may(&a, &third, 0, NOW));
		buf_free(&c);
		buf_free(&second);
		buf_free(&third);
	}
	teardown(&a);
}

static void
test_no_other_day_clique_or_text(void)
{
	struct asked a;
	struct buf empty = { 0 };

	setup(&a, "1 day");
	CHECK(!may(&a, &a.vote, 0, NOW + 2 * DAY) && !may(&a, &a.vote, 0, NOW - DAY));
	CHECK(!may_changed(&a, "http://b.example/", "http://evil.example/"));
	CHECK(!may_changed(&a, "Version: 0.3", "Version: 0.4"));
	CHECK(!may_changed(&a, "[Directory-Info]", "[Directory-Inf0]"));
	CHECK(!may_changed(
	    &a, "[Recommended-Software]", "Voting-Server: x\n[Recommended-Software]"));
	CHECK(!may(&a, &empty, 0, NOW) && !may(&a, &a.vote, 1, NOW));
	CHECK(a.log.text.len == 0);
	/* Right after midnight, where nobody agreed, the one that is just over. */
	CHECK(may(&a, &a.vote, 0, a.cycle.end + 5));
	teardown(&a);
}

static void
test_short_periods_by_their_period(void)
{
	struct asked a;

	setup(&a, "1 minute");
	CHECK(!may_changed(&a, "Voting-Period: ", "Voting-Period:  "));
	CHECK(!may(&a, &a.vote, 0, NOW + 180));
	CHECK(may(&a, &a.vote, 0, NOW));
	teardown(&a);
}

static void
test_the_old_format(void)
{
	struct asked a;
	struct buf stub = { 0 };
	struct dir_params p = { .published = NOW };

	setup(&a, "1 day");
	p.valid_after = cycle_valid_after(&a.cycle);
	p.valid_until = p.valid_after + DAY;
	directory_format_old_stub(&stub, &p, key(0));
	CHECK(may(&a, &stub, 1, NOW) && !may(&a, &stub, 0, NOW));
	CHECK(!may(&a, &stub, 1, NOW + 3 * DAY));
	buf_free(&stub);
	teardown(&a);
}

static void
test_the_record_stays_short(void)
{
	struct asked a;
	char line[64];

	setup(&a, "1 day");
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "vote 2020-01-01 %d\n", i);
		buf_str(&a.log.text, line);
	}
	CHECK(may(&a, &a.vote, 0, NOW));
	CHECK(a.log.text.len < 64 * 64);
	CHECK(!may_changed(&a, "MixminionClient:", "MixminionClient: 1.0"));
	teardown(&a);
}

static void
is_file(const char *url, const char *base, const char *want)
{
	const char *got = httpname_file(url, base);

	if (want == NULL)
		CHECK(got == NULL);
	else
		CHECK_STR(got, want);
}

static void
test_names_of_documents(void)
{
	is_file("/", "/", "index.html");
	is_file("/current.gz", "/", "current.gz");
	is_file("/2026-11-25-vote.gz", "/", "2026-11-25-vote.gz");
	is_file("/directory/Directory.gz", "/", "directory/Directory.gz");
	is_file("/directory/Directory.gz", "/d/", "directory/Directory.gz");
	is_file("/d/directory/Directory.gz", "/d/", "directory/Directory.gz");
	is_file("/d/current.gz", "/d/", "current.gz");
	is_file("/current.gz", "/d/", NULL);
	is_file("/d", "/d/", NULL);
	is_file("//etc/passwd", "/", NULL);
	is_file("/../keys/identity.key", "/", NULL);
	is_file("/..", "/", NULL);
	is_file("/.current.gz.new", "/", NULL);
	is_file("/directory", "/", "directory"); /* no regular file: not served */
	is_file("/a%2fb", "/", NULL);
	is_file("", "/", NULL);
	CHECK(httpname_upload("/d/upload", "/d/") && httpname_upload("/minion-cgi/publish", "/d/"));
	CHECK(!httpname_upload("/upload", "/d/") && !httpname_upload("/d/upload/", "/d/"));
}

static void
test_floods(void)
{
	struct flood f;
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	uint8_t addr[16];
	const void *sa = &a4;
	uint32_t len = flood_address(addr, sa);
	int64_t t = 5000000;

	flood_init(&f, 3);
	for (int i = 0; i < 3; i++)
		CHECK(flood_allows(&f, addr, len, t));
	CHECK(!flood_allows(&f, addr, len, t + 3599999));
	CHECK(flood_allows(&f, addr, len, t + 3600000));
	/* Another one has its own; of IPv6 the network counts. */
	inet_pton(AF_INET6, "2001:db8:1:2:3::4", &a6.sin6_addr);
	sa = &a6;
	len = flood_address(addr, sa);
	for (int i = 0; i < 3; i++)
		CHECK(flood_allows(&f, addr, len, t));
	inet_pton(AF_INET6, "2001:db8:1:2:ffff::9", &a6.sin6_addr);
	len = flood_address(addr, sa);
	CHECK(!flood_allows(&f, addr, len, t));
	/* More than there is room for share what is left. */
	for (uint32_t i = 0; i < FLOOD_ADDRESSES + 2; i++) {
		a4.sin_addr.s_addr = htonl(0x0a000000 + i);
		sa = &a4;
		len = flood_address(addr, sa);
		flood_allows(&f, addr, len, t);
	}
	CHECK(f.used == FLOOD_ADDRESSES && f.others.n == 3);
	flood_sweep(&f, t + 2 * 3600000);
	CHECK(f.used == 0);
	flood_free(&f);
}

TESTS(T(test_one_vote_and_two_directories_a_cycle), T(test_no_other_day_clique_or_text),
    T(test_short_periods_by_their_period), T(test_the_old_format),
    T(test_the_record_stays_short), T(test_names_of_documents), T(test_floods))
