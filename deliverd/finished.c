#include <sys/tree.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "finished.h"
#include "log.h"

#define FILE_NAME "finished"
#define NEW_NAME  "finished.new"
#define ID_LEN	  20
#define REC_LEN	  24 /* id, day */
#define DAY	  86400

struct id {
	RB_ENTRY(id) entry;
	uint8_t id[ID_LEN];
	uint32_t day;
};

RB_HEAD(id_tree, id);

struct finished {
	int dirfd;
	int fd; /* for appending; -1: a new file has to be begun */
	int64_t keep;
	struct id_tree ids;
};

static int
id_cmp(const struct id *a, const struct id *b)
{
	return memcmp(a->id, b->id, ID_LEN);
}

/* __unused, which RB_GENERATE_STATIC wants, is no word of glibc. */
RB_GENERATE_INTERNAL(id_tree, id, entry, id_cmp, __attribute__((unused)) static)

struct finished *
finished_open(int dirfd, int64_t keep)
{
	struct finished *f = calloc(1, sizeof(*f));

	if (f == NULL)
		fatal("finished");
	f->dirfd = dirfd;
	f->fd = -1;
	f->keep = keep;
	RB_INIT(&f->ids);
	return f;
}

static void
forget_all(struct finished *f)
{
	struct id *i;

	while ((i = RB_MIN(id_tree, &f->ids)) != NULL) {
		RB_REMOVE(id_tree, &f->ids, i);
		free(i);
	}
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

void
finished_free(struct finished *f)
{
	if (f == NULL)
		return;
	forget_all(f);
	free(f);
}

static void
insert(struct finished *f, const uint8_t *id, uint32_t day)
{
	struct id *i = calloc(1, sizeof(*i));

	if (i == NULL)
		fatal("finished");
	memcpy(i->id, id, ID_LEN);
	i->day = day;
	if (RB_INSERT(id_tree, &f->ids, i) != NULL)
		free(i);
}

int
finished_has(const struct finished *f, const uint8_t id[20])
{
	struct id want = { .day = 0 };

	memcpy(want.id, id, ID_LEN);
	return RB_FIND(id_tree, (struct id_tree *)(uintptr_t)&f->ids, &want) != NULL;
}

static int
write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = write(fd, p, len)) <= 0)
			return -1;
	return 0;
}

/* What is not too old; an incomplete record at the end is what a crash left. */
static int
read_file(struct finished *f, int64_t now)
{
	int fd = openat(f->dirfd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t block[REC_LEN * 1024];
	size_t have = 0;
	ssize_t n;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	while ((n = read(fd, block + have, sizeof(block) - have)) > 0) {
		size_t at = 0;
		for (have += (size_t)n; have - at >= REC_LEN; at += REC_LEN) {
			uint32_t day = be32(block + at + ID_LEN);
			if (((int64_t)day + 1) * DAY + f->keep > now)
				insert(f, block + at, day);
		}
		have -= at;
		memmove(block, block + at, have);
	}
	close(fd);
	return n == -1 ? -1 : 0;
}

static int
write_new(struct finished *f)
{
	struct buf b = { 0 };
	struct id *i;
	int fd, rc;

	if (unlinkat(f->dirfd, NEW_NAME, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(f->dirfd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	RB_FOREACH(i, id_tree, &f->ids) {
		buf_put(&b, i->id, ID_LEN);
		buf_u32(&b, i->day);
	}
	rc = write_all(fd, b.p, b.len);
	buf_free(&b);
	if (rc == -1 || fdatasync(fd) == -1 ||
	    renameat(f->dirfd, NEW_NAME, f->dirfd, FILE_NAME) == -1 || fsync(f->dirfd) == -1) {
		close(fd);
		return -1;
	}
	f->fd = fd;
	return 0;
}

int
finished_load(struct finished *f, int64_t now)
{
	forget_all(f);
	return read_file(f, now) == -1 ? -1 : write_new(f);
}

int
finished_add(struct finished *f, const uint8_t (*ids)[20], size_t n, int64_t now)
{
	struct buf b = { 0 };
	uint32_t day = (uint32_t)(now / DAY);
	int rc, saved;

	if (f->fd == -1 && write_new(f) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		buf_put(&b, ids[i], ID_LEN);
		buf_u32(&b, day);
	}
	rc = write_all(f->fd, b.p, b.len);
	buf_free(&b);
	if (rc == -1 || fdatasync(f->fd) == -1) {
		/*
		 * Half a record must not shift those that follow: the next one begins a new file.
		 */
		saved = errno;
		close(f->fd);
		f->fd = -1;
		errno = saved;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		insert(f, ids[i], day);
	return 0;
}
