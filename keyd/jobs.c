#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "front.h"

#define NONE	 UINT32_MAX

struct slot {
	struct request rq;
	int busy;
	unsigned worker; /* who has it; WORKERS_MAX: waiting */
	uint32_t next; /* in line */
};

struct line {
	uint32_t first, last;
};

static struct {
	struct slot *slot;
	struct line idle, waiting;
	size_t busy, nwaiting;
	struct {
		struct ipc_conn *conn;
		unsigned has;
	} worker[WORKERS_MAX];
	unsigned nworkers;
	size_t most; /* in one record */
	void (*done)(const struct request *, uint32_t, const uint8_t *);
} jobs;

static void
line_put(struct line *q, uint32_t i)
{
	jobs.slot[i].next = NONE;
	if (q->first == NONE)
		q->first = i;
	else
		jobs.slot[q->last].next = i;
	q->last = i;
}

static uint32_t
line_take(struct line *q)
{
	uint32_t i = q->first;

	if (i != NONE)
		q->first = jobs.slot[i].next;
	return i;
}

static void
worker_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	spawn_ended("worker");
}

static void
finish(const struct done *dn, unsigned worker)
{
	struct slot *s;

	if (dn->slot >= JOBS_MAX || !jobs.slot[dn->slot].busy ||
	    jobs.slot[dn->slot].worker != worker)
		fatalx("a worker answered what it was not asked");
	s = &jobs.slot[dn->slot];
	jobs.worker[worker].has--;
	if (s->rq.peer != NULL)
		jobs.done(&s->rq, dn->number, dn->plain);
	s->busy = 0;
	jobs.busy--;
	line_put(&jobs.idle, dn->slot);
}

static int
take_done(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct done dn;

	(void)c;
	if (len % sizeof(dn) != 0 || id >= jobs.nworkers)
		fatalx("a worker answered nonsense");
	for (size_t at = 0; at < len; at += sizeof(dn)) {
		memcpy(&dn, body + at, sizeof(dn));
		finish(&dn, id);
	}
	wipe(&dn, sizeof(dn));
	return 0;
}

void
jobs_init(struct loop *l, const struct front_fds *fds,
    void (*done)(const struct request *, uint32_t, const uint8_t *))
{
	static const struct ipc_verb verbs[] = {
		{ W_DONE, sizeof(struct done), JOBS_A_RECORD * sizeof(struct done), take_done },
		{ 0, 0, 0, NULL },
	};

	if ((jobs.slot = calloc(JOBS_MAX, sizeof(*jobs.slot))) == NULL)
		fatal("jobs_init");
	jobs.done = done;
	jobs.idle = jobs.waiting = (struct line) { NONE, NONE };
	for (uint32_t i = 0; i < JOBS_MAX; i++)
		line_put(&jobs.idle, i);
	jobs.nworkers = fds->nworkers;
	/* Among several, short records keep all of them busy; a single one is best left alone. */
	jobs.most = fds->nworkers == 1 ? JOBS_A_RECORD : JOBS_A_RECORD / 2;
	for (unsigned i = 0; i < fds->nworkers; i++)
		jobs.worker[i].conn =
		    ipc_conn_new(l, fds->worker[i], "keyd worker", verbs, worker_gone, NULL);
}

int
jobs_add(struct peer *peer, const struct decrypt_req *rq)
{
	uint32_t i = line_take(&jobs.idle);
	struct slot *s;

	if (i == NONE)
		return -1;
	s = &jobs.slot[i];
	s->rq.peer = peer;
	s->rq.tag = rq->tag;
	memcpy(s->rq.digest, rq->digest, HASH_LEN);
	memcpy(s->rq.block, rq->block, PK_ENC_LEN);
	s->busy = 1;
	s->worker = WORKERS_MAX;
	line_put(&jobs.waiting, i);
	jobs.busy++;
	jobs.nwaiting++;
	return 0;
}

size_t
jobs_count(void)
{
	return jobs.busy;
}

static unsigned
least_loaded(void)
{
	unsigned best = 0;

	for (unsigned i = 1; i < jobs.nworkers; i++)
		if (jobs.worker[i].has < jobs.worker[best].has)
			best = i;
	return best;
}

static void
hand(unsigned worker, size_t n)
{
	struct job rec[JOBS_A_RECORD];

	for (size_t k = 0; k < n; k++) {
		uint32_t i = line_take(&jobs.waiting);

		rec[k].slot = i;
		memcpy(rec[k].block, jobs.slot[i].rq.block, PK_ENC_LEN);
		jobs.slot[i].worker = worker;
	}
	jobs.nwaiting -= n;
	jobs.worker[worker].has += (unsigned)n;
	ipc_send(jobs.worker[worker].conn, W_JOBS, worker, rec, n * sizeof(*rec));
}

void
jobs_hand_out(void)
{
	size_t share = (jobs.nwaiting + jobs.nworkers - 1) / jobs.nworkers;

	if (share > jobs.most)
		share = jobs.most;
	while (jobs.nwaiting > 0) {
		unsigned w = least_loaded();

		/* One record before it and one behind. */
		if (jobs.worker[w].has > jobs.most)
			return;
		hand(w, share < jobs.nwaiting ? share : jobs.nwaiting);
	}
}

void
jobs_forget(const struct peer *peer)
{
	for (uint32_t i = 0; i < JOBS_MAX; i++)
		if (jobs.slot[i].busy && jobs.slot[i].rq.peer == peer)
			jobs.slot[i].rq.peer = NULL;
}
