/* h_replay.json: sequences of packets, each server remembering what it has seen. */
#include "vec.h"

#define MAX_SEEN 64

/* What the servers of one sequence remember. */
struct seen {
	struct {
		const struct vec_server *server;
		uint8_t digest[HASH_LEN];
	} at[MAX_SEEN];
	size_t n;
};

/* 1 if it was there before. */
static int
remember(struct seen *s, const struct vec_server *server, const uint8_t *digest)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].server == server && memcmp(s->at[i].digest, digest, HASH_LEN) == 0)
			return 1;
	if (s->n < MAX_SEEN) {
		s->at[s->n].server = server;
		memcpy(s->at[s->n++].digest, digest, HASH_LEN);
	}
	return 0;
}

static void
run_step(json_t *step, struct seen *seen)
{
	const struct vec_server *server = vec_server(vec_str(step, "server"));
	const char *message = json_string_value(json_object_get(step, "message"));
	struct buf packet = vec_bytes(step, "packet_b64");
	struct unwrapped got;
	uint8_t replay[HASH_LEN];
	int u = packet_open(packet.p, server->packet, replay, &got), again = 0;

	/* P7: from the header digest check on, whatever comes after it. */
	if (u != -1 && u != UNWRAP_BAD_DIGEST && u != UNWRAP_BAD_VERSION) {
		again = remember(seen, server, replay);
		if (json_object_get(step, "replay_hash_hex") != NULL)
			VEC(vec_eq_hex(replay, HASH_LEN, step, "replay_hash_hex"));
	}
	VEC(again == (message != NULL && strncmp(message, "Duplicate", 9) == 0));
	if (!again) {
		const char *result = vec_str(step, "result");

		VEC((u == UNWRAP_RELAY) == (strcmp(result, "relay") == 0));
		VEC((u == UNWRAP_EXIT) == (strcmp(result, "deliver") == 0));
		VEC((u == UNWRAP_DROP) == (strcmp(result, "drop") == 0));
	}
	buf_free(&packet);
}

void
vec_h_replay(json_t *v)
{
	json_t *list = json_object_get(v, "sequences");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *q = json_array_get(list, i), *steps = json_object_get(q, "steps");
		struct seen seen = { 0 };

		vec_begin("h_replay %s", vec_str(q, "name"));
		for (size_t j = 0; j < json_array_size(steps); j++)
			run_step(json_array_get(steps, j), &seen);
		vec_end();
	}
}
