/*
 * minion-spec 4 wants SEND, JUNK and REJECTED to take the same time. So each frame, of whatever
 * kind, is one file of one packet's size in the same directory and the same commit: a packet as
 * it came, junk and what is refused as a decoy (a block of noise that never gets a name that
 * mixer takes; pool_batch_add_decoy). All frames of a group are answered after its commit, in
 * order, each by one digest over its packet and 30 octets; decoys are unlinked after the answers
 * are on their way. What remains different is only what mixer does later in its own process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "intake.h"
#include "log.h"
#include "loop.h"
#include "mmtpd.h"
#include "step.h"

#define SLOWEST_MS (5 * 60 * 1000)

struct slot {
	void *conn; /* NULL: forgotten */
	enum intake_kind kind;
	int stored;
	struct mmtp_acks acks;
	uint8_t packet[PACKET_LEN];
};

struct intake {
	struct pool *incoming;
	struct pool_batch *batch;
	void (*answer)(void *, const uint8_t *);
	void (*done)(void *);
	void *arg;
	struct log_state trouble;
	uint8_t noise[PACKET_LEN]; /* what decoys hold */
	size_t n;
	struct slot slot[INTAKE_MAX];
};

struct intake *
intake_new(
    struct pool *incoming, void (*answer)(void *, const uint8_t *), void (*done)(void *))
{
	struct intake *in = calloc(1, sizeof(*in));

	if (in == NULL)
		fatal("intake");
	in->incoming = incoming;
	in->batch = pool_batch_new(incoming, INTAKE_MAX);
	in->answer = answer;
	in->done = done;
	rng_fill(&rng_system, in->noise, sizeof(in->noise));
	return in;
}

void
intake_set_arg(struct intake *in, void *arg)
{
	in->arg = arg;
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	pool_batch_free(in->batch);
	wipe(in, sizeof(*in));
	free(in);
}

static void
say_trouble(struct intake *in)
{
	if (log_once(&in->trouble))
		log_warn("%s: cannot be written, packets are rejected until it can",
		    in->incoming->label);
}

void
intake_add(struct intake *in, void *conn, enum intake_kind kind, const uint8_t packet[PACKET_LEN],
    const struct mmtp_acks *acks)
{
	struct slot *s;

	if (in->n == INTAKE_MAX)
		intake_commit(in);
	s = &in->slot[in->n++];
	s->conn = conn;
	s->kind = kind;
	s->acks = *acks;
	memcpy(s->packet, packet, PACKET_LEN);
}

void
intake_forget(struct intake *in, const void *conn)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->slot[i].conn == conn)
			in->slot[i].conn = NULL;
}

static void
write_slot(struct intake *in, struct slot *s)
{
	struct chunk packet = { s->packet, PACKET_LEN }, noise = { in->noise, PACKET_LEN };
	int rc;

	if (s->kind == INTAKE_PACKET)
		rc = pool_batch_add(in->batch, NULL, &packet, 1);
	else
		rc = pool_batch_add_decoy(in->batch, &noise, 1);
	s->stored = rc == 0;
	if (rc == -1)
		say_trouble(in);
}

/* A gauge: the slowest commit of this and the last SLOWEST_MS. */
static void
note_slowest(int64_t began)
{
	static int64_t since, last, now_most;
	int64_t now = loop_now(), took = now - began;

	if (now - since > SLOWEST_MS) {
		last = now - since > 2 * SLOWEST_MS ? 0 : now_most;
		now_most = 0;
		since = now;
	}
	if (took > now_most)
		now_most = took;
	mmtpd_counters[C_COMMIT_SLOWEST].n = (uint64_t)(last > now_most ? last : now_most);
}

static int
make_durable(struct intake *in)
{
	int64_t began = loop_now();
	int whole = 1;

	for (size_t i = 0; i < in->n; i++) {
		write_slot(in, &in->slot[i]);
		whole = whole && in->slot[i].stored;
	}
	if (pool_batch_commit(in->batch) == -1) {
		say_trouble(in);
		return -1;
	}
	note_slowest(began);
	if (whole)
		log_again(&in->trouble);
	return 0;
}

static void
answer_slot(struct intake *in, struct slot *s)
{
	const uint8_t *ack = s->acks.received;

	if (s->kind == INTAKE_JUNK) {
		count(C_JUNK_RECEIVED);
	} else if (s->kind == INTAKE_BAD_DIGEST) {
		ack = s->acks.rejected;
		count(C_REJECTED_DIGEST);
	} else if (s->stored) {
		count(C_PACKETS_RECEIVED);
	} else {
		ack = s->acks.rejected;
		count(C_REJECTED_STORAGE);
	}
	if (s->conn != NULL)
		in->answer(s->conn, ack);
}

void
intake_commit(struct intake *in)
{
	size_t n = in->n;
	int durable;

	if (n == 0)
		return;
	durable = make_durable(in) == 0;
	for (size_t i = 0; i < n; i++) {
		if (!durable)
			in->slot[i].stored = 0;
		answer_slot(in, &in->slot[i]);
	}
	in->n = 0;
	in->done(in->arg);
	step("intake-answered");
	pool_batch_sweep(in->batch);
	step("intake-swept");
	wipe(in->slot, n * sizeof(in->slot[0]));
}
