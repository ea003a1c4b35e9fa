/*
 * From a message to packets: payloads, paths, construction. Nothing here sends or stores.
 */
#ifndef MIXMINION_OUTGOING_H
#define MIXMINION_OUTGOING_H

#include "address.h"
#include "expect.h"
#include "packetize.h"
#include "path.h"
#include "surb.h"

/*
 * Where packets go as they are made: first how many there will be, then each with where it has to
 * be handed in. -1 with a reason ends it.
 */
struct packet_sink {
	int (*begin)(void *ctx, size_t n, struct errmsg *e);
	int (*take)(void *ctx, const uint8_t packet[PACKET_LEN], const struct mix_addr *to,
	    struct errmsg *e);
	void *ctx;
	struct expectation *expect; /* gets the paths before the first packet is made */
};

/* How a path is to be found. */
struct route {
	struct path_spec *spec;
	struct clientdir *dir;
	int64_t now, until; /* every server of the path is valid for that time */
	int has_from;
};

/*
 * 0 if there are paths at all to the address, before the message is known; else -1 with a reason.
 */
int outgoing_check(const struct route *r, const struct address *to, struct errmsg *e);
/*
 * msg: header block and body, wiped once it is not needed; NULL for DROP. deliver_fragments: the
 * recipient puts a long one together, not the exit. key (or NULL): the message is encrypted to it
 * (E2E-spec 2.2.3), of which the exit sees nothing; then deliver_fragments makes no difference.
 */
int outgoing_forward(const struct packet_sink *sink, const struct route *r,
    const struct address *to, struct buf *msg, int deliver_fragments, struct rsakey *key,
    struct errmsg *e);
/*
 * The payloads of a reply, so that the caller knows how many reply blocks it takes; then paths
 * through them (out has room for as many), then the packets, once the blocks have been marked as
 * used.
 */
int outgoing_reply_paths(struct path *out, const struct route *r, const struct surb *const *surbs,
    size_t n, struct errmsg *e);
int outgoing_reply(const struct packet_sink *sink, struct path *paths,
    const struct surb *const *surbs, const struct packetized *pz, struct errmsg *e);

#endif
