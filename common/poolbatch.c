#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "poolfile.h"
#include "step.h"

#define MAX_PARTS 8

struct batch_file {
	char inp[POOL_NAME_LEN]; /* inp_..., while it is being written */
	char name[POOL_NAME_LEN]; /* msg_..., what it will be; another inp_... for a decoy */
	int fd; /* -1: synced and closed */
	int renamed;
	int decoy;
};

struct pool_batch {
	struct pool *p;
	size_t n, max;
	size_t started; /* the first so many are on their way to the disk, */
	size_t settled; /* and so many there, and closed */
	size_t nleft; /* decoys of committed batches that are still there */
	char (*left)[POOL_NAME_LEN];
	struct batch_file file[];
};

static int
write_parts(int fd, const struct chunk *parts, size_t n)
{
	struct iovec iov[MAX_PARTS];
	size_t total = 0;
	ssize_t done;

	if (n > MAX_PARTS)
		fatalx("a pool file in more than %d parts", MAX_PARTS);
	for (size_t i = 0; i < n; i++) {
		memcpy(&iov[i].iov_base, &parts[i].p, sizeof(parts[i].p));
		iov[i].iov_len = parts[i].len;
		total += parts[i].len;
	}
	done = writev(fd, iov, (int)n);
	if (done == -1)
		return -1;
	if ((size_t)done != total) {
		/* Regular files are written whole, or the file system is full. */
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

int
pool_create(struct pool *p, const char *name, gid_t gid, const struct chunk *parts, size_t n)
{
	int fd, saved;

	fd = openat(p->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, p->mode);
	if (fd == -1)
		return -1;
	/* The group first: a change of owner may take mode bits away. */
	if ((gid == (gid_t)-1 || fchown(fd, (uid_t)-1, gid) == 0) &&
	    (!p->need_chmod || fchmod(fd, p->mode) == 0) && write_parts(fd, parts, n) == 0)
		return fd;
	saved = errno;
	unlinkat(p->dirfd, name, 0);
	close(fd);
	errno = saved;
	return -1;
}

struct pool_batch *
pool_batch_new(struct pool *p, size_t max)
{
	struct pool_batch *b = calloc(1, sizeof(*b) + max * sizeof(b->file[0]));

	if (b == NULL)
		fatal("%s", p->label);
	if ((b->left = calloc(max, sizeof(*b->left))) == NULL)
		fatal("%s", p->label);
	b->p = p;
	b->max = max;
	return b;
}

/*
 * A file of that name that is none of this batch's was left by a removal that failed. The packet
 * that has the name must not wait for it until the next start. -1 leaves errno as it was if the
 * file is of this batch.
 */
static int
clear_way(struct pool_batch *b, const char *inp)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->file[i].inp, inp) == 0)
			return -1;
	return unlinkat(b->p->dirfd, inp, 0);
}

static int
add_file(struct pool_batch *b, const char *name, int decoy, const struct chunk *parts, size_t n)
{
	struct batch_file *f = &b->file[b->n];
	char random[POOL_NAME_LEN];

	if (b->n == b->max) {
		errno = ENOBUFS;
		return -1;
	}
	pool_with_prefix(f->name, decoy ? "inp_" : "msg_", name);
	pool_random_name(random, &rng_system);
	pool_with_prefix(f->inp, "inp_", decoy ? random : name);
	f->renamed = 0;
	f->decoy = decoy;
	f->fd = pool_create(b->p, f->inp, b->p->gid, parts, n);
	if (f->fd == -1 && errno == EEXIST && clear_way(b, f->inp) == 0)
		f->fd = pool_create(b->p, f->inp, b->p->gid, parts, n);
	if (f->fd == -1)
		return -1;
	step("batch-written");
	b->n++;
	return 0;
}

int
pool_batch_add(struct pool_batch *b, const char *name, const struct chunk *parts, size_t n)
{
	char random[POOL_NAME_LEN];

	pool_random_name(random, &rng_system);
	if (name != NULL && !pool_name_ok(name))
		fatalx("%s: a malformed file name is to be written", b->p->label);
	return add_file(b, name != NULL ? name : random, 0, parts, n);
}

int
pool_batch_add_decoy(struct pool_batch *b, const struct chunk *parts, size_t n)
{
	char random[POOL_NAME_LEN];

	pool_random_name(random, &rng_system);
	return add_file(b, random, 1, parts, n);
}

size_t
pool_batch_len(const struct pool_batch *b)
{
	return b->n;
}

/* Forgets the batch; with its files, unless they were committed. */
static void
empty_batch(struct pool_batch *b, int remove_files)
{
	int saved = errno;

	for (size_t i = 0; i < b->n; i++) {
		struct batch_file *f = &b->file[i];
		if (f->fd != -1)
			close(f->fd);
		if (remove_files)
			unlinkat(b->p->dirfd, f->renamed ? f->name : f->inp, 0);
		else if (f->decoy)
			memcpy(b->left[b->nleft++], f->name, POOL_NAME_LEN);
	}
	b->n = b->started = b->settled = 0;
	errno = saved;
}

void
pool_batch_sweep(struct pool_batch *b)
{
	while (b->nleft > 0)
		unlinkat(b->p->dirfd, b->left[--b->nleft], 0);
}

void
pool_batch_start(struct pool_batch *b)
{
	for (; b->started < b->n; b->started++)
		sync_file_range(b->file[b->started].fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* All of them are on their way to the disk before the first is waited for. */
static int
sync_files(struct pool_batch *b)
{
	if (b->n - b->settled > 1)
		pool_batch_start(b);
	for (size_t i = b->settled; i < b->n; i++)
		if (fdatasync(b->file[i].fd) == -1)
			return -1;
	return 0;
}

int
pool_batch_settle(struct pool_batch *b)
{
	if (sync_files(b) == -1)
		return -1;
	b->started = b->n;
	for (; b->settled < b->n; b->settled++) {
		close(b->file[b->settled].fd);
		b->file[b->settled].fd = -1;
	}
	return 0;
}

static int
make_durable(struct pool_batch *b)
{
	if (sync_files(b) == -1)
		return -1;
	step("batch-synced");
	for (size_t i = 0; i < b->n; i++) {
		struct batch_file *f = &b->file[i];
		if (renameat(b->p->dirfd, f->inp, b->p->dirfd, f->name) == -1)
			return -1;
		f->renamed = 1;
		step("batch-renamed");
	}
	if (fsync(b->p->dirfd) == -1)
		return -1;
	step("batch-durable");
	return 0;
}

int
pool_batch_commit(struct pool_batch *b)
{
	int rc = b->n == 0 ? 0 : make_durable(b);

	if (rc == 0 && b->n > 0)
		pool_batch_sweep(b); /* room for the decoys of this one */
	empty_batch(b, rc == -1);
	return rc;
}

void
pool_batch_free(struct pool_batch *b)
{
	if (b == NULL)
		return;
	empty_batch(b, 1);
	pool_batch_sweep(b);
	free(b->left);
	free(b);
}
