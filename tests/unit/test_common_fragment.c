/* Fragments: parameters, the rules of reassembly, and rebuilding from any k of n. */
#include "t.h"

#include "compress.h"
#include "fec.h"
#include "fragment.h"

static struct payloads ps;
static struct buf message;

/* A message that zlib cannot shorten, of which `need` capacities make the fragments. */
static void
make(size_t len, size_t overhead, const char *prefix)
{
	struct errmsg e = { "" };
	uint8_t key[KEY_LEN] = { 7 };

	payloads_free(&ps);
	buf_reset(&message);
	stream_crypt(key, 0, NULL, buf_space(&message, len), len);
	CHECK(payloads_from_message(&ps, message.p, len, overhead, prefix, strlen(prefix),
		  &rng_system, &e) == 0);
}

static struct payload
nth(size_t i)
{
	struct payload f;
	struct errmsg e;

	CHECK(payload_checksum_ok(ps.p + i * ps.each, ps.each));
	CHECK(payload_parse(&f, ps.p + i * ps.each, ps.each, &e) == 0);
	return f;
}

static struct frag_state *
begin(void)
{
	struct payload f = nth(0);
	struct errmsg e;
	struct frag_state *s = frag_new(&f, &e);

	CHECK(s != NULL);
	return s;
}

static enum frag_verdict
add(struct frag_state *s, size_t i)
{
	struct payload f = nth(i);

	return frag_add(s, &f);
}

static const uint8_t *
fetch(void *ctx, uint32_t index)
{
	const unsigned *missing = ctx;

	if (missing != NULL && *missing == index)
		return NULL;
	return ps.p + index * ps.each + FRAGMENT_HEADER_LEN;
}

static void
check_rebuilt(const struct frag_state *s, const char *prefix)
{
	struct buf whole = { 0 }, text = { 0 };
	struct errmsg e = { "" };
	size_t n = strlen(prefix);

	CHECK(frag_rebuild(s, fetch, NULL, &whole, &e) == 0);
	CHECK(whole.len == frag_state_params(s)->length && memcmp(whole.p, prefix, n) == 0);
	CHECK(mix_uncompress(&text, whole.p + n, whole.len - n, 0, &e) == 0);
	CHECK(text.len == message.len && memcmp(text.p, message.p, text.len) == 0);
	buf_free(&whole);
	buf_free(&text);
}

static void
test_every_two_of_three(void)
{
	make(40000, 0, "");
	CHECK(ps.n == 3);
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			struct frag_state *s = begin();

			CHECK(add(s, i) == FRAG_USED);
			CHECK(add(s, j) == (i == j ? FRAG_UNNEEDED : FRAG_COMPLETE));
			if (i != j)
				check_rebuilt(s, "");
			frag_free(s);
		}
	}
}

static void
test_chunks_and_prefix(void)
{
	struct frag_state *s;
	size_t last = 0;

	make(700000, ENC_FWD_OVERHEAD, "destination");
	CHECK(ps.n == 44 && ps.each == PAYLOAD_LEN - ENC_FWD_OVERHEAD);
	s = begin();
	CHECK(frag_needed(s) == 32);
	/* from the end, leaving out every fourth: the parity fragments have to help */
	for (size_t i = ps.n; i-- > 0;) {
		enum frag_verdict v;

		if (i % 4 == 1)
			continue;
		v = add(s, i);
		CHECK(v != FRAG_REJECT);
		if (v == FRAG_COMPLETE)
			last = i + 1;
	}
	CHECK(last > 0 && frag_have(s) == 32);
	check_rebuilt(s, "destination");
	frag_free(s);
}

static void
test_duplicates(void)
{
	struct frag_state *s;

	make(40000, 0, "");
	s = begin();
	CHECK(frag_have(s) == 0);
	CHECK(add(s, 1) == FRAG_USED && add(s, 1) == FRAG_UNNEEDED && frag_have(s) == 1);
	CHECK(
	    add(s, 0) == FRAG_COMPLETE && add(s, 2) == FRAG_UNNEEDED && add(s, 0) == FRAG_UNNEEDED);
	CHECK(frag_have(s) == 2);
	frag_free(s);
}

