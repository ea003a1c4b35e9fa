/* e_fragments.json: FEC, parameters, fragmentation and reassembly. */
#include <stdlib.h>

#include "compress.h"
#include "fec.h"
#include "fragment.h"
#include "vec.h"

static void
fec_decode_one(const struct fec *f, const json_t *from, struct buf *enc, struct buf *raw)
{
	const uint8_t *in[FEC_MAX_K];
	uint8_t *out[FEC_MAX_K];
	unsigned idx[FEC_MAX_K];
	size_t i;
	json_t *x;

	VEC(json_array_size(from) == f->k);
	json_array_foreach(from, i, x) {
		idx[i] = (unsigned)json_integer_value(x);
		in[i] = enc[idx[i]].p;
		out[i] = calloc(1, raw[0].len);
	}
	VEC(fec_decode(f, idx, in, raw[0].len, out) == 0);
	for (i = 0; i < f->k; i++) {
		VEC(vec_eq(&raw[i], out[i], raw[i].len));
		free(out[i]);
	}
}

static size_t
hex_list(struct buf *out, size_t max, const json_t *list)
{
	size_t i;
	json_t *x;

	json_array_foreach(list, i, x)
		if (i < max)
			out[i] = vec_bytes_of(x, "hex");
	return json_array_size(list);
}

static void
fec_one(const json_t *x)
{
	struct buf raw[FEC_MAX_K] = { 0 }, enc[FEC_MAX_N] = { 0 }, rows[FEC_MAX_N] = { 0 };
	const uint8_t *in[FEC_MAX_K] = { 0 };
	unsigned k = (unsigned)vec_int(x, "k"), n = (unsigned)vec_int(x, "n");
	struct fec f;
	size_t i;
	json_t *from;

	vec_begin("fec %u of %u", k, n);
	VEC(fec_init(&f, k, n) == 0);
	VEC(hex_list(raw, FEC_MAX_K, json_object_get(x, "blocks_hex")) == k);
	VEC(hex_list(enc, FEC_MAX_N, json_object_get(x, "encoded_hex")) == n);
	VEC(hex_list(rows, FEC_MAX_N, json_object_get(x, "matrix_hex")) == n);
	for (i = 0; i < k; i++)
		in[i] = raw[i].p;
	for (i = 0; i < n; i++) {
		uint8_t *out = calloc(1, raw[0].len);

		fec_encode(&f, (unsigned)i, in, raw[0].len, out);
		VEC(vec_eq(&enc[i], out, raw[0].len));
		VEC(vec_eq(&rows[i], f.m[i], k));
		free(out);
	}
	json_array_foreach(json_object_get(x, "decode_from"), i, from)
		fec_decode_one(&f, from, enc, raw);
	vec_end();
	for (i = 0; i < FEC_MAX_N; i++) {
		buf_free(&enc[i]);
		buf_free(&rows[i]);
	}
	for (i = 0; i < FEC_MAX_K; i++)
		buf_free(&raw[i]);
}

static void
params_one(const json_t *x)
{
	size_t overhead = (size_t)vec_int(x, "overhead");
	long long length = vec_int(x, "length");
	struct frag_params p;
	int r;

	vec_begin("parameters %lld, %zu", length, overhead);
	r = frag_params(&p, (uint64_t)length, overhead, NULL);
	if (json_object_get(x, "error") != NULL) {
		VEC(r == -1);
	} else {
		VEC(r == 0 && p.length == (size_t)length);
		VEC(p.k == vec_int(x, "k") && p.n == vec_int(x, "n"));
		VEC(p.chunks == (size_t)vec_int(x, "chunks"));
		VEC(p.capacity == (size_t)vec_int(x, "fragment_capacity"));
		VEC(p.chunk_size == (size_t)vec_int(x, "chunk_size"));
		VEC(p.padded_len == (size_t)vec_int(x, "padded_len"));
		VEC(p.padded_len - p.length == (size_t)vec_int(x, "padding_len"));
		VEC(p.total == (size_t)vec_int(x, "total_fragments"));
	}
	vec_end();
}

/* --- whole messages --- */

static const char *
status_name(enum frag_verdict v, int ready, int rejected)
{
	if (rejected || v == FRAG_REJECT)
		return "REJECTED";
	return ready || v == FRAG_COMPLETE ? "READY" : "PENDING";
}

