/*
 * Mails that wait for their hand-over. Two directories below deliver/own: mail/ holds what was
 * composed and is never rewritten (so that nothing of it stays behind on the disk); state/ holds,
 * under the same name, how often it was tried, when next, and for whom. A mail without a state
 * has not been tried. Memory holds a small entry a mail, in a heap a routing type.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliverd.h"
#include "lane.h"
#include "mailstate.h"
#include "step.h"

#define LANES	    64 /* routing types that are told apart */
#define BATCH	    256
#define MAX_RECORD  (512L * 1024 * 1024)
#define SAY_AGAIN   3600 /* seconds */
#define READ_AGAIN  60 /* seconds after a fault of the disk */

struct mailq {
	struct pool mail, state;
	int crp_dirfd;
	struct lane lane[LANES];
	size_t nlanes;
	struct pool_batch *staged, *states;
	/* not released yet: first the durable ones, then those staged */
	struct mailq_entry **fresh;
	size_t ndurable, nfresh, capfresh;
	const struct conf_schedule *(*hold)(void *, uint16_t, const struct recipients *, int64_t);
	void *hold_arg;
	int64_t loaded_at, said_given_up;
	struct log_state disk, stuck;
};

struct mailq *
mailq_open(int mail_dirfd, int state_dirfd, int crp_dirfd)
{
	struct mailq *q = calloc(1, sizeof(*q));

	if (q == NULL)
		fatal("mailq");
	pool_init(&q->mail, "deliver/own/mail", mail_dirfd, 0600);
	pool_init(&q->state, "deliver/own/state", state_dirfd, 0600);
	q->crp_dirfd = crp_dirfd;
	q->staged = pool_batch_new(&q->mail, BATCH);
	q->states = pool_batch_new(&q->state, BATCH);
	return q;
}

void
mailq_free(struct mailq *q)
{
	if (q == NULL)
		return;
	for (size_t i = 0; i < q->nlanes; i++)
		lane_free(&q->lane[i]);
	for (size_t i = 0; i < q->nfresh; i++)
		free(q->fresh[i]);
	free(q->fresh);
	pool_batch_free(q->staged);
	pool_batch_free(q->states);
	free(q);
}

static struct lane *
lane_of(struct mailq *q, uint16_t rtype)
{
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lane[i].rtype == rtype)
			return &q->lane[i];
	if (q->nlanes == LANES)
		fatalx("mails of more than %d routing types", LANES);
	q->lane[q->nlanes].rtype = rtype;
	return &q->lane[q->nlanes++];
}

static void
push(struct mailq *q, struct mailq_entry *e)
{
	lane_push(lane_of(q, e->rtype), e);
}

/* --- records --- */

/* Where there is no state (or a damaged one): never tried, due at once. */
static void
state_load(struct mailq *q, struct mailq_entry *e, int64_t now)
{
	uint8_t s[MAILSTATE_LEN];

	if (pool_read(&q->state, e->name, s, sizeof(s)) == 0)
		mailstate_unpack(e, s, now);
}

