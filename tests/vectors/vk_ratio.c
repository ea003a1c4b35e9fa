/* own/k_ratio.json: messages on both sides of the bound on compression. */
#include "compress.h"
#include "delivered.h"
#include "fragment.h"
#include "vec.h"

static void
expand(const json_t *runs, struct buf *msg)
{
	size_t i;
	json_t *run;

	buf_u8(msg, '\n');
	json_array_foreach(runs, i, run) {
		const char *text = json_string_value(json_array_get(run, 0));

		for (json_int_t n = json_integer_value(json_array_get(run, 1)); n > 0; n--)
			buf_str(msg, text);
	}
}

static const uint8_t *
fetch(void *ctx, uint32_t index)
{
	const struct payloads *ps = ctx;

	return ps->p + index * ps->each + FRAGMENT_HEADER_LEN;
}

/* The last k fragments of each chunk: the parity ones among them. */
static void
deliver_fragments(struct delivery *d, struct payloads *ps, const json_t *x)
{
	struct payload f;
	struct frag_state *s = NULL;
	struct buf whole = { 0 };

	for (size_t i = ps->n; i-- > 0;) {
		VEC(payload_parse(&f, ps->p + i * ps->each, ps->each, NULL) == 0);
		if (s == NULL)
			s = frag_new(&f, NULL);
		if (frag_add(s, &f) == FRAG_COMPLETE)
			break;
	}
	VEC(frag_rebuild(s, fetch, ps, &whole, NULL) == 0);
	VEC(whole.len == (size_t)vec_int(x, "compressed_len"));
	delivery_from_compressed(d, whole.p, whole.len);
	frag_free(s);
	buf_free(&whole);
}

/* What the recipient makes of what is delivered, opening it although it is overcompressed. */
static void
check_recipient(const struct delivery *d, const struct buf *msg)
{
	struct delivered_message m;
	struct buf text = { 0 }, out = { 0 };
	size_t pos = 0;

	delivery_armor(&text, d);
	VEC(message_next(&m, (const char *)text.p, text.len, &pos, NULL) == 1);
	VEC(m.type == d->type);
	if (m.type == MT_OVERCOMPRESSED) {
		VEC(mix_uncompress(&out, m.contents.p, m.contents.len, 0, NULL) == 0);
		VEC(vec_eq(msg, out.p, out.len));
	} else {
		/* the header block's LF is gone; armored text ends with one */
		if (msg->p[msg->len - 1] != '\n')
			m.contents.len--;
		VEC(m.contents.len == msg->len - 1 &&
		    memcmp(m.contents.p, msg->p + 1, m.contents.len) == 0);
	}
	buf_free(&m.contents);
	buf_free(&text);
	buf_free(&out);
}

static void
case_one(const json_t *x)
{
	struct buf msg = { 0 }, compressed = vec_bytes(x, "compressed_b64"), got = { 0 };
	struct payloads ps;
	struct delivery d;
	uint8_t md[HASH_LEN], tag[TAG_LEN] = { 0 };

	vec_begin("ratio %s", vec_str(x, "name"));
	expand(json_object_get(x, "message_runs"), &msg);
	sha1(md, msg.p, msg.len);
	VEC(vec_eq_hex(md, HASH_LEN, x, "message_sha1"));
	mix_compress(&got, msg.p, msg.len);
	VEC(vec_eq(&compressed, got.p, got.len));
	VEC(overcompression_limit(got.len) == (size_t)vec_int(x, "limit"));
	VEC(payloads_from_message(&ps, msg.p, msg.len, 0, NULL, 0, &rng_system, NULL) == 0);
	VEC((ps.n > 1) == json_is_true(json_object_get(x, "fragmented")));
	if (ps.n > 1)
		deliver_fragments(&d, &ps, x);
	else
		delivery_from_payload(&d, ps.p, tag);
	VEC(!d.error && strcmp(message_type_name(d.type), vec_str(x, "type")) == 0);
	check_recipient(&d, &msg);
	vec_end();
	delivery_free(&d);
	payloads_free(&ps);
	buf_free(&msg);
	buf_free(&compressed);
	buf_free(&got);
}

void
vec_k_ratio(json_t *v)
{
	size_t i;
	json_t *x;

	json_array_foreach(json_object_get(v, "cases"), i, x)
		case_one(x);
}
