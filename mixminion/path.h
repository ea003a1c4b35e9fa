/*
 * Paths: the grammar and the choice of servers (path-spec).
 */
#ifndef MIXMINION_PATH_H
#define MIXMINION_PATH_H

#include "clientdir.h"
#include "header.h"

/* A forward message takes two legs; a reply only the first, a reply block only the second. */
enum path_kind { PATH_FORWARD, PATH_REPLY, PATH_SURB };

/* Where the path has to lead. Everything is borrowed. */
struct path_target {
	uint16_t type; /* exit type; of no meaning for PATH_REPLY */
	const void *info; /* the address without tag */
	size_t infolen;
	const char *server; /* mbox:NAME@SERVER: it is appended; NULL otherwise */
	int64_t size; /* octets of the message before compression; 0: not known */
	int has_from; /* a From header is given */
	unsigned fragments; /* not 0: reassembled at the exit, that many; one exit for all paths */
	const struct mix_addr *surb_hop; /* PATH_REPLY: the first hop of the reply block */
};

struct path_leg {
	const struct desc *servers[MAX_HOPS]; /* owned by the directory */
	size_t n;
};

struct path {
	struct path_leg leg[2]; /* PATH_REPLY: the first; PATH_SURB: the second */
};

struct path_spec;

/* Quotes, names, "?", "*n", "~n", one colon. NULL with a reason. */
struct path_spec *path_parse(const char *text, enum path_kind kind, struct errmsg *e);
void path_spec_free(struct path_spec *s);

/*
 * n paths (out has room for them) that satisfy spec, all of whose servers are valid from start to
 * end. -1 with a reason, before anything was read or sent, if there is no such path. Named
 * servers that are not recommended, or blocked, are used with a warning. cd keeps descriptors
 * that the path names by file.
 */
int path_generate(struct path *out, size_t n, const struct path_spec *spec, struct clientdir *cd,
    const struct path_target *target, int64_t start, int64_t end, int64_t now,
    const struct rng *rng, struct errmsg *e);
/* As header_build wants it; keys are borrowed. */
void path_leg_hops(struct hop out[MAX_HOPS], const struct path_leg *leg);
/* "A,B:C,D", for people. */
void path_format(struct buf *out, const struct path *p);

/* Compatibility, path-spec 2.3 and 2.4; reasons for people. */
int desc_can_relay(const struct desc *from, const struct desc *to);
/* As far as their descriptors say: a node that takes no connections says nothing. */
int desc_share_family(const struct desc *a, const struct desc *b);
int desc_can_exit(const struct desc *d, const struct path_target *t, struct errmsg *e);

#endif