/* Own directory, own files: the size is what it says. */
static int
mail_read(struct mailq *q, const char *name, struct mail *m)
{
	struct buf b = { 0 };
	struct stat st;
	struct errmsg why;
	int rc = -1;

	if (fstatat(q->mail.dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_RECORD) {
		errno = EINVAL;
		return -1;
	}
	if (pool_read(&q->mail, name, buf_space(&b, (size_t)st.st_size), (size_t)st.st_size) == 0) {
		rc = mail_parse(m, b.p, b.len, &why);
		if (rc == -1)
			errno = EINVAL;
	}
	buf_wipe(&b);
	return rc;
}

static void
set_aside(struct mailq *q, const char *name)
{
	log_warnx("a damaged mail in deliver/own/mail was set aside");
	pool_quarantine(&q->mail, name, q->crp_dirfd);
	count(C_DROPS_BAD_RECORD);
}

/* --- start --- */

/* The head only: a long queue must not be read through at each start. */
static int
read_head(struct mailq *q, const char *name, uint16_t *rtype, size_t *nrcpt)
{
	uint8_t head[MAIL_HEAD_LEN];
	int fd = openat(q->mail.dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	if (fd == -1)
		return -1;
	got = read(fd, head, sizeof(head));
	close(fd);
	return got == sizeof(head) ? mail_head(head, rtype, nrcpt) : -1;
}

static int
load_one(const char *name, void *arg)
{
	struct mailq *q = arg;
	struct mailq_entry *e;
	uint16_t rtype;
	size_t nrcpt;

	if (read_head(q, name, &rtype, &nrcpt) == -1) {
		set_aside(q, name);
		return 0;
	}
	e = mailstate_new(name, rtype, nrcpt);
	state_load(q, e, q->loaded_at);
	push(q, e);
	return 0;
}

/* A state whose mail is gone: the mail was finished, and then came the crash. */
static int
orphan(const char *name, void *arg)
{
	struct mailq *q = arg;
	struct stat st;

	if (fstatat(q->mail.dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
		pool_remove(&q->state, name);
	return 0;
}

int
mailq_load(struct mailq *q, int64_t now)
{
	q->loaded_at = now;
	if (pool_scan(&q->mail, 1, load_one, q) == -1 || pool_scan(&q->state, 1, orphan, q) == -1)
		return -1;
	return pool_sync(&q->mail);
}

/* --- in --- */

int
mailq_has(struct mailq *q, const char *name)
{
	struct stat st;

	for (size_t i = 0; i < q->nfresh; i++)
		if (strcmp(q->fresh[i]->name, name) == 0)
			return 1;
	return fstatat(q->mail.dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
mailq_stage(struct mailq *q, const char *name, const struct mail *m)
{
	struct buf b = { 0 };
	struct chunk part;
	int rc;

	if (mailq_has(q, name))
		return 0;
	mail_pack(&b, m);
	part = (struct chunk) { b.p, b.len };
	rc = pool_batch_add(q->staged, name, &part, 1);
	buf_wipe(&b);
	if (rc == -1)
		return -1;
	if (q->nfresh == q->capfresh) {
		q->capfresh = q->capfresh * 2 + 16;
		q->fresh = reallocarray(q->fresh, q->capfresh, sizeof(*q->fresh));
		if (q->fresh == NULL)
			fatal("mailq");
	}
	q->fresh[q->nfresh++] = mailstate_new(name, m->rtype, m->to.n);
	return 0;
}

int
mailq_commit(struct mailq *q)
{
	int saved;

	if (pool_batch_len(q->staged) == 0 || pool_batch_commit(q->staged) == 0) {
		q->ndurable = q->nfresh;
		return 0;
	}
	saved = errno;
	while (q->nfresh > q->ndurable)
		free(q->fresh[--q->nfresh]);
	errno = saved;
	return -1;
}

void
mailq_release(struct mailq *q, int64_t now)
{
	if (q->ndurable != q->nfresh)
		fatalx("mails are to be released that are not durable");
	for (size_t i = 0; i < q->nfresh; i++) {
		q->fresh[i]->next = now;
		push(q, q->fresh[i]);
	}
	q->ndurable = q->nfresh = 0;
}

/* --- out --- */

/* Only the recipients that still wait. */
static void
keep_left(struct recipients *to, uint8_t left)
{
	size_t n = 0;

	for (size_t i = 0; i < to->n; i++)
		if (left & 1u << i) {
			if (n != i)
				memcpy(to->addr[n], to->addr[i], sizeof(to->addr[n]));
			n++;
		}
	to->n = n;
}

static void
states_commit(struct mailq *q)
{
	if (pool_batch_len(q->states) == 0)
		return;
	if (pool_batch_commit(q->states) == 0)
		log_again(&q->disk);
	else if (log_once(&q->disk))
		log_warn("deliver/own/state: attempts cannot be noted; a restart tries these mails "
			 "at once");
}

/* What is known of the mail, for the next process. */
static void
note_state(struct mailq *q, const struct mailq_entry *e)
{
	uint8_t s[MAILSTATE_LEN];
	struct chunk part = { s, sizeof(s) };

	mailstate_pack(s, e);
	if (pool_batch_len(q->states) == BATCH)
		states_commit(q);
	if (pool_batch_add(q->states, e->name, &part, 1) == -1 && log_once(&q->disk))
		log_warn("deliver/own/state");
}

/* A mail that will not go waits for nobody any more, here and in its state, or it is sent again. */
static void
forget_later(struct mailq *q, struct mailq_entry *e, int64_t now)
{
	if (log_once(&q->stuck))
		log_warn("deliver/own/mail: mails that are done cannot be removed; tried again");
	e->left = 0;
	e->attempts++; /* it has a state now */
	mailstate_wait(e, READ_AGAIN, now);
	note_state(q, e);
	push(q, e);
}

/* Mail first: a state alone is harmless. */
static void
forget(struct mailq *q, struct mailq_entry *e, int64_t now)
{
	if (pool_remove(&q->mail, e->name) == -1) {
		forget_later(q, e, now);
		return;
	}
	log_again(&q->stuck);
	if (pool_sync(&q->mail) == -1 && log_once(&q->stuck))
		log_warn("deliver/own/mail: a removal may come undone in a crash");
	if (e->attempts > 0 && pool_remove(&q->state, e->name) == -1 && log_once(&q->stuck))
		log_warn("removing a state from deliver/own/state");
	free(e);
}

/* Not more often than an hour: the log is no list of times at which mail ended. */
static void
say_given_up(struct mailq *q, int64_t now)
{
	if (q->said_given_up <= now && now - q->said_given_up < SAY_AGAIN)
		return;
	q->said_given_up = now;
	log_warnx("mail was given up after its last attempt; the counter given_up says how many");
}

/* Stages the state of a mail that waits on, or removes one that is given up. */
static void
put_off(struct mailq *q, struct mailq_entry *e, const struct conf_schedule *retry, int64_t now)
{
	if (e->left == 0) {
		forget(q, e, now);
		return;
	}
	if (mailstate_next(e, retry, now) == -1) {
		count(C_GIVEN_UP);
		say_given_up(q, now);
		forget(q, e, now);
		return;
	}
	count(C_DEFERRED);
	note_state(q, e);
	push(q, e);
}

void
mailq_hold(struct mailq *q,
    const struct conf_schedule *(*hold)(void *arg, uint16_t rtype, const struct recipients *to,
	int64_t now), void *arg)
{
	q->hold = hold;
	q->hold_arg = arg;
}

/* Reads what is due. 0: it may go; -1: it was put off, or there is nothing to read. */
static int
take_one(struct mailq *q, struct mailq_entry *e, int64_t now, struct mail *m)
{
	const struct conf_schedule *wait = NULL;

	if (mail_read(q, e->name, m) == -1) {
		if (errno == EINVAL || errno == ENOENT) {
			if (errno == EINVAL)
				set_aside(q, e->name);
			forget(q, e, now);
		} else {
			log_warn("reading a mail in deliver/own/mail");
			mailstate_wait(e, READ_AGAIN, now);
			push(q, e);
		}
		return -1;
	}
	keep_left(&m->to, e->left);
	if (m->to.n > 0 && q->hold != NULL)
		wait = q->hold(q->hold_arg, e->rtype, &m->to, now);
	if (m->to.n > 0 && wait == NULL)
		return 0;
	mail_free(m);
	if (wait != NULL) {
		count(C_RATE_LIMITED);
		put_off(q, e, wait, now);
	} else {
		forget(q, e, now);
	}
	return -1;
}

struct mailq_entry *
mailq_take(struct mailq *q, uint16_t rtype, int64_t now, struct mail *m)
{
	struct lane *l = lane_of(q, rtype);
	struct mailq_entry *e = NULL;

	while (e == NULL && l->n > 0 && l->heap[0]->next <= now) {
		e = lane_pop(l);
		if (take_one(q, e, now, m) == -1)
			e = NULL;
	}
	states_commit(q);
	return e;
}

void
mailq_done(struct mailq *q, struct mailq_entry *e, const enum smtp_result *results,
    const struct conf_schedule *retry, int64_t now)
{
	if (results == NULL) {
		push(q, e);
		return;
	}
	step("mail-answered");
	mailstate_settle(e, results);
	if (e->left == 0)
		forget(q, e, now);
	else
		put_off(q, e, retry, now);
	states_commit(q);
}

void
mailq_defer_due(struct mailq *q, uint16_t rtype, const struct conf_schedule *retry, int64_t now)
{
	struct lane *l = lane_of(q, rtype);

	/* Intervals are at least a second: what was put off is not due again now. */
	while (l->n > 0 && l->heap[0]->next <= now)
		put_off(q, lane_pop(l), retry, now);
	states_commit(q);
}

int64_t
mailq_next(const struct mailq *q, uint16_t rtype)
{
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lane[i].rtype == rtype && q->lane[i].n > 0)
			return q->lane[i].heap[0]->next;
	return -1;
}

size_t
mailq_due(const struct mailq *q, uint16_t rtype, int64_t now, size_t max)
{
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lane[i].rtype == rtype)
			return lane_due(&q->lane[i], now, max);
	return 0;
}

size_t
mailq_count(const struct mailq *q, uint16_t rtype)
{
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lane[i].rtype == rtype)
			return q->lane[i].n;
	return 0;
}
