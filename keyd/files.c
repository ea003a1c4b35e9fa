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

int
files_replace(int dirfd, const char *name, const void *p, size_t len, struct errmsg *e)
{
	char tmp[64];
	int fd, rc;

	snprintf(tmp, sizeof(tmp), ".%s.new", name);
	if (unlinkat(dirfd, tmp, 0) == -1 && errno != ENOENT)
		return err_set(e, "%s: %s", tmp, strerror(errno));
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | OPEN_FLAGS, 0600);
	if (fd == -1)
		return err_set(e, "%s: %s", tmp, strerror(errno));
	rc = write_all(fd, p, len);
	close(fd);
	if (rc == -1 || renameat(dirfd, tmp, dirfd, name) == -1 || fsync(dirfd) == -1) {
		rc = err_set(e, "%s: %s", name, strerror(errno));
		unlinkat(dirfd, tmp, 0);
	}
	return rc;
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
