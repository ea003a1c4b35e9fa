/*
 * The files of mix/: what an unwrapped packet becomes, as it will lie in outgoing/ or deliver/
 * (common/pool.h).
 */
#ifndef MIXER_RECORD_H
#define MIXER_RECORD_H

#include "mixpools.h"
#include "packet.h"

#define RECORD_MAX (OUTREC_LEN > DELREC_LEN ? OUTREC_LEN : DELREC_LEN)

/* A file in the making: the parts lie in head and in the struct unwrapped. */
struct record {
	uint8_t head[DELREC_LEN - PAYLOAD_LEN];
	struct chunk parts[2];
};

/* u is UNWRAP_RELAY or UNWRAP_EXIT. */
void record_make(struct record *r, enum unwrap u, const struct unwrapped *w);

/*
 * Reads a file of mix/ of either kind into rec; errors as pool_read.
 */
int record_read(struct pool *mix, const char *name, uint8_t rec[RECORD_MAX], size_t *len);

/*
 * Where it goes: outgoing/, deliver/, or own/ if its next hop is this node. NULL if it is
 * malformed.
 */
struct pool *record_route(struct mixpools *p, const uint8_t *rec, size_t len);

#endif
