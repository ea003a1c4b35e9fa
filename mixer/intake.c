/*
 * From incoming/ to mix/: a pipeline of at most SLOTS packets. While one part of them is with keyd,
 * another is written and committed as a group.
 *
 * A packet leaves incoming/ only when its COMMIT is answered, and its file in mix/ enters p->ready
 * only then. So a crash at any point leaves a packet that decrypts again (and then gets the same
 * name in mix/), or one whose digest is committed and whose file is in mix/ already. Packets that
 * are dropped or refused are committed too, else they could be used again to watch this node.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "log.h"
#include "record.h"
#include "stats.h"
#include "step.h"

#define SLOTS	    COMMIT_MAX
#define GROUP	    (SLOTS / 2) /* files made durable together, while keyd works on the rest */
#define HOLD_FIRST  500 /* ms to wait before trying again what failed */
#define HOLD_MOST   60000

enum slot_state {
	SLOT_FREE,
	SLOT_ASKED, /* DECRYPT is sent */
	SLOT_OPENED, /* decrypted; its file is still to be written */
	SLOT_ADDED, /* written in the current group */
	SLOT_DURABLE, /* its file is in mix/, or it has none; COMMIT is to be sent */
	SLOT_COMMITTING, /* COMMIT is sent */
	SLOT_DONE /* committed or refused: its file in from can go */
};

struct slot {
	enum slot_state state;
	int durable; /* asked again after keyd was lost: its file is in mix/ */
	struct pool *from;
	char file[POOL_NAME_LEN]; /* in from */
	char name[POOL_NAME_LEN]; /* in mix/; empty if nothing of it stays */
	enum unwrap result;
	uint32_t id; /* of the question that is open */
	uint64_t cookie;
	uint8_t plain[PK_MAX_DATA_LEN];
	uint8_t file_data[OUTREC_LEN]; /* what was read; the packet is at the end of it */
};

struct intake {
	struct mixpools *p;
	struct arrivals *a;
	struct keyc *keyd;
	void (*started)(void *);
	void *arg;
	int live; /* start-up is over */
	struct loop_timer *hold; /* armed while holding */
	int holding; /* something failed: wait before the next attempt */
	int64_t wait;
	struct log_state trouble, stuck;
	struct pool_batch *group;
	uint32_t lastid;
	struct unwrapped w; /* one for all: what is unwrapped is written at once */
	struct record rec;
	struct slot slot[SLOTS];
};

#define FOREACH_SLOT(in, s) for (struct slot *s = (in)->slot; s < (in)->slot + SLOTS; s++)

static uint8_t *
packet_of(struct slot *s)
{
	return s->file_data + OUTREC_LEN - PACKET_LEN;
}

static size_t
count_slots(struct intake *in, enum slot_state state)
{
	size_t n = 0;

	FOREACH_SLOT (in, s)
		n += s->state == state;
	return n;
}

/* The slot's place is in the low octet; the rest tells apart who was there before. */
static uint32_t
next_id(struct intake *in, const struct slot *s)
{
	in->lastid += SLOTS;
	return in->lastid + (uint32_t)(s - in->slot);
}

static void
slot_free(struct slot *s)
{
	wipe(s, sizeof(*s));
	s->state = SLOT_FREE;
}

/* --- waiting --- */

static void
hold_over(void *arg)
{
	struct intake *in = arg;

	in->holding = 0; /* the turn after this goes on */
}

static void
hold(struct intake *in)
{
	if (in->holding)
		return;
	in->holding = 1;
	loop_timer_set(in->hold, in->wait);
	in->wait = in->wait * 2 < HOLD_MOST ? in->wait * 2 : HOLD_MOST;
}

static void
mix_trouble(struct intake *in)
{
	if (log_once(&in->trouble))
		log_warn("mix/ cannot be written; packets stay in incoming/ until it can");
	hold(in);
}

/* --- reading and asking --- */

static int
in_work(struct intake *in, const struct pool *from, const char *name)
{
	FOREACH_SLOT (in, s)
		if (s->state != SLOT_FREE && s->from == from && strcmp(s->file, name) == 0)
			return 1;
	return 0;
}

static void
ask(struct intake *in, struct slot *s)
{
	s->id = next_id(in, s);
	s->state = SLOT_ASKED;
	/* If this fails, keyd is lost, and the question comes again when it is back. */
	(void)keyc_decrypt(in->keyd, s->id, packet_of(s));
}