static void
reject(struct payload *f)
{
	struct frag_state *s = begin();

	CHECK(add(s, 1) == FRAG_USED);
	CHECK(frag_add(s, f) == FRAG_REJECT);
	frag_free(s);
}

static void
test_contradictions(void)
{
	struct payload f;
	uint8_t other[PAYLOAD_LEN];

	make(40000, 0, "");
	f = nth(1);
	memcpy(other, f.data, f.len);
	other[f.len - 1] ^= 1;
	f.data = other;
	reject(&f);
	f = nth(2);
	f.msglen++;
	reject(&f);
	f = nth(2);
	f.index = 3;
	reject(&f);
	f.index = 0x7fffff;
	reject(&f);
	f = nth(2);
	f.overhead = ENC_FWD_OVERHEAD;
	f.len -= ENC_FWD_OVERHEAD;
	reject(&f);
}

static void
test_rebuild_tells_what_is_missing(void)
{
	struct frag_state *s;
	struct buf out = { 0 };
	struct errmsg e = { "" };
	unsigned missing = 1;

	make(40000, 0, "");
	s = begin();
	CHECK(frag_rebuild(s, fetch, NULL, &out, &e) == -1 && out.len == 0);
	CHECK(add(s, 0) == FRAG_USED && add(s, 1) == FRAG_COMPLETE);
	CHECK(frag_rebuild(s, fetch, &missing, &out, &e) == -1 && out.len == 0 && e.s[0] != '\0');
	frag_free(s);
}

static void
test_parameters(void)
{
	struct frag_params p;
	struct errmsg e;
	const size_t cap = PAYLOAD_LEN - FRAGMENT_HEADER_LEN;

	CHECK(frag_params(&p, cap, 0, &e) == -1);
	CHECK(frag_params(&p, 0, 0, &e) == -1);
	CHECK(frag_params(&p, cap + 1, 0, &e) == 0 && p.k == 2 && p.n == 3 && p.chunks == 1);
	CHECK(frag_params(&p, 16 * cap, 0, &e) == 0 && p.chunks == 1 && p.total == 22);
	CHECK(frag_params(&p, 16 * cap + 1, 0, &e) == 0 && p.chunks == 2 && p.total == 44);
	CHECK(frag_params(&p, UINT32_MAX, 0, &e) == 0 && p.total > 65536);
	CHECK(frag_params(&p, (uint64_t)UINT32_MAX + 1, 0, &e) == -1);
	CHECK(frag_params(&p, UINT64_MAX, 0, &e) == -1);
}

static void
test_indices_above_16_bits(void)
{
	uint8_t out[PAYLOAD_LEN], data[PAYLOAD_LEN] = { 1 }, id[MSGID_LEN] = { 2 };
	struct payload f;
	struct frag_state *s;
	struct errmsg e;

	payload_build_fragment(out, 0x12345, id, UINT32_MAX, data, 0);
	CHECK(payload_parse(&f, out, sizeof(out), &e) == 0 && f.index == 0x12345);
	s = frag_new(&f, &e);
	CHECK(s != NULL && frag_add(s, &f) == FRAG_USED && frag_add(s, &f) == FRAG_UNNEEDED);
	frag_free(s);
}

static void
test_fec_limits(void)
{
	struct fec f;
	uint8_t a[4] = { 1, 2, 3, 4 }, b[4] = { 5, 6, 7, 8 };
	const uint8_t *in[2] = { a, b };
	uint8_t *out[2] = { a, b };
	unsigned same[2] = { 1, 1 }, beyond[2] = { 0, 3 };

	CHECK(fec_init(&f, 0, 1) == -1 && fec_init(&f, 3, 2) == -1);
	CHECK(fec_init(&f, FEC_MAX_K + 1, FEC_MAX_N) == -1 && fec_init(&f, 2, FEC_MAX_N + 1) == -1);
	CHECK(fec_init(&f, 2, 3) == 0);
	CHECK(fec_decode(&f, same, in, 4, out) == -1 && fec_decode(&f, beyond, in, 4, out) == -1);
	payloads_free(&ps);
	buf_free(&message);
}

TESTS(T(test_every_two_of_three), T(test_chunks_and_prefix), T(test_duplicates),
    T(test_contradictions), T(test_rebuild_tells_what_is_missing), T(test_parameters),
    T(test_indices_above_16_bits), T(test_fec_limits))