/*
 * A message's state as a node keeps it. Without a state, or after a rejection, nothing more is
 * added, which the reference calls added: false.
 */
struct pool {
	struct frag_state *s;
	int ready, rejected;
};

static void
pool_add(struct pool *pool, const struct payload *f, const json_t *outcome)
{
	enum frag_verdict v = FRAG_REJECT;
	const char *status;
	int added;

	if (pool->s == NULL)
		pool->s = frag_new(f, NULL);
	VEC(pool->s != NULL);
	if (pool->s != NULL && !pool->rejected)
		v = frag_add(pool->s, f);
	status = status_name(v, pool->ready, pool->rejected);
	added = v == FRAG_USED || v == FRAG_COMPLETE;
	pool->ready |= v == FRAG_COMPLETE;
	pool->rejected |= v == FRAG_REJECT;
	if (json_is_object(outcome)) {
		VEC(added == json_is_true(json_object_get(outcome, "added")));
		VEC(strcmp(status, vec_str(outcome, "status")) == 0);
	}
}

static const uint8_t *
fetch(void *ctx, uint32_t index)
{
	const struct payloads *ps = ctx;

	return ps->p + index * ps->each + FRAGMENT_HEADER_LEN;
}

static void
reassemble(const json_t *t, struct payloads *ps, const struct buf *want)
{
	const json_t *outcomes = json_object_get(t, "outcomes");
	struct pool pool = { 0 };
	struct buf got = { 0 };
	struct payload f;
	size_t i;
	json_t *index;
	int complete = json_is_true(json_object_get(t, "complete"));

	json_array_foreach(json_object_get(t, "indices"), i, index) {
		size_t at = (size_t)json_integer_value(index);

		VEC(payload_parse(&f, ps->p + at * ps->each, ps->each, NULL) == 0);
		pool_add(&pool, &f, json_array_get(outcomes, i));
	}
	VEC(pool.ready == complete);
	VEC((frag_rebuild(pool.s, fetch, ps, &got, NULL) == 0) == complete);
	if (complete)
		VEC(vec_eq(want, got.p, got.len));
	frag_free(pool.s);
	buf_free(&got);
}

/* The hash in the header, and the octets, depend on padding that not every vector has. */
static void
compare_payloads(const json_t *c, const struct payloads *ps, int exact)
{
	size_t i;
	json_t *x;

	json_array_foreach(json_object_get(c, "payloads"), i, x) {
		const uint8_t *p = ps->p + i * ps->each;
		struct buf head = vec_bytes(x, "header_hex");
		uint8_t md[HASH_LEN];

		sha1(md, p, ps->each);
		VEC(head.len == FRAGMENT_HEADER_LEN && memcmp(p, head.p, 3) == 0);
		VEC(memcmp(p + 23, head.p + 23, FRAGMENT_HEADER_LEN - 23) == 0);
		VEC(!exact || memcmp(p, head.p, head.len) == 0);
		VEC(!exact || vec_eq_hex(md, HASH_LEN, x, "sha1"));
		buf_free(&head);
	}
}

static void
case_message(const json_t *c, struct buf *msg)
{
	struct buf key = vec_bytes(c, "message_prng_key_hex");
	size_t len = (size_t)vec_int(c, "message_len");
	uint8_t md[HASH_LEN];

	buf_u8(msg, '\n');
	stream_crypt(key.p, 0, NULL, buf_space(msg, len - 1), len - 1);
	sha1(md, msg->p, msg->len);
	VEC(vec_eq_hex(md, HASH_LEN, c, "message_sha1"));
	buf_free(&key);
}

/* Queues the padding (the vector's, or zeros) and the message id; 1 if all octets are known. */
static int
case_randomness(const json_t *c, struct vec_rng *r, size_t whole)
{
	struct frag_params fp;
	struct buf padding = { 0 };
	int known = json_object_get(c, "padding_b64") != NULL;

	VEC(frag_params(&fp, whole, (size_t)vec_int(c, "overhead"), NULL) == 0);
	vec_rng_init(r);
	if (known)
		padding = vec_bytes(c, "padding_b64");
	else
		memset(buf_space(&padding, fp.padded_len - whole), 0, fp.padded_len - whole);
	if (padding.len > 0)
		vec_rng_push(r, padding.p, padding.len);
	else
		known = 1;
	vec_rng_push_hex(r, vec_str(c, "message_id_hex"));
	buf_free(&padding);
	return known;
}

