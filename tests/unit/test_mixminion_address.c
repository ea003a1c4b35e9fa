#include "mixminion/address.h"
#include "t.h"

static struct address a;
static struct errmsg e;

static int
parse(const char *s, uint16_t type, const char *info, const char *server)
{
	int ok;

	if (address_parse(&a, s, &e) == -1)
		return 0;
	ok = a.type == type && strcmp(buf_cstr(&a.info), info) == 0 &&
	    strcmp(a.server, server) == 0;
	address_free(&a);
	return ok;
}

static void
test_forms(void)
{
	CHECK(parse("user@host", RT_SMTP, "user@host", ""));
	CHECK(parse("smtp:user@host", RT_SMTP, "user@host", ""));
	CHECK(parse("SMTP:user@host", RT_SMTP, "user@host", ""));
	CHECK(parse("mbox:name@Mix1", RT_MBOX, "name", "Mix1"));
	CHECK(parse("mbox:name", RT_MBOX, "name", ""));
	CHECK(parse("drop", RT_DROP, "", ""));
	CHECK(parse("DROP", RT_DROP, "", ""));
	CHECK(parse("test", RT_TEST, "", ""));
	CHECK(parse("test:a:b", RT_TEST, "a:b", ""));
	CHECK(parse("0x0101:name", RT_MBOX, "name", ""));
	CHECK(parse("0Xfffe", RT_TEST, "", ""));
	CHECK(parse("0x1234:", 0x1234, "", ""));
	CHECK(parse("0x0000", RT_DROP, "", ""));
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", "user", "user@", "@host", "user@1.2.3.4", "a b@c",
		"mbox:", "mbox:@Mix1", "mbox:name@", "mbox:a b@Mix1",
		"mbox:name@NicknameOfTwentyFiveOctets", "0x", "0x12", "0x12345", "0xzzzz", "0x0003",
		"0x00ff:x", "0x0103:x", "0x0000:x", "news:x", "smtp:", "drop:x", "a@b,c@d" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int r = address_parse(&a, bad[i], &e);

		CHECK(r == -1);
		if (r == 0)
			printf("# taken: %s\n", bad[i]);
	}
}

static void
test_recipients(void)
{
	char more[16];

	CHECK(address_parse(&a, "a@x", &e) == 0);
	for (int i = 2; i <= 8; i++) {
		snprintf(more, sizeof(more), "a%d@x", i);
		CHECK(address_add(&a, more, &e) == 0);
	}
	CHECK(a.info.len == 3 + 7 * 5);
	CHECK(memcmp(a.info.p, "a2@x\0a3@x\0", 10) == 0);
	CHECK(memcmp(a.info.p + a.info.len - 3, "a@x", 3) == 0);
	CHECK(address_add(&a, "a3@x", &e) == 0 && a.info.len == 3 + 7 * 5);
	CHECK(address_add(&a, "a9@x", &e) == -1);
	CHECK_STR(e.s, "a message has at most eight recipients");
	address_free(&a);
	CHECK(address_parse(&a, "mbox:a", &e) == 0);
	CHECK(address_add(&a, "b@x", &e) == -1);
	address_free(&a);
}

TESTS(T(test_forms), T(test_refused), T(test_recipients))
