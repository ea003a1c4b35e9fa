#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "step.h"

/* A request of this round, to be answered when the round is written. */
struct ask {
	STAILQ_ENTRY(ask) entry;
	struct peer *peer; /* NULL: gone; what it asked for is written all the same */
	uint32_t id;
	struct commit_req rq;
};

static struct pending *pending;
static STAILQ_HEAD(, ask) asks = STAILQ_HEAD_INITIALIZER(asks);
static struct buf digests;

void
commit_init(struct pending *p)
{
	pending = p;
}

static void
answer(struct peer *peer, uint32_t id, enum ipc_status status)
{
	struct status_rep rep = { status };

	ipc_send(peer->conn, V_COMMIT, id, &rep, sizeof(rep));
}

int
commit_ask(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct peer *peer = ipc_arg(c);
	struct ask *a = calloc(1, sizeof(*a));

	if (a == NULL)
		fatal("commit");
	a->peer = peer;
	a->id = id;
	memcpy(&a->rq, body, len);
	if (a->rq.n == 0 || a->rq.n > COMMIT_MAX) {
		log_warnx("%s: connection dropped: a COMMIT of %u", ipc_label(c),
		    (unsigned)a->rq.n);
		free(a);
		return -1;
	}
	if (pending_select(pending, peer->serial, a->rq.cookie, a->rq.n) == -1) {
		count(COUNT_COMMIT_REFUSED);
		answer(peer, id, ST_FAIL);
		free(a);
		return 0;
	}
	STAILQ_INSERT_TAIL(&asks, a, entry);
	return 0;
}

static void
write_digests(void)
{
	uint32_t number;
	size_t n;
	int ok;

	while ((number = pending_round(pending)) != 0) {
		buf_reset(&digests);
		pending_digests(pending, number, &digests);
		n = digests.len / HASH_LEN;
		ok = logs_append(number, digests.p, n) == 0;
		if (ok)
			keyd_counters[COUNT_COMMITTED].n += n;
		pending_settle(pending, number, ok);
	}
}

void
commit_round(void)
{
	struct ask *a;

	if (STAILQ_EMPTY(&asks))
		return;
	write_digests();
	while ((a = STAILQ_FIRST(&asks)) != NULL) {
		STAILQ_REMOVE_HEAD(&asks, entry);
		if (pending_durable(pending, a->rq.cookie, a->rq.n)) {
			if (a->peer != NULL)
				answer(a->peer, a->id, ST_OK);
		} else {
			count(COUNT_COMMIT_LATER);
			if (a->peer != NULL)
				answer(a->peer, a->id, ST_LATER);
		}
		free(a);
	}
	step("commit-answered");
}

void
commit_forget(const struct peer *peer)
{
	struct ask *a;

	STAILQ_FOREACH(a, &asks, entry)
		if (a->peer == peer)
			a->peer = NULL;
}
