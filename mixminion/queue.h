/*
 * Packets that wait to be handed to their first mix, UserDir/queue: one file each (msg_ and a
 * random name; a record with the destination), durable when queue_commit returns.
 */
#ifndef MIXMINION_QUEUE_H
#define MIXMINION_QUEUE_H

#include "home.h"
#include "pool.h"
#include "routing.h"

struct queue {
	struct pool pool;
	int fd;
};

/* One waiting packet. */
struct queued {
	char name[POOL_NAME_LEN];
	struct mix_addr to;
	int64_t since; /* queue_list: when it was put here */
};

int queue_open(struct queue *q, const struct home *h, struct errmsg *e);
void queue_close(struct queue *q);
/*
 * Packets of one message, all of them or none, in a batch that pool_batch_new has made for
 * &q->pool: each is put, then all committed. out gets what queue_remove wants.
 */
int queue_put(struct pool_batch *b, const uint8_t packet[PACKET_LEN], const struct mix_addr *to,
    struct queued *out, struct errmsg *e);
int queue_commit(struct pool_batch *b, struct errmsg *e);
/*
 * All that wait, in no order; the caller frees *out. Files that are no packets are named and
 * left.
 */
int queue_list(struct queue *q, struct queued **out, size_t *n, struct errmsg *e);
/* How many packets another program (the reference) has left here in its own form. */
size_t queue_foreign(const struct queue *q);
int queue_read(struct queue *q, const struct queued *item, uint8_t packet[PACKET_LEN]);
/* Overwrites and removes. */
int queue_remove(struct queue *q, const struct queued *item);

#endif
