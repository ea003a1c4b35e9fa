/*
 * Choosing the servers of a path (path-spec 3.3). First it is worked out, from the entry on,
 * which servers may stand at each place so that the whole is valid; then one is drawn for each,
 * from the exit back.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "pathspec.h"

#define MAX_SLOTS (2 * MAX_HOPS + 1)

/* One place of the path: a named server, or anything of live. */
struct slot {
	const struct desc *fixed;
	uint8_t *ok; /* live[i] may stand here; where fixed is set, ok[0] is its */
};

struct chooser {
	const struct path_spec *spec;
	struct clientdir *cd;
	const struct path_target *target;
	int64_t start, end, now;
	const struct rng *rng;
	struct errmsg *e;
	const struct desc **live;
	size_t nlive;
	const struct desc **named; /* for each element, NULL where it is random */
	const struct desc *surb_server; /* the first of the reply block, where it is known */
	const struct desc *last; /* must stand at the end: of mbox:x@server, or the common exit */
	struct slot slots[MAX_SLOTS];
	size_t n;
	size_t first_leg; /* how many slots the first leg has */
};

/* A reason, and 0: it may not. */
#define NO(...) ((void)err_set(__VA_ARGS__), 0)

static int
same_server(const struct desc *a, const struct desc *b)
{
	return strcasecmp(a->nickname, b->nickname) == 0;
}

/* --- the named servers --- */

static void
remark(struct chooser *c, const struct desc *d, int entry, int exits)
{
	const char *what = NULL;
	struct errmsg text;

	if (!clientdir_recommended(c->cd, d->nickname))
		what = "not recommended";
	else if (clientdir_blocked(c->cd, d->nickname, BLOCK_SERVER))
		what = "in BlockServers";
	else if (entry && clientdir_blocked(c->cd, d->nickname, BLOCK_ENTRY))
		what = "in BlockEntries";
	else if (exits && clientdir_blocked(c->cd, d->nickname, BLOCK_EXIT))
		what = "in BlockExits";
	if (what == NULL || c->cd->warn == NULL)
		return;
	err_set(&text, "server %s is %s", d->nickname, what);
	c->cd->warn(text.s);
}

/* By nickname; else the name of a file. */
static const struct desc *
look_up(struct chooser *c, const char *name)
{
	static const struct conf_option plain;
	const struct desc *d = clientdir_find(c->cd, name, c->start, c->end, c->e);
	char *path = NULL;

	if (d != NULL || OPT_PATH.set(&plain, &path, name, NULL) == -1)
		return d;
	if (access(path, F_OK) == 0)
		d = clientdir_read(c->cd, path, c->start, c->end, c->now, c->e);
	free(path);
	return d;
}

static int
find_named(struct chooser *c)
{
	const struct path_spec *spec = c->spec;

	c->named = calloc(spec->n + 1, sizeof(struct desc *));
	if (c->named == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < spec->n; i++) {
		if (spec->elements[i].kind != ELEM_NAME)
			continue;
		if ((c->named[i] = look_up(c, spec->elements[i].name)) == NULL)
			return -1;
		remark(c, c->named[i], i == 0 && spec->kind != PATH_SURB,
		    i + 1 == spec->n && spec->kind != PATH_REPLY);
	}
	if (c->target->server == NULL)
		return 0;
	if ((c->last = look_up(c, c->target->server)) == NULL)
		return -1;
	if (c->named[spec->n - 1] == NULL || !same_server(c->named[spec->n - 1], c->last))
		remark(c, c->last, 0, 1);
	return 0;
}

/* --- places --- */

/*
 * About n, with a standard deviation of 1.5, at least 1: twelve uniform numbers make a normal
 * one.
 */
