#include <stdint.h>

#include "bytes.h"
#include "t.h"

static void
test_buf_grows(void)
{
	struct buf b = { 0 };

	for (uint32_t i = 0; i < 10000; i++)
		buf_u32(&b, i);
	CHECK(b.len == 40000);
	for (uint32_t i = 0; i < 10000; i++)
		CHECK(be32(b.p + 4 * i) == i);
	buf_reset(&b);
	CHECK(b.len == 0);
	buf_u8(&b, 1);
	buf_u16(&b, 0x0203);
	buf_printf(&b, "%d-%s", 42, "x");
	CHECK_STR(buf_cstr(&b), "\1\2\3" "42-x");
	CHECK(b.len == 7);
	buf_wipe(&b);
	CHECK(b.p == NULL && b.len == 0 && b.cap == 0);
}

static void
test_buf_cstr_of_nothing(void)
{
	struct buf b = { 0 };

	CHECK_STR(buf_cstr(&b), "");
	buf_free(&b);
}

static void
test_reader(void)
{
	static const uint8_t p[] = { 1, 0, 2, 0, 0, 0, 3, 'a', 'b' };
	uint8_t ab[2];
	struct rd r;

	rd_init(&r, p, sizeof(p));
	CHECK(rd_u8(&r) == 1 && rd_u16(&r) == 2 && rd_u32(&r) == 3);
	CHECK(rd_left(&r) == 2 && !rd_done(&r));
	rd_copy(&r, ab, 2);
	CHECK(memcmp(ab, "ab", 2) == 0 && rd_done(&r));
}

static void
test_reader_past_the_end(void)
{
	static const uint8_t p[] = { 1, 2, 3 };
	uint8_t four[4] = { 9, 9, 9, 9 };
	struct rd r;

	rd_init(&r, p, sizeof(p));
	CHECK(rd_u32(&r) == 0);
	CHECK(rd_u8(&r) == 0); /* bad stays bad */
	CHECK(rd_left(&r) == 0 && !rd_done(&r));
	rd_copy(&r, four, 4);
	CHECK(memcmp(four, "\0\0\0\0", 4) == 0);
	rd_init(&r, p, sizeof(p));
	CHECK(rd_bytes(&r, SIZE_MAX) == NULL);
	rd_init(&r, NULL, 0);
	CHECK(rd_done(&r));
	rd_init(&r, NULL, 1);
	CHECK(!rd_done(&r));
}

static void
test_hex(void)
{
	char s[7];
	uint8_t p[3];

	hex_encode(s, "\x01\xaf\xff", 3);
	CHECK_STR(s, "01afff");
	hex_upper(s, "\x01\xaf\xff", 3);
	CHECK_STR(s, "01AFFF");
	CHECK(hex_decode(p, 3, "01aFfF", 6) == 0 && memcmp(p, "\x01\xaf\xff", 3) == 0);
	CHECK(hex_decode(p, 3, "01afff", 5) == -1);
	CHECK(hex_decode(p, 3, "01afff0", 7) == -1);
	CHECK(hex_decode(p, 3, "01afgf", 6) == -1);
	CHECK(hex_decode(p, 3, "01af f", 6) == -1);
	CHECK(hex_decode(p, 2, "01afff", 6) == -1);
}

/* RFC 4648, section 10 */
static void
test_b64_known(void)
{
	static const char *const t[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		b64_encode(&b, t[i][0], strlen(t[i][0]));
		CHECK_STR(buf_cstr(&b), t[i][1]);
		for (int lenient = 0; lenient < 2; lenient++) {
			buf_reset(&b);
			CHECK(b64_decode(&b, t[i][1], strlen(t[i][1]), lenient) == 0);
			CHECK_STR(buf_cstr(&b), t[i][0]);
		}
	}
	buf_free(&b);
}

static int
decodes(const char *s, int lenient, const char *want)
{
	struct buf b = { 0 };
	int r = b64_decode(&b, s, strlen(s), lenient);

	if (r == 0)
		r = strcmp(buf_cstr(&b), want);
	buf_free(&b);
	return r == 0;
}

static void
test_b64_strict(void)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "Zg==\n", " Zg==",
		"Zm 9v", "Zm-v", "Zh==", "Zm9=", "=", "====", "Zm9v=", "Zm8=A" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!decodes(bad[i], 0, "f") && !decodes(bad[i], 0, "fo") &&
		    !decodes(bad[i], 0, "foo") && !decodes(bad[i], 0, ""));
}

static void
test_b64_lenient(void)
{
	CHECK(decodes("Z\ng=\n=\n", 1, "f"));
	CHECK(decodes("Zm9*v\r\nYg==", 1, "foob"));
	CHECK(decodes("Zg==trailing", 1, "f"));
	CHECK(decodes("Zm9v=", 1, "foo"));
	CHECK(decodes("Zh==", 1, "f"));
	CHECK(!decodes("Zg", 1, "f"));
	CHECK(!decodes("Zg=", 1, "f"));
	CHECK(!decodes("Z===", 1, ""));
	CHECK(!decodes("Zm9vY", 1, "foo"));
}

static void
test_b64_lines(void)
{
	uint8_t p[49] = { 0 };
	struct buf b = { 0 };

	b64_encode_lines(&b, p, 48);
	CHECK(b.len == 65 && b.p[64] == '\n');
	buf_reset(&b);
	b64_encode_lines(&b, p, 49);
	CHECK(b.len == 70 && b.p[64] == '\n' && b.p[69] == '\n');
	buf_reset(&b);
	b64_encode_lines(&b, p, 0);
	CHECK(b.len == 0);
	buf_free(&b);
}

static void
test_err_set(void)
{
	struct errmsg e;

	CHECK(err_set(&e, "%s:%d", "a", 7) == -1);
	CHECK_STR(e.s, "a:7");
	CHECK(err_set(NULL, "nobody asks") == -1);
}

TESTS(T(test_buf_grows), T(test_buf_cstr_of_nothing), T(test_reader), T(test_reader_past_the_end),
    T(test_hex), T(test_b64_known), T(test_b64_strict), T(test_b64_lenient), T(test_b64_lines),
    T(test_err_set))
