#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "ui.h"

#define READ_STEP 65536

int
input_read_fd(int fd, const char *what, struct buf *b, size_t max, struct errmsg *e)
{
	size_t start = b->len;
	struct stat st;
	ssize_t n;

	/* A long file is not moved about while it comes. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= max)
		buf_reserve(b, (size_t)st.st_size + 2 * READ_STEP);
	for (;;) {
		uint8_t *p = buf_space(b, READ_STEP);

		b->len -= READ_STEP;
		n = read(fd, p, READ_STEP);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set(e, "%s: %s", what, strerror(errno));
		if (n == 0)
			return 0;
		b->len += (size_t)n;
		if (b->len - start > max)
			return err_set(e, "%s: longer than %zu octets", what, max);
	}
}

int
input_read(const char *path, struct buf *b, size_t max, struct errmsg *e)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return input_read_fd(STDIN_FILENO, "standard input", b, max, e);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	r = input_read_fd(fd, path, b, max, e);
	(void)close(fd);
	return r;
}

static int
write_all(int fd, const void *p, size_t len)
{
	const uint8_t *s = p;

	while (len > 0) {
		ssize_t n = write(fd, s, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		s += n;
		len -= (size_t)n;
	}
	return 0;
}

int
dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd == -1)
		return -1;
	r = fsync(fd);
	(void)close(fd);
	return r;
}

/* The directory that path lies in. */
static void
parent_of(char *out, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		(void)snprintf(out, size, ".");
	else if (slash == path)
		(void)snprintf(out, size, "/");
	else
		(void)snprintf(out, size, "%.*s", (int)(slash - path), path);
}

/* Terminals, pipes and devices are written to as they are; there is nothing to replace. */
static int
write_special(const char *path, const void *p, size_t len, struct errmsg *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), r;

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	r = write_all(fd, p, len);
	if (close(fd) == -1 || r == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	return 0;
}

static int
replace(const char *path, const char *tmp, int fd, const void *p, size_t len)
{
	int r = write_all(fd, p, len);

	if (r == 0)
		r = fsync(fd);
	if (close(fd) == -1)
		r = -1;
	return r == 0 ? rename(tmp, path) : -1;
}

int
output_write(const char *path, const void *p, size_t len, struct errmsg *e)
{
	char tmp[PATH_MAX], dir[PATH_MAX];
	struct stat st;
	int fd, saved;

	if (strcmp(path, "-") == 0) {
		if (write_all(STDOUT_FILENO, p, len) == -1)
			return err_set(e, "standard output: %s", strerror(errno));
		return 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_special(path, p, len, e);
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= sizeof(tmp))
		return err_set(e, "%s: %s", path, strerror(ENAMETOOLONG));
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (replace(path, tmp, fd, p, len) == -1) {
		saved = errno;
		(void)unlink(tmp);
		return err_set(e, "%s: %s", path, strerror(saved));
	}
	parent_of(dir, sizeof(dir), path);
	(void)dir_sync(dir); /* the file system may have no such thing */
	return 0;
}

static int
make_parents(const char *path, struct errmsg *e)
{
	char dir[PATH_MAX];

	parent_of(dir, sizeof(dir), path);
	if (access(dir, F_OK) == 0)
		return 0;
	return dir_private(dir, e);
}

int
dir_private(const char *path, struct errmsg *e)
{
	struct stat st;

	if (strlen(path) >= PATH_MAX)
		return err_set(e, "%s: %s", path, strerror(ENAMETOOLONG));
	if (stat(path, &st) == -1) {
		if (make_parents(path, e) == -1)
			return -1;
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return err_set(e, "%s: %s", path, strerror(errno));
		if (stat(path, &st) == -1)
			return err_set(e, "%s: %s", path, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(e, "%s: %s", path, strerror(ENOTDIR));
	if (st.st_uid != geteuid())
		return err_set(e, "%s: belongs to another user", path);
	if ((st.st_mode & 077) != 0) {
		ui_warn("%s was open to other users: closed", path);
		if (chmod(path, 0700) == -1)
			return err_set(e, "%s: %s", path, strerror(errno));
	}
	return 0;
}

/* An overwrite that is still in memory when the file goes never reaches the disk. */
static int
overwrite(int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode))
		return 0;
	for (off_t left = st.st_size; left > 0; left -= (off_t)sizeof(zeros))
		if (write_all(fd, zeros,
			left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros)) == -1)
			return -1;
	return fsync(fd);
}

int
file_wipe(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc = 0;

	if (fd == -1)
		return errno == ENOENT ? 0 : unlink(path);
	if (overwrite(fd) == -1)
		rc = -1;
	(void)close(fd);
	return unlink(path) == -1 ? -1 : rc;
}
