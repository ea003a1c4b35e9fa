#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "queue.h"
#include "ui.h"

/* Files of a batch that are open together, of the 1,024 that a process may have as a rule. */
#define SETTLE_EACH 512
#define START_EACH  16 /* so that the disk works while packets are made */

int
queue_open(struct queue *q, const struct home *h, struct errmsg *e)
{
	char path[PATH_MAX];

	if (home_subdir(h, "queue", path, e) == -1)
		return -1;
	q->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (q->fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	pool_init(&q->pool, "queue", q->fd, 0600);
	q->pool.gid = (gid_t)-1;
	return 0;
}

void
queue_close(struct queue *q)
{
	(void)close(q->fd);
	q->fd = -1;
}

static int
cannot_queue(struct errmsg *e)
{
	return err_set(e, "a packet cannot be queued: %s", strerror(errno));
}

int
queue_put(struct pool_batch *b, const uint8_t packet[PACKET_LEN], const struct mix_addr *to,
    struct queued *out, struct errmsg *e)
{
	uint8_t head[OUTREC_LEN - PACKET_LEN];
	struct chunk parts[] = { { head, sizeof(head) }, { packet, PACKET_LEN } };

	pool_random_name(out->name, &rng_system);
	out->to = *to;
	outrec_head(head, to);
	if (pool_batch_add(b, out->name, parts, 2) == -1)
		return cannot_queue(e);
	if (pool_batch_len(b) % START_EACH == 0)
		pool_batch_start(b);
	if (pool_batch_len(b) % SETTLE_EACH == 0 && pool_batch_settle(b) == -1)
		return cannot_queue(e);
	return 0;
}

int
queue_commit(struct pool_batch *b, struct errmsg *e)
{
	return pool_batch_commit(b) == 0 ? 0 : cannot_queue(e);
}

struct listing {
	struct queue *q;
	struct queued *items;
	size_t n;
};

static int64_t
since(const struct queue *q, const char *name)
{
	struct stat st;

	return fstatat(q->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (int64_t)st.st_mtime : 0;
}

static int
list_one(const char *name, void *arg)
{
	struct listing *l = arg;
	uint8_t rec[OUTREC_LEN];
	const uint8_t *packet;
	struct queued it;

	if (pool_read(&l->q->pool, name, rec, sizeof(rec)) == -1 ||
	    outrec_parse(&it.to, &packet, rec) == -1) {
		if (errno == ENOENT)
			return 0;
		ui_warn("the queue holds a file that is no packet of ours: %s", name);
		return 0;
	}
	(void)strlcpy(it.name, name, sizeof(it.name));
	it.since = since(l->q, name);
	l->items = reallocarray(l->items, l->n + 1, sizeof(*l->items));
	if (l->items == NULL)
		fatal("reallocarray");
	l->items[l->n++] = it;
	return 0;
}

int
queue_list(struct queue *q, struct queued **out, size_t *n, struct errmsg *e)
{
	struct listing l = { q, NULL, 0 };

	if (pool_scan(&q->pool, 1, list_one, &l) == -1) {
		free(l.items);
		return err_set(e, "cannot read the queue: %s", strerror(errno));
	}
	*out = l.items;
	*n = l.n;
	return 0;
}

size_t
queue_foreign(const struct queue *q)
{
	int fd = openat(q->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *de;
	size_t n = 0;

	if (d == NULL) {
		if (fd != -1)
			(void)close(fd);
		return 0;
	}
	while ((de = readdir(d)) != NULL)
		n += strncmp(de->d_name, "msg_", 4) == 0 && !pool_name_ok(de->d_name);
	(void)closedir(d);
	return n;
}

int
queue_read(struct queue *q, const struct queued *item, uint8_t packet[PACKET_LEN])
{
	uint8_t rec[OUTREC_LEN];
	const uint8_t *p;
	struct mix_addr to;

	if (pool_read(&q->pool, item->name, rec, sizeof(rec)) == -1 ||
	    outrec_parse(&to, &p, rec) == -1)
		return -1;
	memcpy(packet, p, PACKET_LEN);
	return 0;
}

int
queue_remove(struct queue *q, const struct queued *item)
{
	return pool_remove(&q->pool, item->name);
}
