#include <string.h>

#include "crypto.h"
#include "front.h"
#include "header.h"
#include "step.h"

static struct pending *pending;
static uint32_t nkeys;
static int64_t doubt; /* seconds by which the keeper says that the clock may be wrong */

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

void
decrypt_doubt(int64_t seconds)
{
	doubt = seconds;
}

void
decrypt_flush(struct peer *peer)
{
	size_t len = peer->nanswers * sizeof(peer->answer[0]);

	if (peer->nanswers == 0)
		return;
	ipc_send(peer->conn, V_DECRYPT, 0, peer->answer, len);
	wipe(peer->answer, len);
	peer->nanswers = 0;
}

static struct decrypt_rep *
answer(struct peer *peer, uint32_t tag, enum ipc_status status)
{
	struct decrypt_rep *rep;

	if (peer->nanswers == DECRYPT_MAX)
		decrypt_flush(peer);
	rep = &peer->answer[peer->nanswers++];
	memset(rep, 0, sizeof(*rep));
	rep->status = status;
	rep->tag = tag;
	return rep;
}

static void
answer_later(struct peer *peer, uint32_t tag, enum count_of why)
{
	count(why);
	answer(peer, tag, ST_LATER);
}

/* Every job may become a pending entry: its place is kept from the start. */
static void
ask_one(struct peer *peer, const struct decrypt_req *rq)
{
	if (nkeys == 0)
		answer_later(peer, rq->tag, COUNT_LATER_NO_KEY);
	else if (pending_count(pending) + jobs_count() >= PENDING_MAX || jobs_add(peer, rq) == -1)
		answer_later(peer, rq->tag, COUNT_LATER_FULL);
}

int
decrypt_ask(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct decrypt_req rq;

	(void)id;
	if (len % sizeof(rq) != 0) {
		log_warnx("%s: connection dropped: a DECRYPT of a wrong length", ipc_label(c));
		return -1;
	}
	for (size_t at = 0; at < len; at += sizeof(rq)) {
		memcpy(&rq, body + at, sizeof(rq));
		ask_one(ipc_arg(c), &rq);
	}
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
	/*
	 * The keeper takes a key away when its time is over; until then it is dead or the clock is
	 * wrong, and what must be refused may just as well wait.
	 */
	if (!logs_live(number, daemon_now()) || !logs_live(number, daemon_now() - doubt))
		return COUNT_LATER_DATES;
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
	uint8_t replay[HASH_LEN];
	struct decrypt_rep *rep;
	struct subheader sh;
	enum count_of what;
	uint64_t cookie = 0;

	subheader_parse(&sh, plain);
	subheader_replay_digest(&sh, replay);
	what = judge(r, number, &sh, replay);
	if (what == COUNT_DECRYPT_OK &&
	    pending_add(pending, r->peer->serial, number, replay, &cookie) == -1)
		what = COUNT_LATER_FULL;
	rep = answer(r->peer, r->tag,
	    what == COUNT_LATER_FULL || what == COUNT_LATER_DATES ? ST_LATER : ST_FAIL);
	if (what == COUNT_DECRYPT_OK) {
		rep->status = ST_OK;
		rep->cookie = cookie;
		memcpy(rep->replay, replay, HASH_LEN);
		memcpy(rep->plain, plain, PK_MAX_DATA_LEN);
	}
	step("keyd-decrypted");
	count(what);
	wipe(&sh, sizeof(sh));
}
