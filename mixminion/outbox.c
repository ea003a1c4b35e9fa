#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "outbox.h"

int
outbox_open(struct outbox *o, const struct home *h, int in_memory, struct errmsg *e)
{
	memset(o, 0, sizeof(*o));
	if (!in_memory && queue_open(&o->queue, h, e) == -1)
		return -1;
	o->in_memory = in_memory;
	o->opened = 1;
	return 0;
}

void
outbox_free(struct outbox *o)
{
	pool_batch_free(o->batch);
	if (o->packets != NULL)
		freezero(o->packets, o->n * sizeof(*o->packets));
	free(o->parcels);
	if (o->opened && !o->in_memory)
		queue_close(&o->queue);
	memset(o, 0, sizeof(*o));
}

static int
begin(void *ctx, size_t n, struct errmsg *e)
{
	struct outbox *o = ctx;

	(void)e;
	o->parcels = calloc(n, sizeof(*o->parcels));
	if (!o->in_memory)
		o->batch = pool_batch_new(&o->queue.pool, n);
	else
		o->packets = calloc(n, sizeof(*o->packets));
	if (o->parcels == NULL || (o->in_memory && o->packets == NULL))
		fatal("no memory for %zu packets", n);
	return 0;
}

static int
take(void *ctx, const uint8_t packet[PACKET_LEN], const struct mix_addr *to, struct errmsg *e)
{
	struct outbox *o = ctx;
	struct parcel *p = &o->parcels[o->n];

	if (!o->in_memory) {
		o->failed = queue_put(o->batch, packet, to, &p->item, e) == -1;
		if (o->failed)
			return -1;
	} else {
		p->item.to = *to;
		p->packet = memcpy(o->packets[o->n], packet, PACKET_LEN);
	}
	o->n++;
	return 0;
}

struct packet_sink
outbox_sink(struct outbox *o)
{
	return (struct packet_sink) { begin, take, o, &o->expect };
}

int
outbox_commit(struct outbox *o, struct errmsg *e)
{
	if (o->in_memory)
		return 0;
	o->failed = queue_commit(o->batch, e) == -1;
	return o->failed ? -1 : 0;
}
