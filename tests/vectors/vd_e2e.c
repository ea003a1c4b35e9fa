/* d_e2e.json: encrypted forward messages, built and decoded. */
#include "compress.h"
#include "e2e.h"
#include "packet.h"
#include "vec.h"

static struct rsakey *
recipient(const char *name)
{
	for (size_t i = 0; i < keys.nrecipients; i++)
		if (strcmp(keys.recipients[i].name, name) == 0)
			return keys.recipients[i].key;
	return NULL;
}

static struct e2e_decoded *
decode(const struct buf *payload, const struct buf *tag, struct rsakey *key, int *r)
{
	static struct e2e_decoded d;

	*r =
	    e2e_decode(&d, payload->p, tag->len == TAG_LEN ? tag->p : NULL, NULL, 0, &key, 1, NULL);
	return &d;
}

static void
check_encrypt(const json_t *p, struct rsakey *key)
{
	const json_t *q = json_object_get(p, "build_randomness");
	struct buf inner = vec_bytes(p, "payload_b64"),
		   want = vec_bytes(p, "encrypted_payload_b64");
	uint8_t out[PAYLOAD_LEN], tag[TAG_LEN];
	struct vec_rng r;

	vec_rng_init(&r);
	vec_rng_push_hex(&r, vec_str(q, "session_key_hex"));
	vec_rng_push_list(&r, json_object_get(q, "rejected_e2e_oaep_seeds_hex"), 0);
	vec_rng_push_hex(&r, vec_str(q, "e2e_oaep_seed_hex"));
	VEC(inner.len == PAYLOAD_LEN - ENC_FWD_OVERHEAD);
	VEC(e2e_encrypt(out, tag, inner.p, key, &r.rng, NULL) == 0);
	VEC(vec_rng_done(&r));
	VEC(vec_eq_hex(tag, TAG_LEN, p, "tag_hex"));
	VEC(vec_eq(&want, out, sizeof(out)));
	vec_rng_free(&r);
	buf_free(&inner);
	buf_free(&want);
}

static void
check_packet(const json_t *p)
{
	struct buf payload = vec_bytes(p, "encrypted_payload_b64"), tag = vec_bytes(p, "tag_hex");
	struct buf info = vec_bytes(p, "exit_info_hex"), want = vec_bytes(p, "packet_b64");
	struct hop leg1[MAX_HOPS], leg2[MAX_HOPS];
	size_t n1 = vec_path(leg1, json_object_get(p, "path1"));
	size_t n2 = vec_path(leg2, json_object_get(p, "path2"));
	uint8_t out[PACKET_LEN];
	struct vec_rng r;

	vec_rng_init(&r);
	vec_push_build(&r, json_object_get(p, "build_randomness"));
	VEC(packet_build_forward(out, payload.p, leg1, n1, leg2, n2,
		(uint16_t)vec_int(p, "exit_type"), tag.p, info.p, info.len, &r.rng, NULL) == 0);
	VEC(vec_rng_done(&r));
	VEC(vec_eq(&want, out, sizeof(out)));
	vec_rng_free(&r);
	buf_free(&payload);
	buf_free(&tag);
	buf_free(&info);
	buf_free(&want);
}

/* Where the vector follows the packet all the way. */
static void
check_hops(const json_t *p)
{
	static struct unwrapped last;
	const json_t *hops = json_object_get(p, "hops");
	struct buf packet = vec_bytes(p, "packet_b64"),
		   want = vec_bytes(p, "encrypted_payload_b64");

	if (json_array_size(hops) == json_array_size(json_object_get(p, "path1")) +
					 json_array_size(json_object_get(p, "path2"))) {
		vec_check_hops(packet.p, hops, &last);
		VEC(vec_eq(&want, last.payload, PAYLOAD_LEN));
	}
	buf_free(&packet);
	buf_free(&want);
}