static unsigned
about(unsigned n, const struct rng *rng)
{
	int64_t sum = 0, hops;
	uint8_t raw[2];

	for (int i = 0; i < 12; i++) {
		rng_fill(rng, raw, sizeof(raw));
		sum += be16(raw);
	}
	/* sum/65536 - 6 has mean 0 and deviation 1; everything here is in units of 1/131072. */
	hops = ((int64_t)n * 131072 + 3 * (sum - 6 * 65536) + 65536) >> 17;
	return hops < 1 ? 1 : (unsigned)hops;
}

static int
add_slot(struct chooser *c, const struct desc *fixed)
{
	if (c->n == MAX_SLOTS)
		return err_set(c->e, "path too long: more than %d servers", 2 * MAX_HOPS);
	c->slots[c->n++].fixed = fixed;
	return 0;
}

/* The spec with every element expanded, and where it is divided. */
static int
expand(struct chooser *c)
{
	const struct path_spec *spec = c->spec;

	c->n = 0;
	for (size_t i = 0; i < spec->n; i++) {
		const struct path_element *el = &spec->elements[i];
		unsigned count = el->kind == ELEM_ABOUT ? about(el->n, c->rng) :
		    el->kind == ELEM_NAME ? 1 : el->n;

		if (i == spec->split)
			c->first_leg = c->n;
		while (count-- > 0)
			if (add_slot(c, c->named[i]) == -1)
				return -1;
	}
	/* mbox:x@server goes on to that server, unless the path ends there already. */
	if (c->target->server != NULL && (c->n == 0 || c->slots[c->n - 1].fixed == NULL ||
	    !same_server(c->slots[c->n - 1].fixed, c->last)) && add_slot(c, c->last) == -1)
		return -1;
	if (c->target->server == NULL && c->last != NULL && c->n > 0)
		c->slots[c->n - 1].fixed = c->last;
	if (spec->kind != PATH_FORWARD)
		c->first_leg = spec->kind == PATH_REPLY ? c->n : 0;
	else if (spec->split == SPLIT_LATER)
		c->first_leg = (c->n + 1) / 2;
	if (c->n < (spec->kind == PATH_FORWARD ? 2 : 1))
		return err_set(c->e, "path too short: a message takes at least two servers");
	return 0;
}

static size_t
slot_size(const struct chooser *c, size_t i)
{
	return c->slots[i].fixed != NULL ? 1 : c->nlive;
}

static const struct desc *
candidate(const struct chooser *c, size_t i, size_t j)
{
	return c->slots[i].fixed != NULL ? c->slots[i].fixed : c->live[j];
}

/* --- what may stand where --- */

static int
compatible(const struct desc *a, const struct desc *b, struct errmsg *e)
{
	if (!desc_can_relay(a, b))
		return NO(e, "%s cannot relay to %s", a->nickname, b->nickname);
	if (!desc_share_family(a, b))
		return NO(e, "%s and %s have no address family in common", a->nickname,
		    b->nickname);
	return 1;
}

static int
may_follow(const struct desc *a, const struct desc *b, struct errmsg *e)
{
	if (same_server(a, b))
		return NO(e, "server %s would stand twice in a row", a->nickname);
	return compatible(a, b, e);
}

/* Whether d may hand on to the reply block. Of its first server perhaps no descriptor is known. */
static int
may_reply(const struct chooser *c, const struct desc *d, int fixed, struct errmsg *e)
{
	const struct mix_addr *hop = c->target->surb_hop;

	if (!d->has_outgoing)
		return NO(e, "%s relays nothing", d->nickname);
	if (hop == NULL || (fixed && memcmp(d->keyid, hop->keyid, HASH_LEN) == 0))
		return 1;
	if (memcmp(d->keyid, hop->keyid, HASH_LEN) == 0)
		return NO(e, "%s is the reply block's first server", d->nickname);
	return c->surb_server == NULL || compatible(d, c->surb_server, e);
}

/* Whether d may be the last, apart from what stands before it. */
static int
may_end(const struct chooser *c, const struct desc *d, int fixed, struct errmsg *e)
{
	if (c->spec->kind == PATH_REPLY)
		return may_reply(c, d, fixed, e);
	if (!fixed && clientdir_blocked(c->cd, d->nickname, BLOCK_EXIT))
		return NO(e, "%s is in BlockExits", d->nickname);
	return desc_can_exit(d, c->target, e);
}

