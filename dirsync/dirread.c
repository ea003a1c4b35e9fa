/*
 * work/dir: the directory (dir.gz or dir) and descriptors in imported/, put there by hand. Looked
 * at once a minute, read again when something changed.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "directory.h"
#include "dirsync.h"

#define LOOK_MS	     (60 * 1000)
#define MAX_IMPORTED 4096

struct dirread {
	int dirfd;
	struct loop_timer *timer;
	void (*hosts)(void *arg, char **hosts, size_t n);
	void *arg;
	uint8_t seen[32]; /* of names, sizes and times of what was read */
	int first;
};

/* --- what is there --- */

static void
note(struct buf *b, int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, 0) == -1)
		return;
	buf_printf(b, "%s %llu %lld %lld.%09ld\n", name, (unsigned long long)st.st_ino,
	    (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* Calls cb for the files of imported/, in no order. */
static void
each_imported(struct dirread *r, void (*cb)(int fd, const char *name, void *arg), void *arg)
{
	int fd = openat(r->dirfd, "imported", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (d == NULL)
		return;
	while ((de = readdir(d)) != NULL && n < MAX_IMPORTED)
		if (de->d_name[0] != '.') {
			cb(fd, de->d_name, arg);
			n++;
		}
	closedir(d);
}

static void
note_imported(int fd, const char *name, void *arg)
{
	note(arg, fd, name);
}

static int
changed(struct dirread *r)
{
	struct buf b = { 0 };
	uint8_t md[32];
	int same;

	note(&b, r->dirfd, "dir.gz");
	note(&b, r->dirfd, "dir");
	each_imported(r, note_imported, &b);
	sha256(md, b.p, b.len);
	buf_free(&b);
	same = !r->first && memcmp(md, r->seen, sizeof(md)) == 0;
	memcpy(r->seen, md, sizeof(md));
	r->first = 0;
	return !same;
}

/* --- reading --- */

static int
read_file(int dirfd, const char *name, size_t max, struct buf *b)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	do {
		n = read(fd, buf_space(b, 65536), 65536);
		b->len -= 65536 - (size_t)(n > 0 ? n : 0);
	} while (n > 0 && b->len <= max);
	close(fd);
	if (b->len > max)
		errno = EFBIG;
	return n == 0 ? 0 : -1;
}

static void
take(int dirfd, const char *name, size_t max, struct hostlist *l)
{
	struct buf b = { 0 };
	struct errmsg e;

	if (read_file(dirfd, name, max, &b) == -1) {
		if (errno != ENOENT)
			log_warn("work/dir: %s", name);
	} else if (dirread_hosts(l, b.p, b.len, daemon_now(), &e) == -1) {
		count(C_DIRECTORIES_BAD);
		log_warnx("work/dir: %s is not used: %s", name, e.s);
	} else
		count(C_DIRECTORIES_READ);
	buf_free(&b);
}

static void
take_imported(int fd, const char *name, void *arg)
{
	take(fd, name, DESC_MAX_LEN, arg);
}

static void
look(void *arg)
{
	struct dirread *r = arg;
	struct hostlist l = { NULL, 0 };
	struct stat st;

	if (changed(r)) {
		if (fstatat(r->dirfd, "dir.gz", &st, 0) == 0)
			take(r->dirfd, "dir.gz", DIRECTORY_MAX_LEN, &l);
		else
			take(r->dirfd, "dir", DIRECTORY_MAX_LEN, &l);
		each_imported(r, take_imported, &l);
		hostlist_unique(&l);
		log_info("the directory names %zu hosts to be looked up", l.n);
		r->hosts(r->arg, l.v, l.n);
	}
	loop_timer_set(r->timer, LOOK_MS);
}

struct dirread *
dirread_new(struct loop *l, int dirfd, void (*hosts)(void *arg, char **hosts, size_t n), void *arg)
{
	struct dirread *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fatal("dirread");
	r->dirfd = dirfd;
	r->timer = loop_timer(l, look, r);
	r->hosts = hosts;
	r->arg = arg;
	r->first = 1;
	return r;
}

void
dirread_start(struct dirread *r)
{
	loop_timer_set(r->timer, 0);
}