static void
check_contents(const json_t *d, const struct payload *p)
{
	struct buf got = { 0 }, want;
	uint8_t md[HASH_LEN];

	if (strcmp(vec_str(d, "kind"), "singleton") == 0) {
		want = vec_bytes(d, "contents_b64");
		VEC(p->kind == PAYLOAD_SINGLETON);
		VEC(mix_uncompress(&got, p->data, p->len, 0, NULL) == 0);
		VEC(vec_eq(&want, got.p, got.len));
		buf_free(&want);
	} else {
		VEC(p->kind == PAYLOAD_FRAGMENT && p->overhead == ENC_FWD_OVERHEAD);
		VEC(p->index == vec_int(d, "index") && p->msglen == vec_int(d, "message_len"));
		VEC(vec_eq_hex(p->msgid, MSGID_LEN, d, "message_id_hex"));
		sha1(md, p->data, p->len);
		VEC(vec_eq_hex(md, HASH_LEN, d, "data_sha1"));
	}
	buf_free(&got);
}

static void
check_decode(const json_t *p, struct rsakey *key)
{
	struct buf payload = vec_bytes(p, "encrypted_payload_b64"), tag = vec_bytes(p, "tag_hex");
	struct e2e_decoded *d;
	const char *name;
	json_t *verdict;
	int r;

	d = decode(&payload, &tag, key, &r);
	VEC(r == 0 && d->how == E2E_ENCRYPTED);
	check_contents(json_object_get(p, "decode"), &d->payload);
	json_object_foreach(json_object_get(p, "decode_by_recipient"), name, verdict) {
		d = decode(&payload, &tag, recipient(name), &r);
		VEC(r == 0 && (d->how == E2E_ENCRYPTED) ==
				  (strcmp(json_string_value(verdict), "decoded") == 0));
	}
	buf_free(&payload);
	buf_free(&tag);
}

/* The message made into the payloads again, as far as the randomness is in the vector. */
static void
check_singleton(const json_t *c, const json_t *p)
{
	struct buf message = vec_bytes(c, "message_b64"), want = vec_bytes(p, "payload_b64");
	struct payloads ps;
	struct vec_rng r;
	size_t used = be16(want.p) + SINGLETON_HEADER_LEN;

	vec_rng_init(&r);
	vec_rng_push(&r, want.p + used, want.len - used);
	VEC(payloads_from_message(
		&ps, message.p, message.len, ENC_FWD_OVERHEAD, NULL, 0, &r.rng, NULL) == 0);
	VEC(ps.n == 1 && vec_rng_done(&r) && vec_eq(&want, ps.p, ps.each));
	payloads_free(&ps);
	vec_rng_free(&r);
	buf_free(&message);
	buf_free(&want);
}

static void
case_one(const json_t *c)
{
	struct rsakey *key = recipient(vec_str(c, "recipient"));
	size_t i;
	json_t *p;

	json_array_foreach(json_object_get(c, "packets"), i, p) {
		vec_begin("e2e %s %zu", vec_str(c, "name"), i);
		VEC(vec_int(c, "overhead") == ENC_FWD_OVERHEAD && key != NULL);
		if (vec_int(c, "n_payloads") == 1)
			check_singleton(c, p);
		check_encrypt(p, key);
		check_packet(p);
		check_hops(p);
		check_decode(p, key);
		vec_end();
	}
}

/* Sizes other than our functions' parameters have cannot even be asked for. */
static void
negative_one(const json_t *x)
{
	struct buf payload = vec_bytes(x, "payload_b64"), tag = vec_bytes(x, "tag_hex");
	const char *verdict = vec_str(x, "verdict");
	struct e2e_decoded *d;
	int r = -1;

	vec_begin("e2e negative %s", vec_str(x, "name"));
	if (payload.len == PAYLOAD_LEN && (tag.len == 0 || tag.len == TAG_LEN)) {
		d = decode(&payload, &tag, recipient("recipient2048"), &r);
		VEC(r == -1 ||
		    (d->how == E2E_UNDECODABLE) == (strcmp(verdict, "undecodable") == 0));
	}
	VEC((r == -1) == (strncmp(verdict, "exception", 9) == 0));
	vec_end();
	buf_free(&payload);
	buf_free(&tag);
}

void
vec_d_e2e(json_t *v)
{
	size_t i;
	json_t *x;

	vec_begin("e2e overhead");
	VEC(vec_int(v, "enc_fwd_overhead") == ENC_FWD_OVERHEAD);
	vec_end();
	json_array_foreach(json_object_get(v, "cases"), i, x)
		case_one(x);
	json_array_foreach(json_object_get(v, "negative"), i, x)
		negative_one(x);
}
