/*
 * The files of mix/.
 */
#include <errno.h>
#include <string.h>

#include "record.h"

void
record_make(struct record *r, enum unwrap u, const struct unwrapped *w)
{
	if (u == UNWRAP_RELAY) {
		outrec_head(r->head, &w->addr);
		r->parts[0] = (struct chunk) { r->head, OUTREC_LEN - PACKET_LEN };
		r->parts[1] = (struct chunk) { w->packet, PACKET_LEN };
	} else {
		delrec_head(r->head, w->rtype, w->ri, w->rilen, w->app_key);
		r->parts[0] = (struct chunk) { r->head, DELREC_LEN - PAYLOAD_LEN };
		r->parts[1] = (struct chunk) { w->payload, PAYLOAD_LEN };
	}
}

int
record_read(struct pool *mix, const char *name, uint8_t rec[RECORD_MAX], size_t *len)
{
	*len = OUTREC_LEN;
	if (pool_read(mix, name, rec, *len) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	*len = DELREC_LEN;
	return pool_read(mix, name, rec, *len);
}

struct pool *
record_route(struct mixpools *p, const uint8_t *rec, size_t len)
{
	struct mix_addr to;
	const uint8_t *packet, *ri, *payload;
	uint16_t rt;
	size_t rilen;

	if (len == DELREC_LEN)
		return delrec_parse(&rt, &ri, &rilen, &payload, rec) == 0 ? &p->deliver : NULL;
	if (outrec_parse(&to, &packet, rec) == -1)
		return NULL;
	return memcmp(to.keyid, p->keyid, HASH_LEN) == 0 ? &p->own : &p->outgoing;
}
