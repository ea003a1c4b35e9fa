/*
 * Fragments of messages that are not complete yet, UserDir/fragments: a directory for each
 * message (its id in hex) with a file for each fragment; an empty file ID.done for a message that
 * is finished. A file "identity" beside the fragments says whose message it is.
 */
#ifndef MIXMINION_FRAGSTORE_H
#define MIXMINION_FRAGSTORE_H

#include "fragment.h"
#include "home.h"

/* Complete ones are settled by the caller: taken, or refused and left where they are. */
enum fragmsg_state { FRAGMSG_OPEN, FRAGMSG_COMPLETE, FRAGMSG_TAKEN, FRAGMSG_REFUSED };

/* A message of which this run has seen a fragment. */
struct fragmsg {
	uint8_t id[MSGID_LEN];
	struct frag_state *state; /* NULL: finished or refused */
	enum fragmsg_state how;
};

struct fragstore {
	char dir[PATH_MAX];
	struct fragmsg *msgs;
	size_t n;
	uint8_t data[PAYLOAD_LEN]; /* the fragment read last */
	const struct fragmsg *reading;
};

/* Also removes what finished messages have left after a crash. The home must be locked. */
int fragstore_open(struct fragstore *s, const struct home *h, struct errmsg *e);
void fragstore_close(struct fragstore *s);
/*
 * Takes one payload (header and data). 1: the message is complete and appended to out, still
 * compressed; 0: stored, or not needed; -1 with a reason. have and need tell how far the message
 * is. identity ("" if none) is whose message it is. The home must be locked.
 */
int fragstore_add(struct fragstore *s, const uint8_t *p, size_t len, const char *identity,
    struct buf *out, size_t *have, size_t *need, struct errmsg *e);
/* What became of the messages that were completed since the last call. */
void fragstore_settle(struct fragstore *s, int taken);
/*
 * Removes the fragments of what was taken, and remembers that it is done: once the result is safe.
 */
int fragstore_finish(struct fragstore *s, struct errmsg *e);

/* An incomplete message as list-fragments shows it. */
struct fraginfo {
	uint8_t id[MSGID_LEN];
	char identity[64]; /* "" if none */
	size_t size; /* octets, compressed */
	size_t have, need;
};

/* All that are stored, in the order of their ids; the caller frees *out. */
int fragstore_list(struct fragstore *s, struct fraginfo **out, size_t *n, struct errmsg *e);
/* Appends a complete message, still compressed; -1 with a reason if it is none. */
int fragstore_get(struct fragstore *s, const uint8_t id[MSGID_LEN], struct buf *out,
    struct errmsg *e);
/* Removes what is stored of a message; fragments that still come begin it anew. */
void fragstore_purge(struct fragstore *s, const uint8_t id[MSGID_LEN]);
/* How many packets of another program (the reference) lie there: left alone. */
size_t fragstore_foreign(const struct fragstore *s);

#endif
