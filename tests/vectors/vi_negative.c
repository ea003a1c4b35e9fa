/* i_negative.json: packets with one octet flipped, and packets crafted to be wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "vec.h"

/* Along outcome[], as far as the packet gets. */
static void
follow(const uint8_t *packet, const json_t *outcome)
{
	struct unwrapped got;
	uint8_t p[PACKET_LEN], replay[HASH_LEN];

	memcpy(p, packet, PACKET_LEN);
	for (size_t i = 0; i < json_array_size(outcome); i++) {
		const json_t *want = json_array_get(outcome, i);
		int u = packet_open(p, vec_server(vec_str(want, "server"))->packet, replay, &got);

		vec_check_result(u, &got, want);
		if (u != UNWRAP_RELAY)
			return;
		memcpy(p, got.packet, PACKET_LEN);
	}
}

static const json_t *
base_case(const char *name)
{
	json_t *list = json_object_get(vec_load("b_packets"), "cases");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(vec_str(json_array_get(list, i), "name"), name) == 0)
			return json_array_get(list, i);
	printf("not ok - i_negative: no case %s\n", name);
	exit(1);
}

static void
check_flip(json_t *x)
{
	const json_t *c = base_case(vec_str(x, "base_case"));
	size_t hop = (size_t)vec_int(x, "hop"), off = (size_t)vec_int(x, "offset");
	struct buf p;

	if (hop > 0)
		c = json_array_get(json_object_get(c, "hops"), hop - 1);
	p = vec_bytes(c, "packet_b64");
	vec_begin("i_negative flip %s hop %zu octet %zu", vec_str(x, "base_case"), hop, off);
	VEC(p.len == PACKET_LEN && off < p.len);
	p.p[off] ^= (uint8_t)vec_int(x, "xor");
	follow(p.p, json_object_get(x, "outcome"));
	vec_end();
	buf_free(&p);
}

static void
check_crafted(json_t *x)
{
	const char *name = vec_str(x, "name");
	json_t *outcome = json_object_get(x, "outcome");
	struct buf p = vec_bytes(x, "packet_b64");
	struct unwrapped got;
	uint8_t replay[HASH_LEN];

	vec_begin("i_negative crafted %s", name);
	if (p.len != PACKET_LEN) /* a packet has one length; nothing else reaches the library */
		VEC(strcmp(vec_str(json_array_get(outcome, 0), "result"), "exception") == 0);
	else if (vec_differs("i_negative", name))
		VEC(packet_open(p.p, vec_server(vec_str(x, "server"))->packet, replay, &got) ==
		    UNWRAP_BAD_SIZE);
	else
		follow(p.p, outcome);
	vec_end();
	buf_free(&p);
}

void
vec_i_negative(json_t *v)
{
	json_t *list = json_object_get(v, "flips");

	for (size_t i = 0; i < json_array_size(list); i++)
		check_flip(json_array_get(list, i));
	list = json_object_get(v, "crafted");
	for (size_t i = 0; i < json_array_size(list); i++)
		check_crafted(json_array_get(list, i));
}