static int
may_begin(const struct chooser *c, const struct desc *d, int fixed, struct errmsg *e)
{
	if (!d->has_incoming)
		return NO(e, "%s takes no connections", d->nickname);
	if (c->spec->kind == PATH_SURB)
		return 1;
	if (!protocol_listed(d->in_protocols, MMTP_VERSION_STR))
		return NO(e, "%s speaks no MMTP that we know", d->nickname);
	if (!fixed && clientdir_blocked(c->cd, d->nickname, BLOCK_ENTRY))
		return NO(e, "%s is in BlockEntries", d->nickname);
	return 1;
}

/* May candidate j of slot i stand there, after some candidate of the slot before? */
static int
allowed(const struct chooser *c, size_t i, size_t j, struct errmsg *e)
{
	const struct desc *d = candidate(c, i, j);
	int fixed = c->slots[i].fixed != NULL;

	if (i + 1 == c->n && !may_end(c, d, fixed, e))
		return 0;
	if (i == 0)
		return may_begin(c, d, fixed, e);
	for (size_t k = 0; k < slot_size(c, i - 1); k++)
		if (c->slots[i - 1].ok[k] && may_follow(candidate(c, i - 1, k), d, e))
			return 1;
	return 0;
}

/* Nothing can stand at place i; why is the last of the reasons that were met. */
static int
impossible(struct chooser *c, size_t i, const struct errmsg *why)
{
	const char *place = i + 1 == c->n ? "the last" : i == 0 ? "the first" : "a middle";

	if (c->slots[i].fixed != NULL)
		return err_set(c->e, "no such path: %s", why->s);
	if (c->nlive == 0)
		return err_set(c->e, "no recommended server is known that is valid now%s%s",
		    c->cd->why_no_dir != NULL ? "; " : "",
		    c->cd->why_no_dir != NULL ? c->cd->why_no_dir : "");
	return err_set(c->e, "none of %zu recommended servers can be %s server of the path: %s",
	    c->nlive, place, why->s[0] != '\0' ? why->s : "all are excluded");
}

static int
find_possible(struct chooser *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct errmsg why = { "" };
		size_t any = 0;

		if (c->slots[i].ok == NULL &&
		    (c->slots[i].ok = calloc(c->nlive + 1, 1)) == NULL)
			fatal("out of memory");
		for (size_t j = 0; j < slot_size(c, i); j++) {
			c->slots[i].ok[j] = (uint8_t)allowed(c, i, j, &why);
			any += c->slots[i].ok[j];
		}
		if (any == 0)
			return impossible(c, i, &why);
	}
	return 0;
}

/* --- drawing --- */

/* One of the possible servers for place i that can stand before next, each as likely. */
static const struct desc *
draw(const struct chooser *c, size_t i, const struct desc *next)
{
	const struct desc *picked = NULL;
	uint32_t n = 0;

	for (size_t j = 0; j < slot_size(c, i); j++) {
		const struct desc *d = candidate(c, i, j);

		if (!c->slots[i].ok[j] || (next != NULL && !may_follow(d, next, NULL)))
			continue;
		if (rng_below(c->rng, ++n) == 0)
			picked = d;
	}
	if (picked == NULL)
		fatalx("path: a possible place has no server");
	return picked;
}

static int
add_hop(struct path_leg *leg, const struct desc *d, struct errmsg *e)
{
	if (leg->n == MAX_HOPS)
		return err_set(e, "path too long: more than %d servers in one leg", MAX_HOPS);
	leg->servers[leg->n++] = d;
	return 0;
}

void
path_leg_hops(struct hop out[MAX_HOPS], const struct path_leg *leg)
{
	for (size_t i = 0; i < leg->n; i++) {
		out[i].key = leg->servers[i]->packet_key;
		(void)desc_addr(leg->servers[i], &out[i].addr);
	}
}

