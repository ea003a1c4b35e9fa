/*
 * deliver/: the exit packets that mixer hands over. Each is read once, made into its successor (a
 * mail, or a fragment on disk), and removed when that is durable; a mail is tried only when its
 * packet is gone for good. So whatever process dies when, nothing is lost and nothing is made
 * twice.
 */
#include <sys/inotify.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliverd.h"
#include "step.h"

#define SLICE	  64 /* packets that become durable together */
#define RESCAN_MS (60 * 1000)
#define RETRY_MS  (30 * 1000) /* after a fault of the disk */
#define EXPIRE_MS (3600 * 1000)

struct intake {
	struct loop *loop;
	struct pool pool;
	int crp_dirfd;
	int inotify_fd;
	struct loop_io *io;
	struct loop_timer *timer, *expire_timer;
	struct mailq *q;
	struct fragstore *frags;
	struct exits *exits;
	char names[SLICE][POOL_NAME_LEN];
	size_t n; /* names of this slice that are done, once all is durable */
	int fault; /* this slice: something could not be stored */
	uint8_t *rec;
	struct log_state disk;
};

static void on_timer(void *arg);
static void on_expire(void *arg);
static void on_inotify(int fd, short revents, void *arg);

struct intake *
intake_new(struct loop *l, int deliver_dirfd, int crp_dirfd, struct mailq *q, struct fragstore *f,
    struct exits *x)
{
	struct intake *in = calloc(1, sizeof(*in));
	char path[64];

	if (in == NULL || (in->rec = malloc(DELREC_LEN)) == NULL)
		fatal("intake");
	in->loop = l;
	in->crp_dirfd = crp_dirfd;
	in->q = q;
	in->frags = f;
	in->exits = x;
	pool_init(&in->pool, "deliver", deliver_dirfd, 0660);
	in->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", deliver_dirfd);
	if (in->inotify_fd == -1 || inotify_add_watch(in->inotify_fd, path, IN_MOVED_TO) == -1)
		fatal("deliver: cannot be watched (inotify)");
	in->timer = loop_timer(l, on_timer, in);
	in->expire_timer = loop_timer(l, on_expire, in);
	return in;
}

/*
 * The crash came between a mail and the end of its packet: the mail must not be made again once
 * it is delivered.
 */
static int
remove_if_done(const char *name, void *arg)
{
	struct intake *in = arg;

	if (mailq_has(in->q, name) && pool_remove(&in->pool, name) == -1)
		in->fault = 1;
	return 0;
}

int
intake_recover(struct intake *in)
{
	in->fault = 0;
	if (pool_scan(&in->pool, 1, remove_if_done, in) == -1 || in->fault)
		return -1;
	return pool_sync(&in->pool);
}

void
intake_start(struct intake *in)
{
	in->io = loop_add(in->loop, in->inotify_fd, POLLIN, on_inotify, in);
	loop_timer_set(in->timer, 0);
	/* Not at once: a clock that was wrong at our start may be right by then. */
	loop_timer_set(in->expire_timer, EXPIRE_MS);
}

void
intake_kick(struct intake *in)
{
	loop_timer_set(in->timer, 0);
}

/* --- one packet --- */

/* 0: it may go when the slice is durable; -1: it has to stay. */
static int
take_record(struct intake *in, const char *name)
{
	const uint8_t *ri, *payload;
	size_t rilen;
	uint16_t rt;

	count(C_PACKETS_RECEIVED);
	if (delrec_parse(&rt, &ri, &rilen, &payload, in->rec) == -1) {
		count(C_DROPS_BAD_RECORD);
		return 0;
	}
	if (rt != RT_FRAGMENT)
		return exits_take_packet(in->exits, name, rt, (struct chunk){ ri, rilen }, payload);
	if (rilen != 0) { /* P11: neither tag nor address */
		count(C_DROPS_BAD_ADDRESS);
		return 0;
	}
	return fragstore_add(in->frags, payload, daemon_steady());
}

