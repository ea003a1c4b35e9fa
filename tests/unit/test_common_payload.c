/* Payloads, compression bounds, armor and delivery where the vectors say nothing. */
#include "t.h"

#include "compress.h"
#include "delivered.h"

static void
test_compression_is_the_networks(void)
{
	CHECK(compress_selftest() == 0);
}

static void
test_uncompress_bound_is_exact(void)
{
	struct buf in = { 0 }, z = { 0 }, out = { 0 };
	struct errmsg e;

	memset(buf_space(&in, 100000), 'a', 100000);
	mix_compress(&z, in.p, in.len);
	CHECK(mix_uncompress(&out, z.p, z.len, 99999, &e) == UNCOMPRESS_OVER && out.len == 0);
	CHECK(mix_uncompress(&out, z.p, z.len, 100000, &e) == 0 && out.len == 100000);
	CHECK(mix_uncompress(&out, z.p, z.len, 1, &e) == UNCOMPRESS_OVER && out.len == 100000);
	CHECK(mix_uncompress(&out, z.p, z.len, 0, &e) == 0 && out.len == 200000);
	z.p[z.len - 1] ^= 1;
	CHECK(mix_uncompress(&out, z.p, z.len, 0, &e) == UNCOMPRESS_BAD && out.len == 200000);
	buf_free(&in);
	buf_free(&z);
	buf_free(&out);
}

static void
test_limit(void)
{
	CHECK(overcompression_limit(0) == 20480 && overcompression_limit(1024) == 20480);
	CHECK(overcompression_limit(1025) == 20500);
	CHECK(overcompression_limit(SIZE_MAX) == SIZE_MAX);
}

static void
test_fullest_singleton(void)
{
	uint8_t data[PAYLOAD_LEN] = { 9 }, out[PAYLOAD_LEN];
	struct payload p;
	struct errmsg e;
	size_t room = PAYLOAD_LEN - SINGLETON_HEADER_LEN;

	payload_build_singleton(out, data, room, 0, &rng_system);
	CHECK(payload_checksum_ok(out, sizeof(out)));
	CHECK(payload_parse(&p, out, sizeof(out), &e) == 0 && p.len == room && p.overhead == 0);
	payload_build_singleton(out, data, 1, ENC_FWD_OVERHEAD, &rng_system);
	CHECK(payload_parse(&p, out, PAYLOAD_LEN - ENC_FWD_OVERHEAD, &e) == 0);
	CHECK(p.len == 1 && p.data[0] == 9 && p.overhead == ENC_FWD_OVERHEAD);
	CHECK(payload_parse(&p, out, PAYLOAD_LEN - 1, &e) == -1);
	CHECK(payload_parse(&p, out, 0, &e) == -1);
	CHECK(payload_checksum_ok(out, 0) == 0);
}

/* A payload whose contents are c, not compressed by us. */
static void
deliver(struct delivery *d, const void *c, size_t len)
{
	static const uint8_t tag[TAG_LEN] = { 1 };
	uint8_t payload[PAYLOAD_LEN];

	payload_build_singleton(payload, c, len, 0, &rng_system);
	delivery_from_payload(d, payload, tag);
}

static void
test_deliver_oddities(void)
{
	struct delivery d;
	struct buf z = { 0 };
	uint8_t payload[PAYLOAD_LEN] = { 0 };

	deliver(&d, "", 0);
	CHECK(d.error && d.why.s[0] != '\0');
	delivery_free(&d);
	deliver(&d, "not compressed", 14);
	CHECK(d.error);
	delivery_free(&d);
	mix_compress(&z, "", 0);
	deliver(&d, z.p, z.len);
	CHECK(!d.error && d.type == MT_PLAINTEXT && d.contents.len == 0);
	delivery_free(&d);
	delivery_from_payload(&d, payload, NULL);
	CHECK(d.error);
	delivery_free(&d);
	delivery_from_compressed(&d, z.p, z.len);
	CHECK(!d.error && d.type == MT_PLAINTEXT);
	delivery_free(&d);
	buf_free(&z);
}