/* Do the legs fit into their headers? */
static int
check_lengths(const struct chooser *c, const struct path *p)
{
	struct hop leg1[MAX_HOPS], leg2[MAX_HOPS] = { 0 };
	const struct mix_addr *next =
	    c->spec->kind == PATH_REPLY ? c->target->surb_hop : &leg2[0].addr;
	struct routing swap = { .type = RT_SWAP_FWD_HOST };
	struct routing exit = { .type = c->target->type,
		.len = c->target->infolen + (exit_has_tag(c->target->type) ? TAG_LEN : 0) };

	path_leg_hops(leg1, &p->leg[0]);
	path_leg_hops(leg2, &p->leg[1]);
	if (next != NULL && (c->spec->kind == PATH_REPLY || p->leg[1].n > 0))
		swap.len = 2 + HASH_LEN + strlen(next->host);
	/* What the exit of fragments gets is in the message, not in the header. */
	if (c->target->fragments > 0)
		exit.len = 0;
	if (p->leg[0].n > 0 && header_fits(leg1, p->leg[0].n, &swap, c->e) == -1)
		return -1;
	if (p->leg[1].n > 0 && header_fits(leg2, p->leg[1].n, &exit, c->e) == -1)
		return -1;
	return 0;
}

static int
choose(struct chooser *c, struct path *p)
{
	const struct desc *servers[MAX_SLOTS] = { NULL };

	*p = (struct path){ 0 };
	if (expand(c) == -1 || find_possible(c) == -1)
		return -1;
	for (size_t i = c->n; i-- > 0;)
		servers[i] = draw(c, i, i + 1 < c->n ? servers[i + 1] : NULL);
	for (size_t i = 0; i < c->n; i++)
		if (add_hop(&p->leg[i < c->first_leg ? 0 : 1], servers[i], c->e) == -1)
			return -1;
	/* Fragments that are put together by the exit all have to go to the same one. */
	if (c->target->fragments > 0 && c->last == NULL)
		c->last = servers[c->n - 1];
	return check_lengths(c, p);
}

/* Boxes, and types that descriptors say nothing of, are one certain server's. */
static int
needs_named_exit(const struct chooser *c)
{
	const struct path_target *t = c->target;

	if (c->spec->kind == PATH_REPLY || t->server != NULL || t->type == RT_SMTP ||
	    t->type == RT_DROP)
		return 0;
	return c->spec->elements[c->spec->n - 1].kind != ELEM_NAME;
}

int
path_generate(struct path *out, size_t n, const struct path_spec *spec, struct clientdir *cd,
    const struct path_target *target, int64_t start, int64_t end, int64_t now,
    const struct rng *rng, struct errmsg *e)
{
	struct chooser c = { .spec = spec, .cd = cd, .target = target, .start = start, .end = end,
		.now = now, .rng = rng, .e = e };
	int rv = 0;

	c.nlive = clientdir_live(cd, start, end, &c.live);
	if (target->surb_hop != NULL)
		c.surb_server = clientdir_by_keyid(cd, target->surb_hop->keyid);
	if (needs_named_exit(&c))
		rv = err_set(e, "the address is of one certain server: name it at the path's end");
	if (rv == 0)
		rv = find_named(&c);
	for (size_t i = 0; rv == 0 && i < n; i++)
		rv = choose(&c, &out[i]);
	for (size_t i = 0; i < MAX_SLOTS; i++)
		free(c.slots[i].ok);
	free(c.named);
	free(c.live);
	return rv;
}

void
path_format(struct buf *out, const struct path *p)
{
	for (size_t leg = 0; leg < 2; leg++) {
		if (leg == 1 && p->leg[0].n > 0 && p->leg[1].n > 0)
			buf_u8(out, ':');
		for (size_t i = 0; i < p->leg[leg].n; i++)
			buf_printf(out, "%s%s", i == 0 ? "" : ",",
			    p->leg[leg].servers[i]->nickname);
	}
}
