#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "poolfile.h"
#include "step.h"

#define WIPE_MAX          (1 << 20) /* where others can write, no file of ours is larger */
#define QUARANTINE_FILES  1024
#define QUARANTINE_OCTETS (64LL << 20)

/*
 * In place, and waited for: an overwrite that is still in memory when the file goes never reaches
 * the disk. sync_file_range does not flush the journal, which an overwrite does not need.
 */
void
pool_wipe_begin(struct pool *p, int fd)
{
	static const uint8_t zero[PACKET_LEN];
	struct stat st;
	size_t len;
	ssize_t n;

	/* With a second name it is someone else's file, put here to be destroyed. */
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_nlink > 1 ||
	    (st.st_size > WIPE_MAX && (p->mode & 0060)))
		return;
	for (off_t at = 0; at < st.st_size; at += n) {
		len = st.st_size - at < PACKET_LEN ? (size_t)(st.st_size - at) : PACKET_LEN;
		if ((n = pwrite(fd, zero, len, at)) <= 0)
			break;
	}
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void
pool_wipe_end(int fd)
{
	sync_file_range(fd, 0, 0,
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
}

int
pool_wipe_open(struct pool *p, const char *name)
{
	return openat(p->dirfd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static int
unlink_anything(struct pool *p, const char *name)
{
	if (unlinkat(p->dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? unlinkat(p->dirfd, name, AT_REMOVEDIR) : -1;
}

int
pool_wipe_unlink(struct pool *p, const char *name)
{
	int fd = pool_wipe_open(p, name);

	if (fd != -1) {
		pool_wipe_begin(p, fd);
		pool_wipe_end(fd);
	}
	return unlink_anything(p, name);
}

/* One file on its way out. */
struct going {
	char rmv[POOL_NAME_LEN];
	int fd; /* being overwritten, or -1 */
};

/* 1 if it is on its way, 0 if it is gone already, -1 with errno. */
static int
begin_remove(struct pool *p, const char *name, struct going *g)
{
	if (!pool_name_ok(name)) {
		errno = EINVAL;
		return -1;
	}
	pool_with_prefix(g->rmv, "rmv_", name);
	if (renameat(p->dirfd, name, p->dirfd, g->rmv) == -1)
		return errno == ENOENT ? 0 : -1;
	step("remove-renamed");
	if ((g->fd = pool_wipe_open(p, g->rmv)) != -1)
		pool_wipe_begin(p, g->fd);
	return 1;
}

static int
end_remove(struct pool *p, struct going *g)
{
	if (g->fd != -1)
		pool_wipe_end(g->fd);
	step("remove-wiped");
	if (unlink_anything(p, g->rmv) == -1)
		return -1;
	step("remove-unlinked");
	return 0;
}

/* All overwrites are on their way to the disk before the first is waited for. */
static int
remove_some(struct pool *p, const char *const *names, size_t n)
{
	struct going g[POOL_TOGETHER];
	size_t going = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		switch (begin_remove(p, names[i], &g[going])) {
		case 1: going++; break;
		case -1: rc = -1; break;
		}
	for (size_t i = 0; i < going; i++)
		rc |= end_remove(p, &g[i]);
	return rc;
}

int
pool_remove_all(struct pool *p, const char *const *names, size_t n)
{
	size_t some;
	int rc = 0;

	for (size_t i = 0; i < n; i += some) {
		some = n - i < POOL_TOGETHER ? n - i : POOL_TOGETHER;
		rc |= remove_some(p, names + i, some);
	}
	return rc;
}

int
pool_remove(struct pool *p, const char *name)
{
	return pool_remove_all(p, &name, 1);
}

/* What lies in quarantine: number of files and octets. */
static int
count_quarantine(int dirfd, long *files, long long *octets)
{
	_Alignas(struct dirent64) char block[8192];
	const struct dirent64 *de;
	struct stat st;
	ssize_t n;

	*files = 0;
	*octets = 0;
	if (lseek(dirfd, 0, SEEK_SET) == -1)
		return -1;
	while ((n = getdents64(dirfd, block, sizeof(block))) > 0)
		for (ssize_t at = 0; at < n; at += de->d_reclen) {
			de = (const void *)(block + at);
			if (strncmp(de->d_name, "crp_", 4) != 0)
				continue;
			++*files;
			if (fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				*octets += st.st_size;
		}
	return n == -1 ? -1 : 0;
}

static int
has_room(int dirfd, off_t size)
{
	long files;
	long long octets;

	return count_quarantine(dirfd, &files, &octets) == 0 && files < QUARANTINE_FILES &&
	       octets + size <= QUARANTINE_OCTETS;
}

int
pool_quarantine(struct pool *p, const char *name, int quarantine_dirfd)
{
	static struct log_state said;
	char crp[POOL_NAME_LEN];
	struct stat st;

	if (!pool_name_ok(name)) {
		errno = EINVAL;
		return -1;
	}
	if (log_once(&said))
		log_warnx("%s: a file that is not what it should be was set aside (crp_); more are "
			  "counted without a word",
		    p->label);
	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	/* A FIFO, socket or link holds nothing to look at; Landlock lets it not be renamed. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return unlinkat(p->dirfd, name, 0);
	if (quarantine_dirfd == -1 || !has_room(quarantine_dirfd, st.st_size))
		return pool_remove(p, name);
	pool_with_prefix(crp, "crp_", name);
	if (renameat(p->dirfd, name, quarantine_dirfd, crp) == 0 || errno == ENOENT)
		return 0;
	/* A directory of another's cannot be moved out, but the next scan need not find it. */
	return renameat(p->dirfd, name, p->dirfd, crp);
}
