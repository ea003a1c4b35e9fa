#include <errno.h>
#include <string.h>

#include "deliver.h"
#include "dirupdate.h"
#include "downlog.h"
#include "infofmt.h"
#include "progress.h"
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
	struct progress *progress;
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
	progress_step(g->progress);
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

static size_t
count_left(const struct parcel *p, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += !p[i].done;
	return left;
}

/* What went wrong with a server, since when it is down, and what becomes of its packets. */
static void
tell_failure(struct client *c, const struct group *g, const struct sender_job *job,
    const char *why)
{
	const char *name = client_nickname(c, job->to.keyid);
	size_t left = count_left(g->p, job->n);
	int64_t since = downlog_since(&c->home, job->to.keyid);
	struct buf text = { 0 };
	char date[20], age[32];

	if (name != NULL)
		buf_printf(&text, "%s: ", name);
	buf_str(&text, why);
	if (since != 0 && since < c->now) {
		fmt_time(date, since);
		age_format(age, sizeof(age), c->now - since);
		buf_printf(&text, "; down since %s UTC (%s)", date, age);
	}
	if (g->queue != NULL && left > 0)
		buf_printf(&text, "; %zu packet%s for it stay%s in the queue", left,
		    left == 1 ? "" : "s", left == 1 ? "s" : "");
	(void)ui_fail(0, "%s", buf_cstr(&text));
	buf_free(&text);
}

static void
send_group(struct client *c, struct queue *queue, struct parcel *p, size_t n,
    struct progress *progress)
{
	struct group g = { .queue = queue, .p = p, .progress = progress };
	struct sender_job job = { .to = p[0].item.to,
		.kind = client_tls_kind(c, p[0].item.to.keyid),
		.timeout = c->conf->timeout,
		.n = n,
		.packet = group_packet,
		.acked = group_acked,
		.ctx = &g };
	const char *name = client_nickname(c, p[0].item.to.keyid);
	struct errmsg e;
	int r;

	ui_verbose("sending %zu packets to %s", n, name != NULL ? name : p[0].item.to.host);
	r = sender_send(&job, &e);
	/* A server that refuses packets is there. */
	downlog_note(&c->home, job.to.keyid, r == 0 || job.nacked + job.nrejected > 0, c->now);
	if (r == -1)
		tell_failure(c, &g, &job, e.s);
	wipe(g.packet, sizeof(g.packet));
}

size_t
deliver(struct client *c, struct queue *queue, struct parcel *p, size_t n)
{
	struct progress progress;

	progress_begin(&progress, "Sending", "Sent", n);
	for (size_t i = 0, k; i < n; i += k) {
		k = gather(p + i, n - i);
		send_group(c, queue, p + i, k, &progress);
	}
	progress_end(&progress);
	return count_left(p, n);
}
