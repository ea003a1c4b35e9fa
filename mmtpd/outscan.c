/*
 * Names come first (a scan, inotify), then each file is read for its destination, PLACED_A_ROUND
 * a round, so that a pool of a million packets does not stop the loop. Before files are read the
 * directory is synced: else a crash could put a file back that was acted upon (ARCHITECTURE "Pool
 * directories").
 */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "outscan.h"

#define PLACED_A_ROUND 64
#define RESCAN_MS      (10 * 60 * 1000)
#define RETRY_MS       (10 * 1000)

struct outscan {
	struct outqueue *q;
	const struct out_env *env;
	int inotify;
	int unsynced; /* names came since the last sync */
	int started; /* from now on what comes is new */
	struct outpkt_list unplaced;
	struct loop_timer *place, *rescan;
	struct log_state trouble;
};

static int
note(const char *name, void *arg)
{
	struct outscan *s = arg;
	struct outpkt *p = outqueue_note(s->q, name);

	if (p != NULL) {
		p->since = s->started ? daemon_steady() : 0;
		TAILQ_INSERT_TAIL(&s->unplaced, p, entry);
		s->unsynced = 1;
	}
	return 0;
}

static void
scan(struct outscan *s, int clean)
{
	if (pool_scan(s->env->pool, clean, note, s) == -1)
		log_warn("outgoing: cannot be read");
}

struct outscan *
outscan_new(struct outqueue *q, const char *path)
{
	struct outscan *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("outscan");
	s->q = q;
	s->env = outqueue_env(q);
	TAILQ_INIT(&s->unplaced);
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->inotify == -1 || inotify_add_watch(s->inotify, path, IN_MOVED_TO | IN_ONLYDIR) == -1)
		fatal("%s cannot be watched", path);
	scan(s, 1);
	return s;
}

/* Not fit to be sent: quarantined and forgotten. */
static void
refuse(struct outscan *s, struct outpkt *p, enum mmtpd_count why)
{
	count(why);
	if (pool_quarantine(s->env->pool, p->name, s->env->own_dirfd) == -1)
		log_warn("outgoing: a bad file cannot be set aside");
	outqueue_forget(s->q, p);
}

/* mixer wrote the file when the batch left; a time that lies ahead is not believed. */
static int64_t
made_at(struct outscan *s, const char *name)
{
	int64_t now = daemon_steady();
	struct stat st;

	if (fstatat(s->env->pool->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || st.st_mtime > now)
		return now;
	return st.st_mtime;
}

/* 0, or -1: it cannot be read now. */
static int
place(struct outscan *s, struct outpkt *p)
{
	static uint8_t rec[OUTREC_LEN];
	const uint8_t *packet;
	struct mix_addr to;

	if (pool_read(s->env->pool, p->name, rec, OUTREC_LEN) == -1) {
		if (errno == ENOENT)
			outqueue_forget(s->q, p);
		else if (errno == EINVAL)
			refuse(s, p, C_DROPS_BAD_RECORD);
		else
			return -1;
		return 0;
	}
	if (outrec_parse(&to, &packet, rec) == -1) {
		refuse(s, p, C_DROPS_BAD_RECORD);
	} else if (memcmp(to.keyid, s->env->own_keyid, HASH_LEN) == 0) {
		refuse(s, p, C_DROPS_OWN_ADDRESS);
	} else {
		if (p->since == 0)
			p->since = made_at(s, p->name);
		outqueue_place(s->q, p, &to);
	}
	wipe(rec, sizeof(rec));
	return 0;
}

static void
wait_a_while(struct outscan *s, const char *what)
{
	if (log_once(&s->trouble))
		log_warn("outgoing: cannot be %s, its packets wait", what);
	loop_timer_set(s->place, RETRY_MS);
}

static void
place_some(void *arg)
{
	struct outscan *s = arg;
	struct outpkt *p;

	if (s->unsynced && pool_sync(s->env->pool) == -1) {
		wait_a_while(s, "synced");
		return;
	}
	s->unsynced = 0;
	for (int i = 0; i < PLACED_A_ROUND && (p = TAILQ_FIRST(&s->unplaced)) != NULL; i++) {
		TAILQ_REMOVE(&s->unplaced, p, entry);
		if (place(s, p) == -1) {
			TAILQ_INSERT_TAIL(&s->unplaced, p, entry);
			wait_a_while(s, "read");
			return;
		}
	}
	log_again(&s->trouble);
	if (!TAILQ_EMPTY(&s->unplaced))
		loop_timer_set(s->place, 0);
}

static void
moved_in(int fd, short revents, void *arg)
{
	_Alignas(struct inotify_event) char block[16384];
	struct outscan *s = arg;
	const struct inotify_event *ev;
	ssize_t n;

	(void)revents;
	while ((n = read(fd, block, sizeof(block))) > 0)
		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*ev) + ev->len)) {
			ev = (const void *)(block + at);
			if (ev->mask & IN_Q_OVERFLOW)
				scan(s, 0);
			else if (ev->len > 0 && pool_name_ok(ev->name))
				note(ev->name, s);
		}
	if (!TAILQ_EMPTY(&s->unplaced))
		loop_timer_set(s->place, 0);
}

/* Slowly, in case that an event was missed. */
static void
rescan(void *arg)
{
	struct outscan *s = arg;

	scan(s, 0);
	if (!TAILQ_EMPTY(&s->unplaced))
		loop_timer_set(s->place, 0);
	loop_timer_set(s->rescan, RESCAN_MS);
}

void
outscan_start(struct outscan *s)
{
	struct loop *l = s->env->d->loop;

	s->started = 1;
	s->place = loop_timer(l, place_some, s);
	s->rescan = loop_timer(l, rescan, s);
	loop_add(l, s->inotify, POLLIN, moved_in, s);
	loop_timer_set(s->place, 0);
	loop_timer_set(s->rescan, RESCAN_MS);
}