static void
case_one(const json_t *c)
{
	struct buf msg = { 0 }, whole = { 0 }, prefix = vec_bytes(c, "prefix_hex");
	struct payloads ps = { 0 };
	struct vec_rng r;
	size_t i;
	json_t *t;
	int exact;

	vec_begin("fragments %s", vec_str(c, "name"));
	case_message(c, &msg);
	buf_put(&whole, prefix.p, prefix.len);
	mix_compress(&whole, msg.p, msg.len);
	exact = case_randomness(c, &r, whole.len);
	VEC(payloads_from_message(&ps, msg.p, msg.len, (size_t)vec_int(c, "overhead"), prefix.p,
		prefix.len, &r.rng, NULL) == 0);
	VEC(vec_rng_done(&r) && ps.n == (size_t)vec_int(c, "n_payloads"));
	compare_payloads(c, &ps, exact);
	vec_end();
	json_array_foreach(json_object_get(c, "reassembly"), i, t) {
		vec_begin("reassembly %s %zu", vec_str(c, "name"), i);
		reassemble(t, &ps, &whole);
		vec_end();
	}
	vec_rng_free(&r);
	payloads_free(&ps);
	buf_free(&msg);
	buf_free(&whole);
	buf_free(&prefix);
}

static void
rule_one(const json_t *x)
{
	struct pool pool = { 0 };
	size_t i;
	json_t *p;

	vec_begin("reassembly rule %s", vec_str(x, "name"));
	json_array_foreach(json_object_get(x, "payloads_b64"), i, p) {
		struct buf b = vec_bytes_of(p, "b64");
		struct payload f;

		VEC(payload_parse(&f, b.p, b.len, NULL) == 0);
		pool_add(&pool, &f, json_array_get(json_object_get(x, "outcomes"), i));
		buf_free(&b);
	}
	VEC((pool.ready && !pool.rejected) == vec_int(x, "complete"));
	vec_end();
	frag_free(pool.s);
}

static void
payload_one(const json_t *x)
{
	struct buf b = vec_bytes(x, "payload_b64");
	struct payload p;
	int ok;

	vec_begin("payload %s", vec_str(x, "name"));
	if (json_object_get(x, "checksum_ok") != NULL)
		VEC(payload_checksum_ok(b.p, b.len) ==
		    json_is_true(json_object_get(x, "checksum_ok")));
	ok = payload_parse(&p, b.p, b.len, NULL) == 0;
	VEC(ok == vec_accept(x, "verdict"));
	if (ok && strcmp(vec_str(x, "kind"), "singleton") == 0) {
		VEC(p.kind == PAYLOAD_SINGLETON && p.len == (size_t)vec_int(x, "size"));
	} else if (ok) {
		VEC(p.kind == PAYLOAD_FRAGMENT && p.index == vec_int(x, "index"));
		VEC(p.msglen == vec_int(x, "message_len"));
		VEC(vec_eq_hex(p.msgid, MSGID_LEN, x, "message_id_hex"));
	}
	vec_end();
	buf_free(&b);
}

static void
server_side_one(const json_t *x)
{
	struct buf b = vec_bytes(x, "hex");
	struct chunk ri, rest;
	uint16_t rt;
	int ok;

	vec_begin("server-side destination %s", vec_str(x, "name"));
	ok = server_side_parse(&rt, &ri, &rest, b.p, b.len, NULL) == 0;
	VEC(ok == vec_accept(x, "verdict"));
	if (ok) {
		VEC(rt == vec_int(x, "routing_type"));
		VEC(vec_eq_hex(ri.p, ri.len, x, "routing_info_hex"));
		VEC(vec_eq_hex(rest.p, rest.len, x, "contents_hex"));
	}
	vec_end();
	buf_free(&b);
}

static void
each(json_t *v, const char *key, void (*one)(const json_t *))
{
	size_t i;
	json_t *x;

	json_array_foreach(json_object_get(v, key), i, x)
		one(x);
}

void
vec_e_fragments(json_t *v)
{
	each(v, "fec", fec_one);
	each(v, "params", params_one);
	each(v, "cases", case_one);
	each(v, "pool_rules", rule_one);
	each(v, "payload_parse", payload_one);
	each(v, "server_side_fragment_parse", server_side_one);
}
