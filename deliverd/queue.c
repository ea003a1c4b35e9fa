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

#define STATE_LEN   24
#define STATE_MAGIC 0x4d585331 /* "MXS1" */
#define LANES	    8 /* routing types that are told apart */
#define BATCH	    256
#define MAX_RECORD  (512L * 1024 * 1024)
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
	struct log_state disk;
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

static void
state_pack(uint8_t s[STATE_LEN], const struct mailq_entry *e)
{
	memset(s, 0, STATE_LEN);
	put_be32(s, STATE_MAGIC);
	put_be32(s + 4, e->attempts);
	put_be32(s + 8, (uint32_t)((uint64_t)e->next >> 32));
	put_be32(s + 12, (uint32_t)e->next);
	s[16] = e->left;
}

/* Where there is no state (or a damaged one): never tried, due at once. */
static void
state_load(struct mailq *q, struct mailq_entry *e)
{
	uint8_t s[STATE_LEN];

	if (pool_read(&q->state, e->name, s, sizeof(s)) == -1 || be32(s) != STATE_MAGIC)
		return;
	e->attempts = be32(s + 4);
	e->next = (int64_t)((uint64_t)be32(s + 8) << 32 | be32(s + 12));
	e->left &= s[16];
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

static struct mailq_entry *
entry_new(const char *name, uint16_t rtype, size_t nrcpt)
{
	struct mailq_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		fatal("mailq");
	strlcpy(e->name, name, sizeof(e->name));
	e->rtype = rtype;
	e->left = (uint8_t)((1u << nrcpt) - 1);
	return e;
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
	e = entry_new(name, rtype, nrcpt);
	state_load(q, e);
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
mailq_load(struct mailq *q)
{
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
	q->fresh[q->nfresh++] = entry_new(name, m->rtype, m->to.n);
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

/* Mail first: a state alone is harmless. */
static void
forget(struct mailq *q, struct mailq_entry *e)
{
	if (pool_remove(&q->mail, e->name) == -1 || pool_sync(&q->mail) == -1)
		log_warn("removing a finished mail from deliver/own/mail");
	if (e->attempts > 0 && pool_remove(&q->state, e->name) == -1)
		log_warn("removing a state from deliver/own/state");
	free(e);
}

struct mailq_entry *
mailq_take(struct mailq *q, uint16_t rtype, int64_t now, struct mail *m)
{
	struct lane *l = lane_of(q, rtype);
	struct mailq_entry *e;

	while (l->n > 0 && l->heap[0]->next <= now) {
		e = lane_pop(l);
		if (mail_read(q, e->name, m) == 0) {
			keep_left(&m->to, e->left);
			if (m->to.n > 0)
				return e;
			mail_free(m);
			forget(q, e);
		} else if (errno == EINVAL || errno == ENOENT) {
			if (errno == EINVAL)
				set_aside(q, e->name);
			forget(q, e);
		} else {
			log_warn("reading a mail in deliver/own/mail");
			e->next = now + READ_AGAIN;
			push(q, e);
		}
	}
	return NULL;
}

/* Clears the bits of recipients that are done with; results are in the order of the bits set. */
static void
settle(struct mailq_entry *e, const enum smtp_result *results)
{
	size_t n = 0;

	for (unsigned i = 0; i < MAX_RECIPIENTS; i++) {
		if (!(e->left & 1u << i))
			continue;
		if (results[n] != SMTP_LATER)
			e->left &= (uint8_t)~(1u << i);
		if (results[n] == SMTP_DELIVERED)
			count(C_DELIVERED);
		else if (results[n] == SMTP_FAILED)
			count(C_FAILED_PERMANENT);
		n++;
	}
}

/* Sets the time of the next attempt; -1: there is none. */
static int
schedule(struct mailq_entry *e, const struct conf_schedule *retry, int64_t now)
{
	if (e->attempts >= retry->n)
		return -1;
	e->next = now + (retry->intervals[e->attempts] > 0 ? retry->intervals[e->attempts] : 1);
	e->attempts++;
	return 0;
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

/* Stages the state of a mail that waits on, or removes one that is given up. */
static void
put_off(struct mailq *q, struct mailq_entry *e, const struct conf_schedule *retry, int64_t now)
{
	uint8_t s[STATE_LEN];
	struct chunk part = { s, sizeof(s) };

	if (schedule(e, retry, now) == -1) {
		count(C_GIVEN_UP);
		log_info("a mail was given up after %u attempts", e->attempts + 1);
		forget(q, e);
		return;
	}
	count(C_DEFERRED);
	state_pack(s, e);
	if (pool_batch_len(q->states) == BATCH)
		states_commit(q);
	if (pool_batch_add(q->states, e->name, &part, 1) == -1 && log_once(&q->disk))
		log_warn("deliver/own/state");
	push(q, e);
}

void
mailq_done(struct mailq *q, struct mailq_entry *e, const enum smtp_result *results,
    const struct conf_schedule *retry, int64_t now)
{
	if (results == NULL) {
		push(q, e);
		return;
	}
	settle(e, results);
	if (e->left == 0) {
		forget(q, e);
		return;
	}
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
mailq_count(const struct mailq *q, uint16_t rtype)
{
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lane[i].rtype == rtype)
			return q->lane[i].n;
	return 0;
}
