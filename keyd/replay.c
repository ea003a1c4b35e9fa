#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "digestset.h"
#include "log.h"
#include "replay.h"
#include "step.h"

/*
 * The file: a header as long as a digest (magic, key number, zeros), then digests.
 */
#define MAGIC	  "MIXREPL1"
#define MAGIC_LEN 8
#define READ_MANY 3200 /* digests at a time */

struct replay_log {
	int fd;
	uint32_t number;
	off_t len; /* octets that are known to be on disk */
	struct digestset set;
};

void
replay_name(char name[REPLAY_NAME_LEN], uint32_t number)
{
	snprintf(name, REPLAY_NAME_LEN, "replay_%04u", (unsigned)number);
}

static void
make_header(uint8_t head[HASH_LEN], uint32_t number)
{
	memset(head, 0, HASH_LEN);
	memcpy(head, MAGIC, MAGIC_LEN);
	put_be32(head + MAGIC_LEN, number);
}

static int
write_at(int fd, const uint8_t *p, size_t len, off_t off)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, off);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
		off += n;
	}
	return 0;
}

/* From where the last one ended: a log is read once, from its first octet on. */
static ssize_t
read_full(int fd, uint8_t *p, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, p + got, len - got);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/*
 * No digest was ever committed to a log that has no whole header: it is written before the
 * first.
 */
static int
begin_file(struct replay_log *l, int dirfd)
{
	uint8_t head[HASH_LEN];

	make_header(head, l->number);
	if (ftruncate(l->fd, 0) == -1 || write_at(l->fd, head, sizeof(head), 0) == -1 ||
	    fsync(l->fd) == -1 || fsync(dirfd) == -1)
		return -1;
	l->len = HASH_LEN;
	return 0;
}

static int
check_header(struct replay_log *l, struct errmsg *e)
{
	uint8_t head[HASH_LEN], want[HASH_LEN];

	make_header(want, l->number);
	if (read_full(l->fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		return err_set(e, "cannot be read: %s", strerror(errno));
	if (memcmp(head, want, sizeof(head)) != 0)
		return err_set(e, "is no replay log of this key");
	return 0;
}

static int
read_digests(struct replay_log *l, struct errmsg *e)
{
	uint8_t *p = malloc(READ_MANY * HASH_LEN);
	off_t at = HASH_LEN;
	ssize_t n = 0;

	if (p == NULL)
		fatal("reading a replay log");
	while (at < l->len && (n = read_full(l->fd, p, READ_MANY * HASH_LEN)) > 0) {
		for (ssize_t i = 0; i + HASH_LEN <= n && at + i < l->len; i += HASH_LEN)
			digestset_add(&l->set, p + i);
		at += n;
	}
	free(p);
	if (at < l->len)
		return err_set(e, "cannot be read: %s", n == -1 ? strerror(errno) : "it is cut");
	return 0;
}

static int
load(struct replay_log *l, int dirfd, struct errmsg *e)
{
	struct stat st;

	if (fstat(l->fd, &st) == -1)
		return err_set(e, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "is no regular file");
	if (st.st_size < HASH_LEN) {
		if (begin_file(l, dirfd) == -1)
			return err_set(e, "cannot be made: %s", strerror(errno));
		return 0;
	}
	l->len = st.st_size - st.st_size % HASH_LEN;
	if (check_header(l, e) == -1)
		return -1;
	if (l->len != st.st_size && ftruncate(l->fd, l->len) == -1)
		return err_set(e, "a torn end cannot be cut: %s", strerror(errno));
	return read_digests(l, e);
}

struct replay_log *
replay_open(int dirfd, uint32_t number, const struct digest_key *k, struct errmsg *e)
{
	struct replay_log *l;
	struct errmsg why;
	char name[REPLAY_NAME_LEN];

	replay_name(name, number);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		fatal("replay_open");
	l->number = number;
	digestset_init(&l->set, k);
	l->fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (l->fd == -1)
		err_set(e, "%s: %s", name, strerror(errno));
	else if (load(l, dirfd, &why) == -1)
		err_set(e, "%s %s", name, why.s);
	else
		return l;
	replay_close(l);
	return NULL;
}

void
replay_close(struct replay_log *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		close(l->fd);
	digestset_free(&l->set);
	free(l);
}

uint32_t
replay_number(const struct replay_log *l)
{
	return l->number;
}

size_t
replay_count(const struct replay_log *l)
{
	return l->set.n;
}

int
replay_seen(const struct replay_log *l, const uint8_t digest[HASH_LEN])
{
	return digestset_has(&l->set, digest);
}

/*
 * Always at the end that is known to be on disk: after a failed sync nobody knows which pages
 * are, and writing the same place again is what makes them dirty again.
 */
int
replay_append(struct replay_log *l, const uint8_t *digests, size_t n)
{
	size_t len = n * HASH_LEN;

	step("replay-before");
	if (write_at(l->fd, digests, len, l->len) == -1 || fdatasync(l->fd) == -1) {
		int saved = errno;

		if (ftruncate(l->fd, l->len) == -1)
			log_debug("a replay log could not be cut back");
		errno = saved;
		return -1;
	}
	step("replay-durable");
	l->len += (off_t)len;
	for (size_t i = 0; i < n; i++)
		digestset_add(&l->set, digests + i * HASH_LEN);
	return 0;
}

/* As private keys are: what a node has seen is nobody's business afterwards. */
static int
overwrite(int fd, off_t size)
{
	static const uint8_t zeros[65536];

	for (off_t at = 0; at < size; at += (off_t)sizeof(zeros)) {
		size_t n = size - at < (off_t)sizeof(zeros) ? (size_t)(size - at) : sizeof(zeros);

		if (pwrite(fd, zeros, n, at) != (ssize_t)n)
			return -1;
	}
	return fdatasync(fd);
}

int
replay_delete(int dirfd, uint32_t number)
{
	char name[REPLAY_NAME_LEN];
	struct stat st;
	int fd;

	replay_name(name, number);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd != -1) {
		if (S_ISREG(st.st_mode) && overwrite(fd, st.st_size) == -1)
			log_warn("a replay log could not be overwritten");
		close(fd);
	}
	if (unlinkat(dirfd, name, 0) == -1 && errno != ENOENT)
		return -1;
	return fsync(dirfd);
}
