#include <stdio.h>
#include <string.h>

#include "compress.h"
#include "packet.h"
#include "payload.h"
#include "selftest.h"

static void
fill(void *ctx, void *p, size_t len)
{
	static const uint8_t key[KEY_LEN] = "testvectors";
	struct rng_fixed *f = ctx;

	stream_crypt(key, f->at, NULL, p, len);
	f->at += len;
}

struct rng
rng_fixed(struct rng_fixed *state)
{
	state->at = 0;
	return (struct rng) { fill, state };
}

/* --- testvectors --- */

static void
show(const char *name, const void *p, size_t len)
{
	const uint8_t *b = p;

	printf("%s = ", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", b[i]);
	putchar('\n');
}

void
selftest_vectors(void)
{
	struct rng_fixed state;
	struct rng rng = rng_fixed(&state);
	uint8_t key[KEY_LEN], data[64], out[64], md[HASH_LEN], block[PK_ENC_LEN];

	rng_fill(&rng, key, sizeof(key));
	rng_fill(&rng, data, sizeof(data));
	show("key", key, sizeof(key));
	show("data", data, sizeof(data));
	sha1(md, data, sizeof(data));
	show("SHA1(data)", md, sizeof(md));
	stream_crypt(key, 0, NULL, out, sizeof(out));
	show("PRNG(key, 64)", out, sizeof(out));
	subkey(out, key, sizeof(key), L_HEADER_SECRET);
	show("SubKey(key, \"" L_HEADER_SECRET "\")", out, KEY_LEN);
	memcpy(out, data, sizeof(data));
	sprp_encrypt(key, sizeof(key), L_HIDE_PAYLOAD, out, sizeof(out));
	show("SPRP_Encrypt(key, \"" L_HIDE_PAYLOAD "\", data)", out, sizeof(out));
	memcpy(out, data, sizeof(data));
	whiten(out, sizeof(out));
	show("WHITEN(data)", out, sizeof(out));
	(void)oaep_encode(block, sizeof(block), md, data, sizeof(data));
	show("OAEP(data, seed SHA1(data))", block, sizeof(block));
}

/* --- unittests --- */

static int
hex_is(const void *p, size_t len, const char *want)
{
	char hex[2 * 64 + 1];

	hex_encode(hex, p, len);
	return strcmp(hex, want) == 0;
}

/* FIPS 180, example "abc". */
static int
test_sha1(void)
{
	uint8_t md[HASH_LEN];

	sha1(md, "abc", 3);
	return hex_is(md, sizeof(md), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* FIPS 197: the first block of the stream of a key of zeros. */
static int
test_stream(void)
{
	static const uint8_t key[KEY_LEN];
	uint8_t out[16];

	stream_crypt(key, 0, NULL, out, sizeof(out));
	return hex_is(out, sizeof(out), "66e94bd4ef8a2c3b884cfa59ca342b2e");
}

static int
test_lioness(void)
{
	uint8_t m[64] = { 0 }, plain[64] = { 0 };

	sprp_encrypt("k", 1, L_HIDE_HEADER, m, sizeof(m));
	if (memcmp(m, plain, sizeof(m)) == 0)
		return 0;
	sprp_decrypt("k", 1, L_HIDE_HEADER, m, sizeof(m));
	return memcmp(m, plain, sizeof(m)) == 0;
}

static int
test_compression(void)
{
	return compress_selftest() == 0;
}

static int
test_rsa(void)
{
	struct rsakey *k = rsakey_generate(2048);
	uint8_t block[PK_ENC_LEN], out[PK_ENC_LEN], md[HASH_LEN] = { 1 };
	struct buf sig = { 0 };
	size_t len = 0;
	int r = rsakey_encrypt(k, &rng_system, "hello", 5, block) == 0 &&
	    rsakey_decrypt(k, block, out, &len) == 0 && len == 5 &&
	    memcmp(out, "hello", 5) == 0 && rsakey_sign(k, &rng_system, md, &sig) == 0 &&
	    rsakey_verify(k, md, sig.p, sig.len) == 0;

	md[0] = 2;
	r = r && rsakey_verify(k, md, sig.p, sig.len) == -1;
	buf_free(&sig);
	rsakey_free(k);
	return r;
}

/* One through two servers that share a key: what goes in comes out. */
static int
test_packet(void)
{
	static uint8_t packet[PACKET_LEN], payload[PAYLOAD_LEN];
	static struct unwrapped u;
	uint8_t replay[HASH_LEN], tag[TAG_LEN];
	struct hop hop = { .key = rsakey_generate(2048),
		.addr = { .host = "a.example", .port = 1 } };
	int r;

	rng_fill(&rng_system, payload, sizeof(payload));
	tag_random(tag, &rng_system);
	r = packet_build_forward(packet, payload, &hop, 1, &hop, 1, RT_SMTP, tag, "a@b", 3,
		&rng_system, NULL) == 0 && packet_open(packet, hop.key, replay, &u) == UNWRAP_RELAY;
	if (r) {
		memcpy(packet, u.packet, sizeof(packet));
		r = packet_open(packet, hop.key, replay, &u) == UNWRAP_EXIT &&
		    u.rilen == TAG_LEN + 3 && memcmp(u.payload, payload, sizeof(payload)) == 0;
	}
	rsakey_free(hop.key);
	return r;
}

int
selftest_run(void)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} tests[] = { { "SHA-1", test_sha1 }, { "AES stream", test_stream },
		{ "LIONESS", test_lioness }, { "compression", test_compression },
		{ "RSA with OAEP", test_rsa }, { "packet", test_packet } };
	int failed = 0;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		int good = tests[i].run();

		printf("%sok - %s\n", good ? "" : "not ", tests[i].name);
		failed += !good;
	}
	return failed;
}
