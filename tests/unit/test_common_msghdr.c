/* Message headers: what is written, and what is removed from what others wrote. */
#include "t.h"

#include "msghdr.h"

static struct msghdrs h;
static char body[4096];

static void
parse_n(const char *msg, size_t len)
{
	const uint8_t *b;
	size_t n;

	msghdrs_free(&h);
	msghdrs_parse(&h, (const uint8_t *)msg, len, &b, &n);
	memcpy(body, b, n);
	body[n] = '\0';
}

static void
parse(const char *msg)
{
	parse_n(msg, strlen(msg));
}

static int
none(void)
{
	return h.subject == NULL && h.from == NULL && h.in_reply_to == NULL && h.references == NULL;
}

static void
test_all_four(void)
{
	parse("FROM:Joe\nIN-REPLY-TO:<a@b>\nREFERENCES:<a@b> <c@d>\nSUBJECT:Sub: ject\n\nBody\n");
	CHECK_STR(h.from, "Joe");
	CHECK_STR(h.in_reply_to, "<a@b>");
	CHECK_STR(h.references, "<a@b> <c@d>");
	CHECK_STR(h.subject, "Sub: ject");
	CHECK_STR(body, "Body\n");
}

static void
test_no_headers(void)
{
	parse("\nBody");
	CHECK(none());
	CHECK_STR(body, "Body");
	parse("\n");
	CHECK(none());
	CHECK_STR(body, "");
	parse("");
	CHECK(none());
	CHECK_STR(body, "");
}

static void
test_removed(void)
{
	parse("SUBJECT:b\nFROM:a\n\nx"); /* not in order */
	CHECK(h.from == NULL);
	CHECK_STR(h.subject, "b");
	parse("SUBJECT:b\nSUBJECT:c\n\nx");
	CHECK_STR(h.subject, "b");
	parse("X-EVIL:1\nSUBJECT:s\n\nx");
	CHECK_STR(h.subject, "s");
	parse("subject:s\n\nx");
	CHECK(none());
	CHECK_STR(body, "x");
	parse("SUBJECT:\nTO:a@b\nBCC:c@d\n\nx");
	CHECK(none());
}

static void
test_sanitised(void)
{
	static const char *const bad[] = { "FROM:a\"b\n\n", "FROM:a[b\n\n", "FROM:a]\n\n",
		"FROM:a:b\n\n", "FROM:   \n\n", "IN-REPLY-TO:a@b\n\n", "IN-REPLY-TO:<a> <b>\n\n",
		"IN-REPLY-TO:<>\n\n", "IN-REPLY-TO:<a\n\n", "REFERENCES:<a>  <b>\n\n",
		"REFERENCES:<a> b\n\n", "REFERENCES:<a b>\n\n", "REFERENCES:<a<b>\n\n",
		"REFERENCES:<a>x\n\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(bad[i]);
		CHECK(none());
		CHECK_STR(body, "");
	}
	parse("FROM:  Lance   Cottrell  \nSUBJECT:  two  spaces \n\n");
	CHECK_STR(h.from, "Lance Cottrell");
	CHECK_STR(h.subject, "two  spaces");
}

static void
test_malformed_block(void)
{
	static const char *const bad[] = { "Hello\nno blank", "Foo bar: x\n\nrest",
		"SUBJECT:s\r\n\r\nx", "SUBJECT:caf\xe9\n\nx", "SUBJECT:s\n", "SUBJECT:s",
		"SUBJECT:s\n:x\n\nb", ":", "SUBJECT", "SUBJECT:\ts\n\nx", "SUBJECT:\x7f\n\nx",
		"FROM:a\nSUBJECT:b\nbad\n\nx" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(bad[i]);
		CHECK(none());
		CHECK_STR(body, bad[i]);
	}
	parse_n("SUBJECT:a\0b\n\nx", 14);
	CHECK(none());
}

static void
test_length(void)
{
	char msg[1024] = "SUBJECT:";

	memset(msg + 8, 'x', MSGHDR_MAX + 1);
	strlcpy(msg + 8 + MSGHDR_MAX + 1, "\n\nx", 8);
	parse(msg);
	CHECK(none());
	CHECK_STR(body, "x");
	strlcpy(msg + 8 + MSGHDR_MAX, "\n\nx", 8);
	parse(msg);
	CHECK(h.subject != NULL && strlen(h.subject) == MSGHDR_MAX);
}

static void
expect_encoded(struct msghdrs *in, const char *want)
{
	struct buf b = { 0 };
	struct errmsg e = { "" };

	if (want == NULL) {
		buf_str(&b, "kept");
		CHECK(msghdrs_encode(&b, in, &e) == -1);
		CHECK(e.s[0] != '\0');
		CHECK_STR(buf_cstr(&b), "kept");
	} else {
		CHECK(msghdrs_encode(&b, in, &e) == 0);
		CHECK_STR(buf_cstr(&b), want);
	}
	buf_free(&b);
}

static void
test_encode(void)
{
	char subject[] = " s ", from[] = "f", irt[] = "<r>", refs[] = "<x> <y>";
	char nl[] = "a\nb", eight[] = "caf\xc3\xa9", quote[] = "a\"b", naked[] = "r", empty[] = "";

	expect_encoded(&(struct msghdrs){ 0 }, "\n");
	expect_encoded(&(struct msghdrs){ subject, from, irt, refs },
	    "FROM:f\nIN-REPLY-TO:<r>\nREFERENCES:<x> <y>\nSUBJECT:s\n\n");
	expect_encoded(&(struct msghdrs){ .subject = empty, .from = from }, "FROM:f\n\n");
	expect_encoded(&(struct msghdrs){ .subject = nl, .from = from }, NULL);
	expect_encoded(&(struct msghdrs){ .subject = eight }, NULL);
	expect_encoded(&(struct msghdrs){ .from = quote }, NULL);
	expect_encoded(&(struct msghdrs){ .in_reply_to = naked }, NULL);
	expect_encoded(&(struct msghdrs){ .references = naked }, NULL);
	msghdrs_free(&h);
}

TESTS(T(test_all_four), T(test_no_headers), T(test_removed), T(test_sanitised),
    T(test_malformed_block), T(test_length), T(test_encode))
