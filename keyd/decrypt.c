#include <string.h>

#include "crypto.h"
#include "front.h"
#include "header.h"

static struct pending *pending;
static uint32_t nkeys;

void
decrypt_init(struct pending *p)
{
	pending = p;
}

void
decrypt_keys(uint32_t n)
{
	nkeys = n;
}

static void
answer(struct peer *peer, uint32_t id, const struct decrypt_rep *rep)
{
	ipc_send(peer->conn, V_DECRYPT, id, rep, sizeof(*rep));
}

static void
answer_later(struct peer *peer, uint32_t id, enum count_of why)
{
	static const struct decrypt_rep later = { .status = ST_LATER };

	count(why);
	answer(peer, id, &later);
}

/* Every job may become a pending entry: its place is kept from the start. */
int
decrypt_ask(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct peer *peer = ipc_arg(c);
	struct decrypt_req rq;

	memcpy(&rq, body, len);
	if (nkeys == 0)
		answer_later(peer, id, COUNT_LATER_NO_KEY);
	else if (pending_count(pending) + jobs_count() >= PENDING_MAX ||
	    jobs_add(peer, id, &rq) == -1)
		answer_later(peer, id, COUNT_LATER_FULL);
	return 0;
}

/* What became of it; only the counters tell the refusals apart. */
static enum count_of
judge(const struct request *r, uint32_t number, const struct subheader *sh,
    const uint8_t replay[HASH_LEN])
{
	int right = ct_equal(sh->digest, r->digest, HASH_LEN);
	int seen = logs_seen(replay);
	enum pending_for held = pending_find(pending, r->peer->serial, replay);

	if (number == 0 || !logs_has(number))
		return COUNT_REFUSED_OAEP;
	if (!right)
		return COUNT_REFUSED_DIGEST;
	if (seen)
		return COUNT_REFUSED_REPLAY;
	/*
	 * On this connection it is a second arrival. On another one, that one may just have
	 * ended: asking again will tell.
	 */
	if (held == PENDING_OWN)
		return COUNT_REFUSED_PENDING;
	if (held == PENDING_OTHER)
		return COUNT_LATER_FULL;
	return COUNT_DECRYPT_OK;
}

void
decrypt_done(const struct request *r, uint32_t number, const uint8_t plain[PK_MAX_DATA_LEN])
{
	struct decrypt_rep rep = { .status = ST_FAIL };
	uint8_t replay[HASH_LEN];
	struct subheader sh;
	enum count_of what;

	subheader_parse(&sh, plain);
	subheader_replay_digest(&sh, replay);
	what = judge(r, number, &sh, replay);
	if (what == COUNT_DECRYPT_OK &&
	    pending_add(pending, r->peer->serial, number, replay, &rep.cookie) == -1)
		what = COUNT_LATER_FULL;
	if (what == COUNT_DECRYPT_OK) {
		rep.status = ST_OK;
		memcpy(rep.replay, replay, HASH_LEN);
		memcpy(rep.plain, plain, PK_MAX_DATA_LEN);
	} else if (what == COUNT_LATER_FULL)
		rep.status = ST_LATER;
	count(what);
	answer(r->peer, r->id, &rep);
	wipe(&sh, sizeof(sh));
	wipe(&rep, sizeof(rep));
}
