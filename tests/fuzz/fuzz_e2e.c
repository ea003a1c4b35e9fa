/*
 * Exit payloads: parsed, decoded by their recipient, made into what is delivered. By the first
 * octet, the hash is made right, or the payload is one inside an encrypted message.
 */
#include "delivered.h"
#include "e2e.h"
#include "fuzz.h"

static void
fix_hash(uint8_t *p, size_t len)
{
	size_t at = p[0] & 0x80 ? 3 : 2;

	sha1(p + at, p + at + HASH_LEN, len - at - HASH_LEN);
	HOLDS(payload_checksum_ok(p, len));
}

static void
check_decode(const uint8_t *payload, const uint8_t *tag, struct rsakey *key)
{
	static const uint8_t secret[HASH_LEN];
	static struct e2e_decoded d;
	struct e2e_secret s = { "me", secret, sizeof(secret) };
	struct errmsg e;
	const struct payload *p = &d.payload;

	if (e2e_decode(&d, payload, tag, &s, 1, &key, key != NULL, &e) == -1 ||
	    d.how == E2E_UNDECODABLE)
		return;
	HOLDS(p->data >= d.buf && p->data + p->len <= d.buf + sizeof(d.buf));
	HOLDS(p->kind == PAYLOAD_SINGLETON || p->msglen > p->len);
}

static void
check_delivery(const uint8_t *payload, const uint8_t *tag)
{
	struct delivery d;
	struct buf text = { 0 };

	delivery_from_payload(&d, payload, tag);
	if (d.error)
		HOLDS(d.why.s[0] != '\0');
	else
		delivery_armor(&text, &d);
	buf_free(&text);
	delivery_free(&d);
}

static void
check_encrypted(uint8_t *inner)
{
	static struct rsakey *key;
	static uint8_t outer[PAYLOAD_LEN];
	uint8_t tag[TAG_LEN];
	struct errmsg e;

	if (key == NULL)
		key = rsakey_generate(1024);
	HOLDS(e2e_encrypt(outer, tag, inner, key, &rng_system, &e) == 0);
	check_decode(outer, tag, key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t payload[PAYLOAD_LEN];
	uint8_t tag[TAG_LEN], how;
	struct rd r;

	rd_init(&r, data, len);
	how = rd_u8(&r);
	fuzz_fixed(&r, tag, sizeof(tag));
	fuzz_fixed(&r, payload, sizeof(payload));
	if (how & 1)
		fix_hash(payload, PAYLOAD_LEN - (how & 2 ? ENC_FWD_OVERHEAD : 0));
	if (how & 2) {
		check_encrypted(payload);
	} else {
		check_decode(payload, how & 4 ? NULL : tag, NULL);
		check_delivery(payload, how & 4 ? NULL : tag);
	}
	return 0;
}