static int
take_file(const char *name, void *arg)
{
	struct intake *in = arg;

	if (pool_read(&in->pool, name, in->rec, DELREC_LEN) == 0) {
		if (take_record(in, name) == -1) {
			in->fault = 1;
			return -1;
		}
		strlcpy(in->names[in->n++], name, sizeof(in->names[0]));
	} else if (errno == EINVAL) {
		count(C_DROPS_BAD_RECORD);
		pool_quarantine(&in->pool, name, in->crp_dirfd);
	} else if (errno != ENOENT) {
		in->fault = 1;
		return -1;
	}
	return in->n < SLICE ? 0 : -1;
}

/* --- what is whole --- */

static int
deliver_whole(void *arg, const char *name, uint16_t rt, struct chunk info, struct chunk compressed)
{
	struct intake *in = arg;
	struct delivery d;
	int rc;

	delivery_from_compressed(&d, compressed.p, compressed.len);
	rc = exits_take(in->exits, name, rt, info, &d);
	delivery_free(&d);
	return rc;
}

static int
commit_mails(void *arg)
{
	struct intake *in = arg;

	return mailq_commit(in->q);
}

/* --- a slice --- */

static int
remove_done(struct intake *in)
{
	const char *names[SLICE];
	int rc = 0;

	for (size_t i = 0; i < in->n; i++)
		names[i] = in->names[i];
	if (in->n > 0 && (pool_remove_all(&in->pool, names, in->n) == -1 ||
	    pool_sync(&in->pool) == -1))
		rc = -1;
	in->n = 0;
	return rc;
}

/*
 * Up to SLICE packets. 1: there may be more; 0: all is done; -1: the disk does not take it,
 * everything is where it was.
 */
static int
take_slice(struct intake *in)
{
	size_t n;

	in->n = 0;
	in->fault = 0;
	/* What the scan found must not come back after a crash behind what is done with it. */
	if (pool_sync(&in->pool) == -1 || pool_scan(&in->pool, 0, take_file, in) == -1)
		return -1;
	n = in->n;
	if (mailq_commit(in->q) == -1 || fragstore_commit(in->frags) == -1)
		return -1;
	step("mails-durable");
	if (remove_done(in) == -1)
		return -1;
	step("packets-removed");
	if (fragstore_finish(in->frags, deliver_whole, commit_mails, in, daemon_steady()) == -1)
		return -1;
	mailq_release(in->q, daemon_steady());
	if (n > 0)
		exits_kick(in->exits);
	return in->fault ? -1 : n == SLICE;
}

static void
on_timer(void *arg)
{
	struct intake *in = arg;
	int rc = take_slice(in);

	if (rc == -1) {
		if (log_once(&in->disk))
			log_warn(
			    "deliver: what arrived cannot be stored (disk full?); it stays there "
			    "and is tried again");
	} else
		log_again(&in->disk);
	loop_timer_set(in->timer, rc == -1 ? RETRY_MS : rc == 1 ? 0 : RESCAN_MS);
}

static void
on_inotify(int fd, short revents, void *arg)
{
	struct intake *in = arg;
	char block[4096];

	(void)revents;
	while (read(fd, block, sizeof(block)) > 0)
		;
	/* While the disk is full each arrival is no reason to try again. */
	if (!in->disk.said)
		loop_timer_set(in->timer, 0);
}

static void
on_expire(void *arg)
{
	struct intake *in = arg;

	fragstore_expire(in->frags, daemon_steady());
	if (!in->disk.said)
		loop_timer_set(in->timer, 0);
	loop_timer_set(in->expire_timer, EXPIRE_MS);
}

static int
count_file(const char *name, void *arg)
{
	(void)name;
	(*(size_t *)arg)++;
	return 0;
}

void
intake_queue(struct intake *in, struct buf *out)
{
	size_t n = 0;

	if (pool_scan(&in->pool, 0, count_file, &n) == -1)
		log_warn("deliver: cannot be listed");
	buf_printf(out, "deliver %zu\n", n);
	exits_queue(in->exits, out);
	buf_printf(out, "fragments %zu\n", fragstore_fragments(in->frags));
	buf_printf(out, "fragmented-messages %zu\n", fragstore_messages(in->frags));
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	loop_del(in->io);
	loop_timer_free(in->timer);
	loop_timer_free(in->expire_timer);
	close(in->inotify_fd);
	free(in->rec);
	free(in);
}
