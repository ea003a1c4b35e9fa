/*
 * How a mail gets into a file that belongs to somebody else: a Maildir (a file each, moved in when
 * it is whole) or an mbox file (added to under a lock, cut back if it does not get in).
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fileout.h"

#define STALE_LOCK  600 /* seconds; nobody holds one so long, who made it is dead */
#define WRITE_FLAGS (O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static int
write_all(int fd, const struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	for (; at < b->len; at += (size_t)n)
		if ((n = write(fd, b->p + at, b->len - at)) <= 0)
			return -1;
	return fdatasync(fd);
}

static int
close_with(int fd, int rc)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return rc;
}

/* Lines as they are on this machine. With quoted, one that could begin a mail gets a '>'. */
static void
put_lines(struct buf *out, const struct buf *text, int quoted)
{
	const uint8_t *p = text->p, *end = p + text->len, *q;
	int begins = 1;

	for (; p < end; p++) {
		if (begins && quoted) {
			for (q = p; q < end && *q == '>'; q++)
				;
			if (end - q >= 5 && memcmp(q, "From ", 5) == 0)
				buf_u8(out, '>');
		}
		if (p[0] != '\r' || p + 1 == end || p[1] != '\n')
			buf_u8(out, *p);
		begins = *p == '\n';
	}
}

/* --- Maildir --- */

static int
open_dir(int in, const char *name)
{
	return openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
into_maildir(int box, const char *name, const struct buf *b)
{
	int tmp = open_dir(box, "tmp"), new = open_dir(box, "new"), fd = -1, rc = -1;

	if (tmp != -1 && new != -1)
		fd = openat(tmp, name, WRITE_FLAGS | O_CREAT | O_EXCL, 0660);
	if (fd != -1) {
		rc = close_with(fd, write_all(fd, b));
		if (rc == 0 && (rc = renameat(tmp, name, new, name)) == 0)
			rc = fsync(new);
		if (rc == -1) {
			int saved = errno;
			unlinkat(tmp, name, 0);
			errno = saved;
		}
	}
	if (tmp != -1)
		close_with(tmp, 0);
	if (new != -1)
		close_with(new, 0);
	return rc;
}

static int
store_maildir(int dirfd, const char *box_name, const char *unique, const char *sender,
    const struct buf *text, int64_t now)
{
	int box = open_dir(dirfd, box_name);
	struct buf b = { 0 };
	char name[400];
	int rc;

	if (box == -1)
		return -1;
	snprintf(name, sizeof(name), "%lld.R%s.%s", (long long)now, unique,
	    mailbox_domain(sender));
	put_lines(&b, text, 0);
	rc = into_maildir(box, name, &b);
	buf_wipe(&b);
	return close_with(box, rc);
}

/* --- mbox --- */

/* A file beside it, as other programs make one; ours is gone with us only if we were not killed. */
static int
lock_beside(int dirfd, const char *lock, int64_t now)
{
	int fd = openat(dirfd, lock, WRITE_FLAGS | O_CREAT | O_EXCL, 0600);
	struct stat st;

	if (fd == -1 && errno == EEXIST && fstatat(dirfd, lock, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime + STALE_LOCK < now && unlinkat(dirfd, lock, 0) == 0)
		fd = openat(dirfd, lock, WRITE_FLAGS | O_CREAT | O_EXCL, 0600);
	if (fd == -1) {
		if (errno == EEXIST)
			errno = EAGAIN;
		return -1;
	}
	close(fd);
	return 0;
}

static int
lock_whole(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &l);
}

/* "From " and the date as in UTC; lines quoted; an empty line behind. */
static void
mbox_entry(struct buf *out, const char *sender, const struct buf *text, int64_t now)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)now;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		fatalx("the clock says a time that has no date");
	buf_printf(out, "From %s %s %s %2d %02d:%02d:%02d %d\n", sender, days[tm.tm_wday],
	    months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
	put_lines(out, text, 1);
	buf_str(out, "\n");
}

/* At the end; the length that it had is what it has again if that fails. */
static int
append(int fd, struct buf *b)
{
	struct stat st;
	int saved;

	if (lock_whole(fd) == -1 || fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		errno = EINVAL;
		return -1;
	}
	/* What a crash left of a mail must not swallow this one; an empty line does no harm. */
	if (st.st_size > 0 && write(fd, "\n", 1) != 1)
		b = NULL;
	if (b != NULL && write_all(fd, b) == 0)
		return 0;
	saved = errno;
	if (ftruncate(fd, st.st_size) == -1)
		log_warn("an mbox file keeps a piece of a mail");
	errno = saved;
	return -1;
}

static int
store_mbox(int dirfd, const char *file, const char *sender, const struct buf *text, int64_t now)
{
	struct buf b = { 0 };
	char lock[300];
	int fd, rc;

	snprintf(lock, sizeof(lock), "%s.lock", file);
	if (lock_beside(dirfd, lock, now) == -1)
		return -1;
	fd = openat(dirfd, file, WRITE_FLAGS | O_APPEND);
	if (fd == -1 && errno == ENOENT)
		fd = openat(dirfd, file, WRITE_FLAGS | O_APPEND | O_CREAT | O_EXCL, 0660);
	if (fd == -1) {
		rc = -1;
	} else {
		mbox_entry(&b, sender, text, now);
		rc = close_with(fd, append(fd, &b));
		buf_wipe(&b);
	}
	if (unlinkat(dirfd, lock, 0) == -1)
		log_warn("the lock of an mbox file stays");
	return rc;
}

int
fileout_store(int dirfd, const char *destination, const char *unique, const char *sender,
    const struct buf *text, int64_t now)
{
	char name[MAX_MAILBOX + 1];
	size_t len;

	strlcpy(name, destination + 2, sizeof(name));
	len = strlen(name);
	if (name[len - 1] != '/')
		return store_mbox(dirfd, name, sender, text, now);
	name[len - 1] = '\0';
	return store_maildir(dirfd, name, unique, sender, text, now);
}
