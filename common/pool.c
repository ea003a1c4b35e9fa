#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "poolfile.h"

#define STALE_SECONDS 60

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

void
pool_init(struct pool *p, const char *label, int dirfd, mode_t mode)
{
	mode_t mask = umask(077);

	umask(mask);
	*p = (struct pool){ .dirfd = dirfd,
		.label = label,
		.mode = mode,
		.gid = (gid_t)-1,
		.need_chmod = (mode & mask) != 0 };
}

static int
name_has(const char *name, const char *prefix)
{
	return strncmp(name, prefix, POOL_PREFIX_LEN) == 0 &&
	       strspn(name + POOL_PREFIX_LEN, name_chars) == POOL_RANDOM_LEN &&
	       name[POOL_PREFIX_LEN + POOL_RANDOM_LEN] == '\0';
}

int
pool_name_ok(const char *name)
{
	return name_has(name, "msg_");
}

void
pool_random_name(char name[POOL_NAME_LEN], const struct rng *rng)
{
	uint8_t r[POOL_RANDOM_LEN];

	rng_fill(rng, r, sizeof(r));
	memcpy(name, "msg_", POOL_PREFIX_LEN);
	for (size_t i = 0; i < POOL_RANDOM_LEN; i++)
		name[POOL_PREFIX_LEN + i] = name_chars[r[i] & 63];
	name[POOL_PREFIX_LEN + POOL_RANDOM_LEN] = '\0';
}

void
pool_with_prefix(char to[POOL_NAME_LEN], const char *prefix, const char *from)
{
	memcpy(to, prefix, POOL_PREFIX_LEN);
	memcpy(to + POOL_PREFIX_LEN, from + POOL_PREFIX_LEN, POOL_RANDOM_LEN + 1);
}

static int
is_stale(struct pool *p, const char *name)
{
	struct stat st;

	if (!(p->mode & 0060))
		return 1;
	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	return st.st_ctime < time(NULL) - STALE_SECONDS;
}

static void
clean_leftover(struct pool *p, const char *name)
{
	static struct log_state said;

	if (!name_has(name, "rmv_") && !(name_has(name, "inp_") && is_stale(p, name)))
		return;
	if (pool_wipe_unlink(p, name) == -1 && log_once(&said))
		log_warn("%s: a leftover file cannot be removed", p->label);
}

long
pool_scan(struct pool *p, int clean, int (*cb)(const char *name, void *arg), void *arg)
{
	_Alignas(struct dirent64) char block[32768];
	const struct dirent64 *de;
	long called = 0;
	ssize_t n;

	if (lseek(p->dirfd, 0, SEEK_SET) == -1)
		return -1;
	while ((n = getdents64(p->dirfd, block, sizeof(block))) > 0) {
		for (ssize_t at = 0; at < n; at += de->d_reclen) {
			de = (const void *)(block + at);
			if (pool_name_ok(de->d_name)) {
				called++;
				if (cb(de->d_name, arg) == -1)
					return called;
			} else if (clean) {
				clean_leftover(p, de->d_name);
			}
		}
	}
	return n == -1 ? -1 : called;
}

static int
open_suspiciously(struct pool *p, const char *name)
{
	int fd = openat(p->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	/* A symbolic link, a socket, or what its producer shut away from us. */
	if (fd == -1 && (errno == ELOOP || errno == ENXIO || errno == EACCES))
		errno = EINVAL;
	return fd;
}

static int
read_exactly(int fd, uint8_t *out, size_t len)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return -1;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1 || (uint64_t)st.st_size != len)
		return -1;
	for (size_t have = 0; have < len; have += (size_t)n) {
		n = read(fd, out + have, len - have);
		if (n == 0)
			errno = EINVAL; /* truncated under our hands */
		if (n <= 0)
			return -1;
	}
	return 0;
}

int
pool_read(struct pool *p, const char *name, void *out, size_t len)
{
	int fd, rc, saved;

	if (!pool_name_ok(name)) {
		errno = EINVAL;
		return -1;
	}
	if ((fd = open_suspiciously(p, name)) == -1)
		return -1;
	rc = read_exactly(fd, out, len);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int
pool_sync(struct pool *p)
{
	return fsync(p->dirfd);
}