/* incoming/ holds bare packets, own/ records. */
static int
read_file(struct intake *in, struct slot *s)
{
	if (s->from == &in->p->own)
		return pool_read(s->from, s->file, s->file_data, OUTREC_LEN);
	return pool_read(s->from, s->file, packet_of(s), PACKET_LEN);
}

/* A file that could not be read: gone, not what it should be, or not now. */
static void
cannot_read(struct intake *in, struct pool *from, const char *name)
{
	switch (errno) {
	case ENOENT:
		return;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		arrivals_again(in->a, from, name);
		hold(in);
		return;
	default:
		if (mixpools_quarantine(in->p, from, name) == -1)
			arrivals_stuck(in->a, from);
	}
}

/* Reads the next packet into a free slot and asks keyd; 0, or -1 if there is none. */
static int
take_one(struct intake *in, struct slot *s)
{
	if (arrivals_next(in->a, &s->from, s->file) == -1)
		return -1;
	if (in_work(in, s->from, s->file))
		return 0;
	if (read_file(in, s) == -1)
		cannot_read(in, s->from, s->file);
	else
		ask(in, s);
	return 0;
}

static void
fill_slots(struct intake *in)
{
	FOREACH_SLOT (in, s)
		while (s->state == SLOT_FREE && !in->holding)
			if (take_one(in, s) == -1)
				return;
}

/* --- unwrapping and writing --- */

/* Unwraps an opened packet and writes what stays of it in the current group. */
static void
write_slot(struct intake *in, struct slot *s)
{
	s->result = packet_unwrap(packet_of(s), s->plain, &in->w);
	if (s->result != UNWRAP_RELAY && s->result != UNWRAP_EXIT) {
		s->name[0] = '\0';
		s->state = SLOT_DURABLE;
		return;
	}
	record_make(&in->rec, s->result, &in->w);
	if (pool_batch_add(in->group, s->name, in->rec.parts, 2) == -1)
		mix_trouble(in);
	else
		s->state = SLOT_ADDED;
	wipe(&in->w, sizeof(in->w));
	wipe(&in->rec, sizeof(in->rec));
}

static void
group_durable(struct intake *in)
{
	enum slot_state now = SLOT_DURABLE;

	if (pool_batch_len(in->group) == 0)
		return;
	if (pool_batch_commit(in->group) == -1) {
		mix_trouble(in);
		now = SLOT_OPENED;
	} else
		log_again(&in->trouble);
	FOREACH_SLOT (in, s)
		if (s->state == SLOT_ADDED)
			s->state = now;
}

static void
send_commit(struct intake *in)
{
	uint64_t cookies[SLOTS];
	uint32_t id = next_id(in, in->slot);
	size_t n = 0;

	FOREACH_SLOT (in, s)
		if (s->state == SLOT_DURABLE) {
			cookies[n++] = s->cookie;
			s->id = id;
			s->state = SLOT_COMMITTING;
		}
	if (n == 0)
		return;
	step("mixer-commits");
	(void)keyc_commit(in->keyd, id, cookies, n);
}

/* --- answers --- */

/* The end of a packet: committed, and in mix/ if anything of it stays. Its file can go. */
static void
settle(struct intake *in, struct slot *s)
{
	stats_unwrapped(s->result);
	if (s->name[0] != '\0' && in->live)
		namelist_push(&in->p->ready, s->name);
	s->state = SLOT_DONE;
}

/* Removes together what is done, from one of the two directories. */
static void
remove_done(struct intake *in, struct pool *from)
{
	const char *names[SLOTS];
	size_t n = 0;

	FOREACH_SLOT (in, s)
		if (s->state == SLOT_DONE && s->from == from)
			names[n++] = s->file;
	if (n == 0)
		return;
	if (pool_remove_all(from, names, n) == 0)
		log_again(&in->stuck);
	else if (log_once(&in->stuck))
		log_warn("%s/: packets that are done cannot be removed", from->label);
	FOREACH_SLOT (in, s)
		if (s->state == SLOT_DONE && s->from == from)
			slot_free(s);
}

static void
opened(struct intake *in, struct slot *s, const struct decrypt_rep *rep)
{
	s->cookie = rep->cookie;
	if (s->durable) {
		s->state = SLOT_DURABLE;
		return;
	}
	memcpy(s->plain, rep->plain, sizeof(s->plain));
	names_make(s->name, in->p->secret, rep->replay);
	s->state = SLOT_OPENED;
	step("mixer-opened");
	if (!in->holding)
		write_slot(in, s);
}

