#include <sys/socket.h>

#include <arpa/inet.h>

#include "addrrule.h"
#include "t.h"

static struct addr_rules rules;

static int
add(const char *s, int allow)
{
	struct addr_rule r;
	struct errmsg e = { "" };

	if (addr_rule_parse(&r, s, allow, &e) == -1)
		return e.s[0] != '\0' ? -1 : 1; /* a refusal says why */
	addr_rules_add(&rules, &r);
	return 0;
}

static int
allowed(const char *address, uint16_t port)
{
	uint8_t ip[16];
	int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;

	CHECK(inet_pton(family, address, ip) == 1);
	return addr_rules_allow(&rules, family, ip, port);
}

static void
test_no_rules(void)
{
	CHECK(allowed("192.0.2.1", 0) && allowed("2001:db8::1", 25));
}

static void
test_deny_only(void)
{
	CHECK(add("192.0.2.0/255.255.255.0", 0) == 0 && add("2001:db8::/33", 0) == 0);
	CHECK(!allowed("192.0.2.1", 0) && !allowed("192.0.2.255", 25) && allowed("192.0.3.1", 0));
	CHECK(!allowed("2001:db8:7fff::1", 0) && allowed("2001:db8:8000::1", 0));
	CHECK(allowed("::ffff:192.0.2.1", 0)); /* the caller's to take apart */
	addr_rules_free(&rules);
}

/* With an Allow, what no line names is denied. */
static void
test_first_decides(void)
{
	CHECK(add("10.1.0.0/16", 0) == 0 && add("10.0.0.0/8 1-65535", 1) == 0 &&
	    add("10.9.9.9", 0) == 0);
	CHECK(!allowed("10.1.2.3", 1) && allowed("10.2.2.3", 65535) && allowed("10.9.9.9", 1));
	CHECK(!allowed("11.0.0.1", 1) && !allowed("::1", 1));
	addr_rules_free(&rules);
}

/* A mask may have holes; a single address is all of it. */
static void
test_masks(void)
{
	CHECK(add("10.0.0.7/255.0.0.255", 0) == 0 && add("192.0.2.1", 0) == 0 &&
	    add("0.0.0.0/0", 1) == 0);
	CHECK(!allowed("10.3.4.7", 0) && allowed("10.3.4.8", 0));
	CHECK(!allowed("192.0.2.1", 0) && allowed("192.0.2.2", 0) && !allowed("::1", 0));
	addr_rules_free(&rules);
}

/* dir-spec 2.4: an Allow without a port is for 48099, a Deny for all. */
static void
test_ports(void)
{
	CHECK(add("192.0.2.1 25", 0) == 0 && add("192.0.2.2", 0) == 0 && add("*", 1) == 0 &&
	    add("* 80 - 90", 1) == 0);
	CHECK(!allowed("192.0.2.1", 25) && allowed("192.0.2.1", 48099) && !allowed("192.0.2.2", 1));
	CHECK(allowed("192.0.2.3", 48099) && !allowed("192.0.2.3", 48098));
	CHECK(allowed("192.0.2.3", 80) && allowed("::1", 90) && !allowed("::1", 91));
	/* Who connects to us has a port that means nothing. */
	CHECK(!allowed("192.0.2.1", 0) && allowed("192.0.2.3", 0));
	addr_rules_free(&rules);
}

static void
test_grammar(void)
{
	static const char *const good[] = { "*", "* 1", "192.0.2.0 / 255.255.255.0 1 -\t2",
		"\t192.0.2.1  25", "::", "2001:db8::1/128 48099-48100", "192.0.2.0/0",
		"0.0.0.0/0.0.0.0" };
	static const char *const bad[] = { "", "here", "*/8", "192.0.2.1/33", "::1/129",
		"192.0.2.1/x", "192.0.2.1 0", "192.0.2.1 65536", "192.0.2.1 2-1", "192.0.2.1 1 2",
		"192.0.2", "192.0.2.1/255.255.255.0.0", "::1/255.0.0.0", "* -1", "* 1-", "/8",
		"1.2.3.4/8/8", "999999999999999999999999999999999999999999999999999999999999999999"
		"999999999999999999999999999999999999999999999999999999999999999999999999999999999"
		"9999999999999999999999999999999999999999999999999999" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(add(good[i], 1) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(add(bad[i], 1) == -1);
	addr_rules_free(&rules);
}

static const char *
said(void)
{
	static struct buf b;

	buf_reset(&b);
	addr_rules_say(&b, &rules);
	return b.len == 0 ? "" : buf_cstr(&b);
}

/* As the reference writes and reads them; the descriptor's reader takes silence for "Deny: *". */
static void
test_said(void)
{
	CHECK_STR(said(), "");
	CHECK(add("2001:db8::/33", 0) == 0);
	CHECK_STR(said(), "");
	CHECK(add("192.0.2.0/24", 0) == 0 && add("192.0.2.1 25", 0) == 0);
	CHECK_STR(said(), "Deny: 192.0.2.0/255.255.255.0\nDeny: 192.0.2.1 25-25\n"
			  "Allow: * 1-65535\n");
	CHECK(add("*", 1) == 0);
	CHECK_STR(said(), "Deny: 192.0.2.0/255.255.255.0\nDeny: 192.0.2.1 25-25\nAllow: *\n");
	for (int i = 3; i < ADDR_RULES_SAID; i++)
		CHECK(add("10.0.0.0/8", 1) == 0);
	CHECK(strlen(said()) > 26 * 97);
	CHECK(add("10.0.0.0/8", 1) == 0);
	CHECK_STR(said(), "");
	addr_rules_free(&rules);
}

TESTS(T(test_no_rules), T(test_deny_only), T(test_first_decides), T(test_masks), T(test_ports),
    T(test_grammar), T(test_said))