static void
test_server_side(void)
{
	struct buf b = { 0 };
	struct chunk ri, rest;
	struct errmsg e;
	uint16_t rt;

	server_side_prefix(&b, RT_SMTP, "a@b", 3);
	buf_str(&b, "rest");
	CHECK(server_side_parse(&rt, &ri, &rest, b.p, b.len, &e) == 0);
	CHECK(rt == RT_SMTP && ri.len == 3 && memcmp(ri.p, "a@b", 3) == 0);
	CHECK(rest.len == 4 && memcmp(rest.p, "rest", 4) == 0);
	for (size_t n = 0; n < 7; n++)
		CHECK(server_side_parse(&rt, &ri, &rest, b.p, n, &e) == -1);
	buf_free(&b);
}

#define BEGIN "-----BEGIN TYPE III ANONYMOUS MESSAGE-----\n"
#define END   "-----END TYPE III ANONYMOUS MESSAGE-----\n"

static int
next(struct delivered_message *m, const char *text)
{
	struct errmsg e;
	size_t pos = 0;

	return message_next(m, text, strlen(text), &pos, &e);
}

static void
test_armor_refusals(void)
{
	static const char *const bad[] = { BEGIN "no colon\n\nx\n" END, BEGIN "A:b\n\nx\n" END,
		BEGIN ": b\n\nx\n" END, BEGIN "A b: c\n\nx\n" END, BEGIN "\nx\n",
		BEGIN "Message-type: Binary\n\nAAEC\n" END,
		BEGIN "Message-type: encrypted\nDecoding-handle: \n\nAAEC\n" END,
		BEGIN "a: 1\na: 1\na: 1\na: 1\na: 1\na: 1\na: 1\na: 1\na: 1\n\nx\n" END };
	struct delivered_message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(next(&m, bad[i]) == -1);
}

static void
test_armor_found_among_others(void)
{
	static const char text[] = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\n" BEGIN
				   "\n- -- \none\n" END " " BEGIN "x" BEGIN BEGIN
				   "Message-type: binary\n\nAAEC\n" END;
	struct delivered_message m;
	struct errmsg e;
	size_t pos = 0;

	CHECK(message_next(&m, text, strlen(text), &pos, &e) == 1 && m.type == MT_PLAINTEXT);
	CHECK_STR(buf_cstr(&m.contents), "-- \none\n");
	buf_free(&m.contents);
	CHECK(message_next(&m, text, strlen(text), &pos, &e) == 1 && m.type == MT_BINARY);
	CHECK(m.contents.len == 3);
	buf_free(&m.contents);
	CHECK(message_next(&m, text, strlen(text), &pos, &e) == 0);
}

static void
test_dashes_there_and_back(void)
{
	static const char text[] = "-\n--- x\n-----END TYPE III ANONYMOUS MESSAGE-----\n- - \na-\n";
	struct buf out = { 0 };
	struct delivered_message m;

	message_armor(&out, MT_PLAINTEXT, NULL, text, strlen(text));
	CHECK(next(&m, buf_cstr(&out)) == 1);
	CHECK_STR(buf_cstr(&m.contents), text);
	buf_free(&m.contents);
	buf_free(&out);
}

static void
test_text(void)
{
	static const struct {
		const char *s;
		int good;
	} utf8[] = { { "", 1 }, { "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 1 }, { "\xc3", 0 },
		{ "\xc3(", 0 }, { "\x80", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 }, { "\xe0\xa0\x80", 1 }, { "\xed\x9f\xbf", 1 },
		{ "\xed\xa0\x80", 0 }, { "\xf0\x8f\xbf\xbf", 0 }, { "\xf4\x8f\xbf\xbf", 1 },
		{ "\xf4\x90\x80\x80", 0 }, { "\xf5\x80\x80\x80", 0 }, { "\xe2\x82", 0 } };

	for (size_t i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++)
		CHECK(utf8_valid((const uint8_t *)utf8[i].s, strlen(utf8[i].s)) == utf8[i].good);
	CHECK(is_text((const uint8_t *)"", 0));
	CHECK(is_text((const uint8_t *)"a\t\n\v\r\xc3\xa9\xf0\x9f\x98\x80", 11));
	CHECK(!is_text((const uint8_t *)"\f", 1) && !is_text((const uint8_t *)"\0", 1));
	CHECK(!is_text((const uint8_t *)"\x7f", 1) && !is_text((const uint8_t *)"\xff", 1));
}

TESTS(T(test_compression_is_the_networks), T(test_uncompress_bound_is_exact), T(test_limit),
    T(test_fullest_singleton), T(test_deliver_oddities), T(test_server_side),
    T(test_armor_refusals), T(test_armor_found_among_others), T(test_dashes_there_and_back),
    T(test_text))