static void
not_opened(struct intake *in, struct slot *s)
{
	/* Asked again, and refused now: the COMMIT whose answer was lost had been done. */
	if (s->durable) {
		settle(in, s);
		return;
	}
	mixer_stats[STAT_BY_KEYD].n++;
	s->state = SLOT_DONE;
}

static int
decrypted(void *arg, uint32_t id, const struct decrypt_rep *rep)
{
	struct intake *in = arg;
	struct slot *s = &in->slot[id % SLOTS];

	if (s->state != SLOT_ASKED || s->id != id)
		return -1;
	switch (rep->status) {
	case ST_OK:
		opened(in, s, rep);
		return 0;
	case ST_FAIL:
		not_opened(in, s);
		return 0;
	case ST_LATER:
		arrivals_again(in->a, s->from, s->file);
		slot_free(s);
		hold(in);
		return 0;
	default:
		return -1;
	}
}

static int
committed(void *arg, uint32_t id, uint32_t status)
{
	struct intake *in = arg;
	size_t n = 0;

	if (status == ST_OK)
		in->wait = HOLD_FIRST;
	else if (status == ST_LATER)
		hold(in);
	else
		return -1;
	step("mixer-committed");
	FOREACH_SLOT (in, s) {
		if (s->state != SLOT_COMMITTING || s->id != id)
			continue;
		n++;
		if (status == ST_OK)
			settle(in, s);
		else
			s->state = SLOT_DURABLE;
	}
	return n > 0 ? 0 : -1;
}

/* --- keyd lost and back --- */

/*
 * What is written becomes durable while we wait, so that each packet is either asked again or in
 * mix/.
 */
static void
lost(void *arg)
{
	group_durable(arg);
}

/*
 * Files that are in mix/ are asked for first: should another packet have the same header, the one
 * whose file is there stays the first.
 */
static void
back(void *arg)
{
	struct intake *in = arg;

	FOREACH_SLOT (in, s) {
		s->durable |= s->state == SLOT_DURABLE || s->state == SLOT_COMMITTING;
		if (s->durable && s->state != SLOT_DONE)
			ask(in, s);
	}
	FOREACH_SLOT (in, s)
		if ((s->state == SLOT_ASKED || s->state == SLOT_OPENED) && !s->durable)
			ask(in, s);
}

/* --- the turn --- */

static int
list_ready(const char *name, void *arg)
{
	namelist_push(arg, name);
	return 0;
}

/* Start-up is over when everything that lay in incoming/ is done: then all of mix/ is committed. */
static void
start_up_done(struct intake *in)
{
	if (count_slots(in, SLOT_FREE) < SLOTS)
		return;
	if (pool_scan(&in->p->mix, 0, list_ready, &in->p->ready) == -1)
		fatal("mix/");
	in->live = 1;
	arrivals_live(in->a);
	in->started(in->arg);
	fill_slots(in);
}

void
intake_turn(void *arg)
{
	struct intake *in = arg;
	size_t asked;

	remove_done(in, &in->p->incoming);
	remove_done(in, &in->p->own);
	if (in->holding || !keyc_up(in->keyd))
		return;
	FOREACH_SLOT (in, s)
		if (s->state == SLOT_OPENED && !in->holding)
			write_slot(in, s);
	fill_slots(in);
	asked = count_slots(in, SLOT_ASKED);
	if (asked == 0 || pool_batch_len(in->group) >= GROUP)
		group_durable(in);
	if (asked == 0 || count_slots(in, SLOT_DURABLE) >= GROUP)
		send_commit(in);
	if (!in->live && !in->holding && asked == 0)
		start_up_done(in);
}

static const struct keyc_user user = { decrypted, committed, lost, back };

/* Half-written files of the last run would stand in the way of the same names. */
static int
ignore(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return 0;
}

struct intake *
intake_new(struct loop *l, struct mixpools *p, struct arrivals *a, int keyd, const char *keyd_path,
    void (*started)(void *), void *arg)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (in == NULL)
		fatal("intake");
	*in = (struct intake) { .p = p, .a = a, .started = started, .arg = arg };
	in->wait = HOLD_FIRST;
	in->hold = loop_timer(l, hold_over, in);
	in->group = pool_batch_new(&p->mix, SLOTS);
	in->keyd = keyc_new(l, keyd, keyd_path, &user, in);
	if (pool_sync(&p->mix) == -1 || pool_scan(&p->mix, 1, ignore, NULL) == -1)
		fatal("mix/");
	arrivals_list(a);
	return in;
}
