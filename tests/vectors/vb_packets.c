/* b_packets.json: forward packets, built and followed hop by hop. */
#include "payload.h"
#include "vec.h"

static void
check_built(json_t *c, const struct buf *packet)
{
	json_t *q = json_object_get(c, "build_randomness");
	struct buf payload = vec_bytes(c, "payload_b64"), info = vec_bytes(c, "exit_info_hex");
	struct buf tag = { 0 };
	struct hop leg1[MAX_HOPS], leg2[MAX_HOPS];
	uint8_t mine[PACKET_LEN];
	struct errmsg e;
	struct vec_rng r;
	int tagged = json_is_true(json_object_get(c, "has_tag"));

	if (tagged)
		tag = vec_bytes(q, "tag_hex");
	vec_rng_init(&r);
	vec_push_build(&r, q);
	VEC(packet_build_forward(mine, payload.p, leg1,
		vec_path(leg1, json_object_get(c, "path1")), leg2,
		vec_path(leg2, json_object_get(c, "path2")), (uint16_t)vec_int(c, "exit_type"),
		tagged ? tag.p : NULL, info.p, info.len, &r.rng, &e) == 0);
	VEC(vec_rng_done(&r));
	VEC(vec_eq(packet, mine, PACKET_LEN));
	vec_rng_free(&r);
	buf_free(&payload);
	buf_free(&info);
	buf_free(&tag);
}

/* The message gives the payload again, with the padding that the payload itself ends with. */
static void
check_encoded(json_t *c)
{
	struct buf payload = vec_bytes(c, "payload_b64"), msg = vec_bytes(c, "message_b64");
	struct payloads ps;
	struct payload p;
	struct errmsg e;
	struct vec_rng r;

	VEC(payload_parse(&p, payload.p, payload.len, &e) == 0);
	vec_rng_init(&r);
	vec_rng_push(&r, p.data + p.len, (size_t)(payload.p + payload.len - p.data) - p.len);
	VEC(payloads_from_message(&ps, msg.p, msg.len, 0, NULL, 0, &r.rng, &e) == 0);
	VEC(ps.n == 1 && ps.each == PAYLOAD_LEN && vec_eq(&payload, ps.p, ps.each));
	payloads_free(&ps);
	vec_rng_free(&r);
	buf_free(&payload);
	buf_free(&msg);
}

void
vec_b_packets(json_t *v)
{
	json_t *cases = json_object_get(v, "cases");
	struct buf prefix = { 0 };

	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *c = json_array_get(cases, i);
		struct buf packet = vec_bytes(c, "packet_b64");
		struct unwrapped last;

		vec_begin("b_packets %s hops", vec_str(c, "name"));
		vec_check_hops(packet.p, json_object_get(c, "hops"), &last);
		vec_end();
		vec_begin("b_packets %s built", vec_str(c, "name"));
		check_built(c, &packet);
		vec_end();
		if (json_object_get(c, "message_b64") != NULL) {
			vec_begin("b_packets %s encoded", vec_str(c, "name"));
			check_encoded(c);
			vec_end();
		}
		buf_free(&packet);
	}
	vec_begin("b_packets fragment_prefix");
	server_side_prefix(&prefix, RT_SMTP, "bob@example.com", 15);
	VEC(vec_eq_hex(prefix.p, prefix.len, v, "fragment_prefix_hex"));
	vec_end();
	buf_free(&prefix);
}
