#include <stdlib.h>
#include <string.h>

#include "builders.h"
#include "e2e.h"
#include "log.h"
#include "packet.h"

static void *
must_calloc(size_t n, size_t size)
{
	void *p = calloc(n != 0 ? n : 1, size);

	if (p == NULL)
		fatal("calloc of %zu times %zu octets", n, size);
	return p;
}

static struct path_target
target_of(const struct route *r, const struct address *to)
{
	return (struct path_target) { .type = to->type,
		.info = to->info.p,
		.infolen = to->info.len,
		.server = to->server[0] != '\0' ? to->server : NULL,
		.has_from = r->has_from };
}

int
outgoing_check(const struct route *r, const struct address *to, struct errmsg *e)
{
	struct path_target t = target_of(r, to);
	struct path *one = must_calloc(1, sizeof(*one));
	int ret;

	ret = path_generate(
	    one, 1, r->spec, r->dir, &t, r->now, r->until, r->now, &rng_system, e);
	free(one);
	return ret;
}

/* What the exit is told: the address itself, or that these are fragments of something for it. */
struct exit_form {
	uint16_t type;
	const void *info;
	size_t infolen;
	struct rsakey *key; /* payloads are inner ones, to be encrypted to it; or NULL */
};

/* The payload as the exit gets it, in out where it is encrypted; a tag that goes with it. */
static const uint8_t *
seal(uint8_t out[PAYLOAD_LEN], uint8_t tag[TAG_LEN], const uint8_t *p,
    const struct exit_form *exit, struct errmsg *e)
{
	if (exit->key == NULL) {
		tag_random(tag, &rng_system);
		return p;
	}
	return e2e_encrypt(out, tag, p, exit->key, &rng_system, e) == 0 ? out : NULL;
}

/* What packets are made from, and scratch, which is wiped. */
struct work {
	const struct packetized *pz;
	struct path *paths;
	struct exit_form exit; /* of forward packets */
	const struct surb *const *surbs; /* of replies */
	uint8_t payload[PAYLOAD_LEN], sealed[PAYLOAD_LEN], tag[TAG_LEN];
	struct hop leg1[MAX_HOPS], leg2[MAX_HOPS];
};

static int
forward_one(void *ctx, size_t i, uint8_t packet[PACKET_LEN], struct mix_addr *to, struct errmsg *e)
{
	struct work *w = ctx;
	const struct path *path = &w->paths[i];
	const uint8_t *payload;

	packetized_get(w->pz, i, w->payload);
	if ((payload = seal(w->sealed, w->tag, w->payload, &w->exit, e)) == NULL)
		return -1;
	path_leg_hops(w->leg1, &path->leg[0]);
	path_leg_hops(w->leg2, &path->leg[1]);
	*to = w->leg1[0].addr;
	return packet_build_forward(packet, payload, w->leg1, path->leg[0].n, w->leg2,
	    path->leg[1].n, w->exit.type, exit_has_tag(w->exit.type) ? w->tag : NULL, w->exit.info,
	    w->exit.infolen, &rng_system, e);
}

/* Paths for all payloads, then the packets. */
static int
route_and_build(const struct packet_sink *sink, const struct route *r, const struct address *to,
    struct path_target *t, const struct packetized *pz, struct rsakey *key, struct errmsg *e)
{
	struct work *w = must_calloc(1, sizeof(*w));
	int ret;

	w->pz = pz;
	w->paths = must_calloc(pz->n, sizeof(*w->paths));
	w->exit = (struct exit_form) { to->type, to->info.p, to->info.len, key };
	if (t->fragments != 0)
		w->exit = (struct exit_form) { RT_FRAGMENT, NULL, 0, NULL };
	ret = path_generate(
	    w->paths, pz->n, r->spec, r->dir, t, r->now, r->until, r->now, &rng_system, e);
	for (size_t i = 0; i < pz->n && ret == 0; i++)
		expect_path(sink->expect, &w->paths[i]);
	if (ret == 0)
		ret = builders_run(pz->n, forward_one, w, sink, e);
	free(w->paths);
	freezero(w, sizeof(*w));
	return ret;
}

int
outgoing_forward(const struct packet_sink *sink, const struct route *r, const struct address *to,
    struct buf *msg, int deliver_fragments, struct rsakey *key, struct errmsg *e)
{
	int by_recipient = deliver_fragments || key != NULL;
	struct path_target t = target_of(r, to);
	struct buf prefix = { 0 };
	struct packetized pz;
	int ret = 0;

	if (!by_recipient && exit_has_tag(to->type))
		server_side_prefix(&prefix, to->type, to->info.p, to->info.len);
	if (msg == NULL) {
		packetize_dummy(&pz, &rng_system);
	} else {
		t.size = (int64_t)msg->len;
		ret = packetize(&pz, msg->p, msg->len, key != NULL ? ENC_FWD_OVERHEAD : 0, prefix.p,
		    prefix.len, &rng_system, e);
		buf_wipe(msg);
	}
	buf_wipe(&prefix);
	if (ret == -1)
		return -1;
	if (pz.n > 1 && !by_recipient)
		t.fragments = (unsigned)pz.n;
	else if (pz.n > 1 || key != NULL)
		t.size = PAYLOAD_LEN; /* what the exit sees of it: one payload at a time */
	ret = route_and_build(sink, r, to, &t, &pz, key, e);
	packetized_free(&pz);
	return ret;
}

int
outgoing_reply_paths(struct path *out, const struct route *r, const struct surb *const *surbs,
    size_t n, struct errmsg *e)
{
	for (size_t i = 0; i < n; i++) {
		struct mix_addr hop;
		struct path_target t = { .surb_hop = &hop };

		if (routing_parse(&hop, surbs[i]->rtype, surbs[i]->ri, surbs[i]->rilen, e) == -1 ||
		    path_generate(&out[i], 1, r->spec, r->dir, &t, r->now, r->until, r->now,
			&rng_system, e) == -1)
			return -1;
	}
	return 0;
}

static int
reply_one(void *ctx, size_t i, uint8_t packet[PACKET_LEN], struct mix_addr *to, struct errmsg *e)
{
	struct work *w = ctx;
	const struct path_leg *leg = &w->paths[i].leg[0];

	packetized_get(w->pz, i, w->payload);
	path_leg_hops(w->leg1, leg);
	*to = w->leg1[0].addr;
	return packet_build_reply(
	    packet, w->payload, w->leg1, leg->n, w->surbs[i], &rng_system, e);
}

int
outgoing_reply(const struct packet_sink *sink, struct path *paths, const struct surb *const *surbs,
    const struct packetized *pz, struct errmsg *e)
{
	struct work *w = must_calloc(1, sizeof(*w));
	int r;

	w->pz = pz;
	w->paths = paths;
	w->surbs = surbs;
	for (size_t i = 0; i < pz->n; i++)
		expect_path(sink->expect, &paths[i]);
	r = builders_run(pz->n, reply_one, w, sink, e);
	freezero(w, sizeof(*w));
	return r;
}
