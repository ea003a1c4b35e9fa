/* Packets followed from hop to hop; see vec.h. */
#include <stdlib.h>

#include "delivered.h"
#include "vec.h"

static int
result_is(const json_t *want, const char *s)
{
	return strcmp(vec_str(want, "result"), s) == 0;
}

/* Which of our refusals stands for which of the reference's exceptions. */
static int
refusal_fits(int u, const char *exception)
{
	if (strcmp(exception, "CryptoError") == 0)
		return u == -1;
	if (strcmp(exception, "ContentError") == 0)
		return u == -1 || u == UNWRAP_BAD_VERSION || u == UNWRAP_BAD_DIGEST ||
		    u == UNWRAP_BAD_TYPE;
	return u == UNWRAP_BAD_ROUTING || u == UNWRAP_BAD_SIZE;
}

static void
check_relay(const struct unwrapped *got, const json_t *want)
{
	uint8_t md[HASH_LEN];

	if (json_object_get(want, "next_host") != NULL) {
		VEC(strcmp(got->addr.host, vec_str(want, "next_host")) == 0);
		VEC(got->addr.port == vec_int(want, "next_port"));
		VEC(vec_eq_hex(got->addr.keyid, HASH_LEN, want, "next_keyid_hex"));
	}
	sha1(md, got->packet, PACKET_LEN);
	VEC(vec_eq_hex(md, HASH_LEN, want, "packet_sha1"));
}

static void
check_exit(const struct unwrapped *got, const json_t *want)
{
	uint8_t md[HASH_LEN];
	const char *tag = json_string_value(json_object_get(want, "tag_hex"));
	size_t taglen = tag != NULL && tag[0] != '\0' ? TAG_LEN : 0;

	VEC(got->rtype == vec_int(want, "exit_type"));
	VEC(vec_eq_hex(got->ri, got->rilen, want, "routing_info_hex"));
	sha1(md, got->payload, PAYLOAD_LEN);
	VEC(vec_eq_hex(md, HASH_LEN, want, "payload_sha1"));
	if (json_object_get(want, "application_key_hex") != NULL)
		VEC(vec_eq_hex(got->app_key, KEY_LEN, want, "application_key_hex"));
	if (json_object_get(want, "set_tagged_exception") != NULL)
		VEC(!exit_has_tag(got->rtype) || got->rilen < TAG_LEN);
	if (tag != NULL) {
		VEC(exit_has_tag(got->rtype) == (taglen != 0) && got->rilen >= taglen);
		VEC(vec_eq_hex(got->ri, taglen, want, "tag_hex"));
		VEC(vec_eq_hex(
		    got->ri + taglen, got->rilen - taglen, want, "exit_address_hex"));
	}
	if (json_object_get(want, "decoded_type") != NULL)
		vec_check_delivery(got, want);
}

void
vec_check_result(int u, const struct unwrapped *got, const json_t *want)
{
	if (result_is(want, "exception")) {
		VEC(refusal_fits(u, vec_str(want, "exception")));
	} else if (result_is(want, "drop")) {
		VEC(u == UNWRAP_DROP);
	} else if (result_is(want, "relay")) {
		VEC(u == UNWRAP_RELAY);
		if (u == UNWRAP_RELAY)
			check_relay(got, want);
	} else {
		VEC(u == UNWRAP_EXIT);
		if (u == UNWRAP_EXIT)
			check_exit(got, want);
	}
}

static void
check_subheader(const uint8_t *packet, struct rsakey *key, const json_t *want)
{
	uint8_t block[RSA_MAX_LEN], x[HASH_LEN];
	struct subheader sh;
	size_t len;

	VEC(rsakey_decrypt(key, packet, block, &len) == 0);
	VEC(vec_eq_hex(block, len, want, "rsa_plaintext_hex"));
	subheader_parse(&sh, block);
	subheader_replay_digest(&sh, x);
	VEC(sh.major == PACKET_MAJOR && sh.minor == PACKET_MINOR);
	VEC(vec_eq_hex(sh.secret, KEY_LEN, want, "secret_hex"));
	VEC(vec_eq_hex(sh.digest, HASH_LEN, want, "digest_hex"));
	VEC(vec_eq_hex(x, HASH_LEN, want, "replay_hash_hex"));
	VEC(sh.rsize == vec_int(want, "routing_size"));
	VEC(sh.rtype == vec_int(want, "routing_type"));
}

void
vec_check_hops(const uint8_t *packet, const json_t *hops, struct unwrapped *last)
{
	uint8_t replay[HASH_LEN], p[PACKET_LEN];

	memcpy(p, packet, PACKET_LEN);
	for (size_t i = 0; i < json_array_size(hops); i++) {
		const json_t *want = json_array_get(hops, i);
		struct rsakey *key = vec_server(vec_str(want, "server"))->packet;
		int u = packet_open(p, key, replay, last);

		check_subheader(p, key, json_object_get(want, "subheader"));
		vec_check_result(u, last, want);
		memcpy(p, last->packet, PACKET_LEN);
	}
}

void
vec_push_build(struct vec_rng *r, const json_t *q)
{
	vec_rng_push_list(r, json_object_get(q, "secrets1_hex"), 0);
	if (json_object_get(q, "secrets2_hex") != NULL) {
		vec_rng_push_list(r, json_object_get(q, "secrets2_hex"), 0);
		vec_rng_push_hex(r, vec_str(q, "header2_padding_hex"));
		vec_rng_push_list(r, json_object_get(q, "oaep_seeds2_hex"), 1);
	}
	vec_rng_push_hex(r, vec_str(q, "header1_padding_hex"));
	vec_rng_push_list(r, json_object_get(q, "oaep_seeds1_hex"), 1);
}
