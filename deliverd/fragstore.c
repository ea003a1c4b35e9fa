/*
 * Fragments that wait for their message to be whole (E2E-spec 2.3.3): a file each, so that a
 * crash loses none; what is known of them is rebuilt from the files at start. A message ends in
 * this order: its successor is durable, its id is noted as finished, its fragments go. Each step
 * may be done again after a crash without harm.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deliverd.h"
#include "finished.h"
#include "fragset.h"

#define REC_MAGIC  0x4d584631 /* "MXF1" */
#define REC_HEAD   16
#define REC_LEN	   (REC_HEAD + PAYLOAD_LEN)
#define HOUR	   3600
#define BATCH	   256
#define FINISH_MAX 16 /* messages that are in memory as a whole at once */
/*
 * A late fragment may still be on its way: queues on the road keep a packet for five days a hop
 * and more.
 */
#define KEEP_IDS (60L * 86400)

struct fragstore {
	struct pool pool;
	struct pool_batch *batch;
	int broken; /* memory knows of a fragment that could not be written */
	struct fragstore_limits limits;
	struct finished *finished;
	struct fragset set;
	struct log_state disk, stuck;
};

struct fragstore *
fragstore_open(int dirfd, const struct fragstore_limits *l)
{
	struct fragstore *f = calloc(1, sizeof(*f));

	if (f == NULL)
		fatal("fragstore");
	pool_init(&f->pool, "fragments", dirfd, 0600);
	f->batch = pool_batch_new(&f->pool, BATCH);
	f->finished = finished_open(dirfd, KEEP_IDS);
	fragset_init(&f->set);
	fragstore_limits(f, l);
	return f;
}

void
fragstore_limits(struct fragstore *f, const struct fragstore_limits *l)
{
	f->limits = *l;
}

void
fragstore_conf_limits(struct fragstore_limits *l, const struct server_conf *c)
{
	struct frag_params p;

	*l = (struct fragstore_limits) { 0 };
	if (!c->frag_enabled || frag_params(&p, (uint64_t)c->frag_max_size, 0, NULL) == -1)
		return;
	l->max_fragments = p.total;
	l->max_size = (size_t)c->frag_max_size;
	l->max_interval = c->frag_max_interval;
	l->max_held = (size_t)c->frag_max_space / REC_LEN;
}

void
fragstore_free(struct fragstore *f)
{
	if (f == NULL)
		return;
	fragset_clear(&f->set);
	finished_free(f->finished);
	pool_batch_free(f->batch);
	free(f);
}

size_t
fragstore_messages(const struct fragstore *f)
{
	return f->set.nmessages;
}

size_t
fragstore_fragments(const struct fragstore *f)
{
	return f->set.nheld;
}

/* --- start --- */

static int
load_record(struct fragstore *f, const char *name, const uint8_t *rec)
{
	struct payload pl;
	enum count why;

	if (be32(rec) != REC_MAGIC ||
	    payload_parse(&pl, rec + REC_HEAD, PAYLOAD_LEN, NULL) == -1 ||
	    pl.kind != PAYLOAD_FRAGMENT || finished_has(f->finished, pl.msgid))
		return 0;
	return fragset_take(&f->set, &pl, name, (int64_t)be32(rec + 4) * HOUR, &why);
}

static int
load_one(const char *name, void *arg)
{
	struct fragstore *f = arg;
	uint8_t *rec = malloc(REC_LEN);
	int keep;

	if (rec == NULL)
		fatal("fragstore");
	if (pool_read(&f->pool, name, rec, REC_LEN) == 0)
		keep = load_record(f, name, rec);
	else
		keep = errno != EINVAL;
	free(rec);
	if (!keep && pool_remove(&f->pool, name) == -1 && log_once(&f->stuck))
		log_warn("fragments: a file that is of no use cannot be removed");
	return 0;
}

int
fragstore_load(struct fragstore *f, int64_t now)
{
	fragset_clear(&f->set);
	f->broken = 1;
	if (finished_load(f->finished, now) == -1 || pool_scan(&f->pool, 1, load_one, f) == -1)
		return -1;
	f->broken = 0;
	return 0;
}

