/* What the vectors leave out: HMAC, bounds, keys that are refused, paths that do not fit. */
#include "crypto.h"
#include "header.h"
#include "packet.h"
#include "rsakey.h"
#include "t.h"

static void
test_hmac_sha256(void)
{
	/* RFC 4231, test case 2 */
	static const char want[] =
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
	uint8_t mac[32];
	char hex[65];

	hmac_sha256(mac, "Jefe", 4, "what do ya want for nothing?", 28);
	hex_encode(hex, mac, 32);
	CHECK_STR(hex, want);
	hmac_sha256(mac, "Jefe", 4, "what do ya want for nothing?", 28);
	hex_encode(hex, mac, 32);
	CHECK_STR(hex, want);
}

static void
test_stream_in_pieces(void)
{
	uint8_t key[KEY_LEN] = { 7 }, whole[100], part[100];

	stream_crypt(key, 1000, NULL, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(part); i += 9)
		stream_crypt(key, 1000 + i, NULL, part + i, i + 9 > 100 ? 100 - i : 9);
	CHECK(memcmp(whole, part, sizeof(whole)) == 0);
	stream_crypt(key, 1000, whole, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(whole); i++)
		CHECK(whole[i] == 0);
}

/* Draws that would favour small numbers are thrown away. */
static void
fill_high(void *ctx, void *p, size_t len)
{
	int *n = ctx;

	memset(p, (*n)++ == 0 ? 0x00 : 0xff, len);
}

static void
test_rng_below(void)
{
	int seen[5] = { 0 }, n = 0;
	struct rng r = { fill_high, &n };

	for (int i = 0; i < 1000; i++) {
		uint32_t v = rng_below(&rng_system, 5);

		CHECK(v < 5);
		seen[v]++;
	}
	for (int i = 0; i < 5; i++)
		CHECK(seen[i] > 100);
	CHECK(rng_below(&rng_system, 1) == 0);
	/* 2^32 mod 3 = 1: zero is refused, 0xffffffff is a multiple of 3 */
	CHECK(rng_below(&r, 3) == 0 && n == 2);
}

static void
test_ct_equal(void)
{
	CHECK(ct_equal("abc", "abc", 3));
	CHECK(!ct_equal("abc", "abd", 3));
	CHECK(ct_equal("abc", "abd", 2));
}

static void
test_oaep_bounds(void)
{
	uint8_t block[256], msg[256] = { 0 }, seed[HASH_LEN] = { 1 };
	size_t len = 99;

	CHECK(oaep_encode(block, 256, seed, msg, 214) == 0);
	CHECK(oaep_decode(msg, &len, block, 256) == 0 && len == 214);
	CHECK(oaep_encode(block, 256, seed, msg, 215) == -1);
	CHECK(oaep_encode(block, 41, seed, msg, 0) == -1);
	CHECK(oaep_encode(block, 42, seed, msg, 0) == 0);
	CHECK(oaep_decode(msg, &len, block, 42) == 0 && len == 0);
	CHECK(oaep_decode(msg, &len, block, 41) == -1);
}

static void
test_rsa_round_trip(void)
{
	struct rsakey *k = rsakey_generate(1024), *pub;
	uint8_t out[RSA_MAX_LEN], back[RSA_MAX_LEN], msg[86] = "hello";
	struct buf der = { 0 };
	size_t len;

	CHECK(rsakey_len(k) == 128 && rsakey_bits(k) == 1024 && rsakey_is_private(k));
	rsakey_public_der(k, &der);
	pub = rsakey_from_public_der(der.p, der.len, NULL);
	CHECK(pub != NULL && !rsakey_is_private(pub));
	CHECK(rsakey_encrypt(pub, &rng_system, msg, 86, out) == 0);
	CHECK(rsakey_decrypt(k, out, back, &len) == 0 && len == 86 && memcmp(back, msg, 86) == 0);
	out[5] ^= 1;
	CHECK(rsakey_decrypt(k, out, back, &len) == -1);
	CHECK(rsakey_encrypt(pub, &rng_system, msg, 87, out) == -1);
	rsakey_free(k);
	rsakey_free(pub);
	rsakey_free(NULL);
	buf_free(&der);
}

