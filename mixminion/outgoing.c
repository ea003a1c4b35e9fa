#include <stdlib.h>
#include <string.h>

#include "e2e.h"
#include "log.h"
#include "outgoing.h"
#include "packet.h"

static void *
must_calloc(size_t n, size_t size)
{
	void *p = calloc(n != 0 ? n : 1, size);

	if (p == NULL)
		fatal("calloc of %zu times %zu octets", n, size);
	return p;
}

static void
outgoing_alloc(struct outgoing *o, size_t n)
{
	o->packets = must_calloc(n, sizeof(*o->packets));
	o->to = must_calloc(n, sizeof(*o->to));
	o->n = n;
}

void
outgoing_free(struct outgoing *o)
{
	if (o->packets != NULL)
		freezero(o->packets, o->n * sizeof(*o->packets));
	free(o->to);
	memset(o, 0, sizeof(*o));
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

static int
build_all(struct outgoing *o, const struct path *paths, const struct payloads *ps,
    const struct exit_form *exit, struct errmsg *e)
{
	uint8_t tag[TAG_LEN], sealed[PAYLOAD_LEN];
	int r = 0, tagged = exit_has_tag(exit->type);

	outgoing_alloc(o, ps->n);
	for (size_t i = 0; i < ps->n && r == 0; i++) {
		const struct path_leg *leg = paths[i].leg;
		const uint8_t *payload = seal(sealed, tag, ps->p + i * ps->each, exit, e);

		if (payload == NULL) {
			r = -1;
			break;
		}
		o->to[i] = leg[0].hops[0].addr;
		r = packet_build_forward(o->packets[i], payload, leg[0].hops, leg[0].n,
		    leg[1].hops, leg[1].n, exit->type, tagged ? tag : NULL, exit->info,
		    exit->infolen, &rng_system, e);
	}
	wipe(tag, sizeof(tag));
	if (r == -1)
		outgoing_free(o);
	return r;
}

/* Paths for all payloads, then the packets. */
static int
route_and_build(struct outgoing *o, const struct route *r, const struct address *to,
    struct path_target *t, const struct payloads *ps, struct rsakey *key, struct errmsg *e)
{
	struct path *paths = must_calloc(ps->n, sizeof(*paths));
	struct exit_form exit = { to->type, to->info.p, to->info.len, key };
	int ret;

	if (t->fragments != 0)
		exit = (struct exit_form) { RT_FRAGMENT, NULL, 0, NULL };
	ret = path_generate(
	    paths, ps->n, r->spec, r->dir, t, r->now, r->until, r->now, &rng_system, e);
	if (ret == 0)
		ret = build_all(o, paths, ps, &exit, e);
	free(paths);
	return ret;
}

/* A dummy's payload is random. */
static void
random_payload(struct payloads *ps)
{
	memset(ps, 0, sizeof(*ps));
	ps->n = 1;
	ps->each = PAYLOAD_LEN;
	ps->p = must_calloc(1, PAYLOAD_LEN);
	rng_fill(&rng_system, ps->p, PAYLOAD_LEN);
}

int
outgoing_forward(struct outgoing *o, const struct route *r, const struct address *to,
    const struct buf *msg, int deliver_fragments, struct rsakey *key, struct errmsg *e)
{
	int by_recipient = deliver_fragments || key != NULL;
	struct path_target t = target_of(r, to);
	struct buf prefix = { 0 };
	struct payloads ps;
	int ret = 0;

	memset(o, 0, sizeof(*o));
	if (!by_recipient && exit_has_tag(to->type))
		server_side_prefix(&prefix, to->type, to->info.p, to->info.len);
	if (msg == NULL) {
		random_payload(&ps);
	} else {
		t.size = (int64_t)msg->len;
		ret = payloads_from_message(&ps, msg->p, msg->len,
		    key != NULL ? ENC_FWD_OVERHEAD : 0, prefix.p, prefix.len, &rng_system, e);
	}
	buf_wipe(&prefix);
	if (ret == -1)
		return -1;
	if (ps.n > 1 && !by_recipient)
		t.fragments = (unsigned)ps.n;
	else if (ps.n > 1 || key != NULL)
		t.size = PAYLOAD_LEN; /* what the exit sees of it: one payload at a time */
	ret = route_and_build(o, r, to, &t, &ps, key, e);
	payloads_free(&ps);
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

int
outgoing_reply(struct outgoing *o, const struct path *paths, const struct surb *const *surbs,
    const struct payloads *ps, struct errmsg *e)
{
	int r = 0;

	outgoing_alloc(o, ps->n);
	for (size_t i = 0; i < ps->n && r == 0; i++) {
		const struct path_leg *leg = &paths[i].leg[0];

		o->to[i] = leg->hops[0].addr;
		r = packet_build_reply(o->packets[i], ps->p + i * ps->each, leg->hops, leg->n,
		    surbs[i], &rng_system, e);
	}
	if (r == -1)
		outgoing_free(o);
	return r;
}
