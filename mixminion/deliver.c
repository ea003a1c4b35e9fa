#include <errno.h>
#include <string.h>

#include "deliver.h"
#include "sender.h"
#include "ui.h"

void
parcels_shuffle(struct parcel *p, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = rng_below(&rng_system, (uint32_t)i);
		struct parcel tmp = p[i - 1];

		p[i - 1] = p[j];
		p[j] = tmp;
	}
}

/* The parcels of one server, which lie together. */
struct group {
	struct queue *queue;
	struct parcel *p;
	uint8_t packet[PACKET_LEN];
};

static const uint8_t *
group_packet(void *ctx, size_t i)
{
	struct group *g = ctx;

	if (g->p[i].packet != NULL)
		return g->p[i].packet;
	if (queue_read(g->queue, &g->p[i].item, g->packet) == 0)
		return g->packet;
	g->p[i].done = errno == ENOENT; /* another client was faster */
	return NULL;
}

static void
group_acked(void *ctx, size_t i)
{
	struct group *g = ctx;

	g->p[i].done = 1;
	if (g->p[i].item.name[0] != '\0' && queue_remove(g->queue, &g->p[i].item) == -1)
		ui_warn("a packet that was sent cannot be removed from the queue: %s",
		    strerror(errno));
}

static int
same_server(const struct mix_addr *a, const struct mix_addr *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0 &&
	    memcmp(a->keyid, b->keyid, HASH_LEN) == 0;
}

/* Brings those for the server of p[0] to the front; returns how many there are. */
static size_t
gather(struct parcel *p, size_t n)
{
	size_t k = 1;

	for (size_t i = 1; i < n; i++) {
		struct parcel tmp = p[i];

		if (!same_server(&p[0].item.to, &tmp.item.to))
			continue;
		p[i] = p[k];
		p[k++] = tmp;
	}
	return k;
}

static void
send_group(const struct client *c, struct queue *queue, struct parcel *p, size_t n)
{
	struct group g = { .queue = queue, .p = p };
	struct sender_job job = { .to = p[0].item.to,
		.kind = client_tls_kind(c, p[0].item.to.keyid),
		.timeout = c->conf->timeout,
		.n = n,
		.packet = group_packet,
		.acked = group_acked,
		.ctx = &g };
	const char *name = client_nickname(c, p[0].item.to.keyid);
	struct errmsg e;

	ui_verbose("sending %zu packets to %s", n, name != NULL ? name : p[0].item.to.host);
	if (sender_send(&job, &e) == -1)
		(void)ui_fail(0, "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "", e.s);
	wipe(g.packet, sizeof(g.packet));
}

size_t
deliver(const struct client *c, struct queue *queue, struct parcel *p, size_t n)
{
	size_t left = 0;

	for (size_t i = 0, k; i < n; i += k) {
		k = gather(p + i, n - i);
		send_group(c, queue, p + i, k);
	}
	for (size_t i = 0; i < n; i++)
		left += !p[i].done;
	return left;
}