/* After a write that failed, memory is made anew from what is on disk. */
static int
mend(struct fragstore *f, int64_t now)
{
	if (!f->broken)
		return 0;
	pool_batch_free(f->batch);
	f->batch = pool_batch_new(&f->pool, BATCH);
	return fragstore_load(f, now);
}

/* --- in --- */

/* What can be said without looking at the other fragments of the message. */
static enum count
refuse(struct fragstore *f, const struct payload *pl)
{
	struct frag_params p;
	int known;

	if (f->limits.max_fragments == 0)
		return C_DROPS_DISABLED_TYPE;
	if (frag_params(&p, pl->msglen, pl->overhead, NULL) == -1)
		return C_FRAGMENTS_BAD;
	if (p.total > f->limits.max_fragments)
		return C_FRAGMENTS_TOO_MANY;
	if (finished_has(f->finished, pl->msgid))
		return C_FRAGMENTS_FINISHED;
	/* The last quarter is for messages that have begun: else none could be finished. */
	known = fragset_find(&f->set, pl->msgid) != NULL;
	if (f->set.nheld >= (known ? f->limits.max_held : f->limits.max_held / 4 * 3))
		return C_FRAGMENTS_NO_ROOM;
	return C_NONE;
}

int
fragstore_add(struct fragstore *f, const uint8_t payload[PAYLOAD_LEN], int64_t now)
{
	uint8_t head[REC_HEAD] = { 0 };
	struct chunk parts[2] = { { head, sizeof(head) }, { payload, PAYLOAD_LEN } };
	char name[POOL_NAME_LEN];
	struct payload pl;
	enum count why;

	if (mend(f, now) == -1)
		return -1;
	count(C_FRAGMENTS_RECEIVED);
	if (!payload_checksum_ok(payload, PAYLOAD_LEN) ||
	    payload_parse(&pl, payload, PAYLOAD_LEN, NULL) == -1 || pl.kind != PAYLOAD_FRAGMENT) {
		count(C_FRAGMENTS_BAD);
		return 0;
	}
	pool_random_name(name, &rng_system);
	if ((why = refuse(f, &pl)) != C_NONE || !fragset_take(&f->set, &pl, name, now, &why)) {
		count(why);
		return 0;
	}
	put_be32(head, REC_MAGIC);
	put_be32(head + 4, (uint32_t)(now / HOUR));
	if (pool_batch_add(f->batch, name, parts, 2) == -1) {
		f->broken = 1;
		return -1;
	}
	return 0;
}

int
fragstore_commit(struct fragstore *f)
{
	int saved;

	if (!f->broken && (pool_batch_len(f->batch) == 0 || pool_batch_commit(f->batch) == 0)) {
		log_again(&f->disk);
		return 0;
	}
	saved = errno;
	if (log_once(&f->disk))
		log_warn("fragments: nothing can be stored; the packets wait in deliver/");
	f->broken = 1;
	errno = saved;
	return -1;
}

/* --- out --- */

struct fetcher {
	struct fragstore *f;
	const struct fragmsg *m;
	uint8_t rec[REC_LEN];
};

static const uint8_t *
fetch(void *ctx, uint32_t index)
{
	struct fetcher *fe = ctx;

	for (size_t i = 0; i < fe->m->n; i++)
		if (fe->m->held[i].index == index) {
			if (pool_read(&fe->f->pool, fe->m->held[i].name, fe->rec, REC_LEN) == -1)
				return NULL;
			return fe->rec + REC_HEAD + FRAGMENT_HEADER_LEN;
		}
	return NULL;
}

/*
 * A name in deliver/own/mail that the message id determines: a mail made twice around a crash is
 * one file.
 */
