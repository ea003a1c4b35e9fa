#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "files.h"
#include "log.h"

#define OPEN_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static int
read_all(int fd, struct buf *out, size_t max, struct errmsg *e)
{
	struct stat st;
	size_t got = 0;
	uint8_t *to;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return err_set(e, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "not a regular file");
	if ((uintmax_t)st.st_size > max)
		return err_set(e, "longer than %zu octets", max);
	to = buf_space(out, (size_t)st.st_size);
	while (got < (size_t)st.st_size) {
		if ((n = read(fd, to + got, (size_t)st.st_size - got)) <= 0)
			return err_set(e, "%s", n == 0 ? "it is cut" : strerror(errno));
		got += (size_t)n;
	}
	return 0;
}

int
files_read(int dirfd, const char *name, struct buf *out, size_t max, struct errmsg *e)
{
	struct errmsg why;
	int fd = openat(dirfd, name, O_RDONLY | OPEN_FLAGS);
	int rc;

	if (fd == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	if ((rc = read_all(fd, out, max, &why)) == -1)
		err_set(e, "%s: %s", name, why.s);
	close(fd);
	return rc;
}

static int
write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

static void
overwrite(int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros)) {
		off_t left = st.st_size - at;
		size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);

		if (write(fd, zeros, n) != (ssize_t)n)
			break;
	}
	if (fsync(fd) == -1)
		log_warn("a deleted file could not be overwritten");
}

int
files_wipe(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | OPEN_FLAGS);

	if (fd != -1) {
		overwrite(fd);
		close(fd);
	}
	return unlinkat(dirfd, name, 0) == -1 && errno != ENOENT ? -1 : 0;
}

#define TMP_LEN 128

static void
tmp_name(char tmp[TMP_LEN], const char *name)
{
	snprintf(tmp, TMP_LEN, ".%s.new", name);
}

int
files_clear(int dirfd, const char *name, struct errmsg *e)
{
	char tmp[TMP_LEN];

	tmp_name(tmp, name);
	if (files_wipe(dirfd, tmp) == -1)
		return err_set(e, "%s: %s", tmp, strerror(errno));
	return 0;
}

/* The new contents, durable under the temporary name. */
static int
write_tmp(int dirfd, const char *name, const void *p, size_t len, mode_t mode, struct errmsg *e)
{
	char tmp[TMP_LEN];
	int fd, rc;

	tmp_name(tmp, name);
	if (files_clear(dirfd, name, e) == -1)
		return -1;
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | OPEN_FLAGS, mode);
	if (fd == -1)
		return err_set(e, "%s: %s", tmp, strerror(errno));
	if ((rc = write_all(fd, p, len)) == -1) {
		err_set(e, "%s: %s", name, strerror(errno));
		files_wipe(dirfd, tmp);
	}
	close(fd);
	return rc;
}

int
files_publish(int dirfd, const char *name, const void *p, size_t len, mode_t mode,
    struct errmsg *e)
{
	char tmp[TMP_LEN];

	if (write_tmp(dirfd, name, p, len, mode, e) == -1)
		return -1;
	tmp_name(tmp, name);
	if (renameat(dirfd, tmp, dirfd, name) == 0 && fsync(dirfd) == 0)
		return 0;
	err_set(e, "%s: %s", name, strerror(errno));
	unlinkat(dirfd, tmp, 0);
	return -1;
}

int
files_replace(int dirfd, const char *name, const void *p, size_t len, struct errmsg *e)
{
	return files_publish(dirfd, name, p, len, 0600, e);
}

/* Where the file system cannot exchange two names: the old file is held open while it goes. */
static int
rename_over(int dirfd, const char *tmp, const char *name)
{
	int old = openat(dirfd, name, O_WRONLY | OPEN_FLAGS), rc;

	if (old == -1)
		return -1;
	rc = renameat(dirfd, tmp, dirfd, name);
	if (rc == 0 && (rc = fsync(dirfd)) == 0)
		overwrite(old);
	close(old);
	return rc;
}

int
files_swap(int dirfd, const char *name, const void *p, size_t len, struct errmsg *e)
{
	char tmp[TMP_LEN];
	int rc;

	if (write_tmp(dirfd, name, p, len, 0600, e) == -1)
		return -1;
	tmp_name(tmp, name);
	rc = renameat2(dirfd, tmp, dirfd, name, RENAME_EXCHANGE);
	if (rc == -1 && errno == EINVAL)
		rc = rename_over(dirfd, tmp, name);
	if (rc == -1 || fsync(dirfd) == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	return files_clear(dirfd, name, e);
}

int
files_each(int dirfd, const char *dir, int (*cb)(const char *, void *), void *arg)
{
	int fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | OPEN_FLAGS);
	struct dirent *de;
	int rc = 0;
	DIR *d;

	if (fd == -1)
		return -1;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			rc = cb(de->d_name, arg);
	closedir(d);
	return rc;
}

static int
wipe_one(const char *name, void *arg)
{
	const int *fd = arg;

	return files_wipe(*fd, name);
}

int
files_wipe_dir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | OPEN_FLAGS);
	int rc;

	if (fd == -1)
		return -1;
	rc = files_each(fd, ".", wipe_one, &fd);
	close(fd);
	if (rc == -1 || unlinkat(dirfd, name, AT_REMOVEDIR) == -1)
		return -1;
	return fsync(dirfd);
}

int
files_check_secret(int fd, const char *path, uid_t uid, gid_t gid, struct errmsg *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "%s: not a file", path);
	if (st.st_uid != 0 && st.st_uid != uid)
		return err_set(e, "%s: belongs to somebody else (uid %u): chown it to root or to "
			       "its reader, uid %u", path, (unsigned)st.st_uid, (unsigned)uid);
	if ((st.st_mode & 027) != 0 ||
	    ((st.st_mode & 040) != 0 && st.st_gid != 0 && st.st_gid != gid))
		return err_set(e, "%s: others may read or change it (mode %03o): chmod 600, or "
			       "640 with its reader's group, gid %u", path,
		    (unsigned)st.st_mode & 0777, (unsigned)gid);
	return 0;
}