static void
test_rsa_refused(void)
{
	struct rsakey *k = rsakey_generate(1024);
	struct buf der = { 0 };
	struct errmsg e;

	rsakey_public_der(k, &der);
	buf_u8(&der, 0);
	CHECK(rsakey_from_public_der(der.p, der.len, &e) == NULL);
	CHECK_STR(e.s, "an RSA key that is not in DER");
	CHECK(rsakey_from_public_der(der.p, der.len - 2, &e) == NULL);
	CHECK_STR(e.s, "not an RSA key");
	der.p[der.len - 2] = 3; /* the exponent becomes 65539 */
	CHECK(rsakey_from_public_der(der.p, der.len - 1, &e) == NULL);
	CHECK_STR(e.s, "an RSA key whose exponent is not 65537");
	CHECK(rsakey_from_pem("nonsense", 8, NULL, &e) == NULL);
	CHECK_STR(e.s, "not an RSA key");
	rsakey_free(k);
	buf_free(&der);
}

static void
make_hops(struct hop *hops, size_t n, struct rsakey *k)
{
	memset(hops, 0, n * sizeof(*hops));
	for (size_t i = 0; i < n; i++) {
		hops[i].key = k;
		snprintf(hops[i].addr.host, sizeof(hops[i].addr.host), "mix%02zu.example.org", i);
	}
}

static void
test_path_limits(void)
{
	struct rsakey *k = rsakey_generate(2048), *small = rsakey_generate(1024);
	struct hop hops[MAX_HOPS];
	struct routing last = { RT_SMTP, (const uint8_t *)"0123456789012345678901234567890", 25 };
	struct errmsg e;

	make_hops(hops, MAX_HOPS, k);
	CHECK(header_fits(hops, 0, &last, &e) == -1);
	/* 16 hops: 15 * (84 + 39) + 109 = 1954 octets; 94 of padding and 109 are less than 256. */
	CHECK(header_fits(hops, 15, &last, &e) == 0);
	CHECK(header_fits(hops, 16, &last, &e) == -1);
	CHECK_STR(e.s, "path too long: 16 hops do not fit into one header");
	hops[3].key = small;
	CHECK(header_fits(hops, 4, &last, &e) == -1);
	CHECK_STR(e.s, "the packet key of mix03.example.org is not one of 2048 bits");
	rsakey_free(k);
	rsakey_free(small);
}

static void
test_wrong_key(void)
{
	struct rsakey *k = rsakey_generate(2048), *other = rsakey_generate(2048);
	struct hop hops[2];
	static uint8_t packet[PACKET_LEN], payload[PAYLOAD_LEN];
	static struct unwrapped u;
	uint8_t replay[HASH_LEN];

	make_hops(hops, 2, k);
	CHECK(packet_build_forward(packet, payload, hops, 1, hops + 1, 1, RT_DROP, NULL, NULL, 0,
		  &rng_system, NULL) == 0);
	CHECK(packet_open(packet, other, replay, &u) == -1);
	CHECK(packet_open(packet, k, replay, &u) == UNWRAP_RELAY);
	CHECK_STR(u.addr.host, "mix01.example.org");
	CHECK(packet_open(u.packet, k, replay, &u) == UNWRAP_DROP);
	rsakey_free(k);
	rsakey_free(other);
}

static void
test_encrypted_pem(void)
{
	struct rsakey *k = rsakey_generate(1024), *again;
	struct buf plain = { 0 }, pem = { 0 };
	uint8_t id[HASH_LEN], id2[HASH_LEN];
	struct errmsg e;

	rsakey_private_pem(k, &plain);
	CHECK(!rsakey_pem_encrypted((char *)plain.p, plain.len));
	rsakey_encrypted_pem(k, "open sesame", &pem);
	CHECK(rsakey_pem_encrypted((char *)pem.p, pem.len));
	CHECK(rsakey_from_pem((char *)pem.p, pem.len, NULL, &e) == NULL);
	CHECK(strstr(e.s, "there is no passphrase") != NULL);
	CHECK(rsakey_from_pem((char *)pem.p, pem.len, "open barley", &e) == NULL);
	CHECK(strstr(e.s, "wrong passphrase") != NULL);
	again = rsakey_from_pem((char *)pem.p, pem.len, "open sesame", &e);
	CHECK(again != NULL && rsakey_is_private(again));
	rsakey_keyid(k, id);
	rsakey_keyid(again, id2);
	CHECK(memcmp(id, id2, HASH_LEN) == 0);
	rsakey_free(k);
	rsakey_free(again);
	buf_wipe(&plain);
	buf_wipe(&pem);
}

TESTS(T(test_hmac_sha256), T(test_stream_in_pieces), T(test_rng_below), T(test_ct_equal),
    T(test_oaep_bounds), T(test_rsa_round_trip), T(test_rsa_refused), T(test_path_limits),
    T(test_wrong_key), T(test_encrypted_pem))