static void
successor_name(char name[POOL_NAME_LEN], const uint8_t id[MSGID_LEN])
{
	static const char chars[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
	uint8_t md[32];

	sha256(md, id, MSGID_LEN);
	strlcpy(name, "msg_", POOL_NAME_LEN);
	for (size_t i = 0; i < 16; i++)
		name[4 + i] = chars[md[i] & 63];
	name[20] = '\0';
}

/* 0: handed over, or found to be no message and rejected; -1: later. */
static int
hand_over(struct fragstore *f, struct fragmsg *m, fragstore_deliver deliver, void *arg)
{
	struct fetcher *fe = calloc(1, sizeof(*fe));
	struct buf whole = { 0 };
	struct chunk info, rest;
	char name[POOL_NAME_LEN];
	uint16_t rt;
	int rc = 0;

	if (fe == NULL)
		fatal("fragstore");
	fe->f = f;
	fe->m = m;
	successor_name(name, m->id);
	if (frag_rebuild(m->state, fetch, fe, &whole, NULL) == -1 ||
	    server_side_parse(&rt, &info, &rest, whole.p, whole.len, NULL) == -1) {
		m->fate = FATE_REJECTED;
	} else if (rest.len > f->limits.max_size) {
		count(C_DROPS_TOO_BIG);
		m->fate = FATE_REJECTED;
	} else
		rc = deliver(arg, name, rt, info, rest);
	buf_wipe(&whole);
	wipe(fe, sizeof(*fe));
	free(fe);
	return rc;
}

static void
remove_files(struct fragstore *f, struct fragmsg *m)
{
	const char **names = calloc(m->n + 1, sizeof(*names));

	if (names == NULL)
		fatal("fragstore");
	for (size_t i = 0; i < m->n; i++)
		names[i] = m->held[i].name;
	if (pool_remove_all(&f->pool, names, m->n) == 0)
		log_again(&f->stuck);
	else if (log_once(&f->stuck))
		log_warn("fragments: removing what is done with");
	free(names);
}

/* Ids of the first n ending messages are noted; then they go. */
static int
note_and_remove(struct fragstore *f, size_t n, int64_t now)
{
	uint8_t ids[FINISH_MAX][MSGID_LEN];
	struct fragmsg *m = TAILQ_FIRST(&f->set.ending);

	for (size_t i = 0; i < n; i++, m = TAILQ_NEXT(m, ending))
		memcpy(ids[i], m->id, MSGID_LEN);
	if (finished_add(f->finished, (const uint8_t (*)[MSGID_LEN])ids, n, now) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		m = TAILQ_FIRST(&f->set.ending);
		count(m->fate == FATE_COMPLETE ? C_FRAGMENTED_COMPLETED : C_FRAGMENTED_REJECTED);
		remove_files(f, m);
		fragset_drop(&f->set, m);
	}
	return 0;
}

static int
finish_some(struct fragstore *f, fragstore_deliver deliver, int (*commit)(void *arg), void *arg,
    int64_t now)
{
	struct fragmsg *m;
	size_t n = 0;

	TAILQ_FOREACH(m, &f->set.ending, ending) {
		if (n == FINISH_MAX)
			break;
		if (m->fate == FATE_COMPLETE && hand_over(f, m, deliver, arg) == -1)
			return -1;
		n++;
	}
	if (commit(arg) == -1)
		return -1;
	return note_and_remove(f, n, now);
}

int
fragstore_finish(struct fragstore *f, fragstore_deliver deliver, int (*commit)(void *arg),
    void *arg, int64_t now)
{
	if (mend(f, now) == -1)
		return -1;
	while (!TAILQ_EMPTY(&f->set.ending))
		if (finish_some(f, deliver, commit, arg, now) == -1)
			return -1;
	return 0;
}

void
fragstore_expire(struct fragstore *f, int64_t now)
{
	struct fragmsg *m;

	for (m = fragset_next(&f->set, NULL); m != NULL; m = fragset_next(&f->set, m)) {
		if (m->fate != FATE_WAITING || m->first + HOUR + f->limits.max_interval >= now)
			continue;
		count(C_FRAGMENTED_EXPIRED);
		fragset_end(&f->set, m, FATE_REJECTED);
	}
}
