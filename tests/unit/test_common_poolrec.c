/* What is written in the files of outgoing/ and deliver/. */
#include "pool.h"
#include "routing.h"
#include "t.h"

static void
test_outgoing_record(void)
{
	static uint8_t rec[OUTREC_LEN];
	struct mix_addr a = { .host = "mix.example.org", .port = 48099 }, b;
	const uint8_t *packet;

	memset(a.keyid, 7, sizeof(a.keyid));
	outrec_head(rec, &a);
	CHECK(outrec_parse(&b, &packet, rec) == 0);
	CHECK(memcmp(&a, &b, sizeof(a)) == 0 && packet == rec + 512);
	for (size_t at = 0; at < 4; at++) {
		rec[at] ^= 1;
		CHECK(outrec_parse(&b, &packet, rec) == -1);
		rec[at] ^= 1;
	}
	rec[511] = 1;
	CHECK(outrec_parse(&b, &packet, rec) == -1);
	rec[511] = 0;
	rec[26] = 1; /* the length of the name */
	CHECK(outrec_parse(&b, &packet, rec) == -1);
	rec[26] = 0;
	rec[28] = ' ';
	CHECK(outrec_parse(&b, &packet, rec) == -1);
}

static void
test_delivery_record(void)
{
	static uint8_t rec[DELREC_LEN];
	uint8_t ri[4072], key[KEY_LEN] = { 1 };
	const uint8_t *got, *payload;
	uint16_t rt;
	size_t len;

	memset(ri, 3, sizeof(ri));
	delrec_head(rec, RT_SMTP, ri, sizeof(ri), key);
	CHECK(delrec_parse(&rt, &got, &len, &payload, rec) == 0);
	CHECK(rt == RT_SMTP && len == sizeof(ri) && memcmp(got, ri, len) == 0);
	CHECK(payload == rec + 4096);
	rec[6] = 0xff;
	CHECK(delrec_parse(&rt, &got, &len, &payload, rec) == -1);
	delrec_head(rec, RT_FWD_HOST, ri, 20, key);
	CHECK(delrec_parse(&rt, &got, &len, &payload, rec) == -1);
	delrec_head(rec, RT_MBOX, ri, 0, key);
	CHECK(delrec_parse(&rt, &got, &len, &payload, rec) == 0 && len == 0);
	rec[100] = 1;
	CHECK(delrec_parse(&rt, &got, &len, &payload, rec) == -1);
}

TESTS(T(test_outgoing_record), T(test_delivery_record))
