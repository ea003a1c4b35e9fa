/*
 * work/dir: the directory (dir.gz or dir) and descriptors in imported/, fetched or put there by
 * hand. Looked at once a minute, read again by the parser when something changed.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "crypto.h"

#define LOOK_MS	     (60 * 1000)
#define MAX_IMPORTED 4096

struct dirread {
	int dirfd;
	struct parser *parser;
	struct loop_timer *timer;
	struct dirread_calls calls;
	uint8_t seen[32]; /* of names, sizes and times of what was read */
	int first, busy, again;
	/* what is being read */
	struct opt_list names;
	size_t at;
	struct hostlist hosts;
	int64_t valid_after, valid_until;
};

static void read_next(struct dirread *r);

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

static void
add_imported(int fd, const char *name, void *arg)
{
	char path[FILENAME_LEN];

	(void)fd;
	if ((size_t)snprintf(path, sizeof(path), "imported/%s", name) < sizeof(path))
		opt_list_add(arg, path);
}

static void
on_parsed(void *arg, const struct parse_rep *rep, struct hostlist *hosts)
{
	struct dirread *r = arg;
	const char *name = r->names.v[r->at];

	if (rep->outcome == PARSE_BAD) {
		count(C_DIRECTORIES_BAD);
		log_warnx("work/dir: %s is not used: %s", name, rep->why);
	} else if (rep->outcome == PARSE_GOOD) {
		count(C_DIRECTORIES_READ);
		for (size_t i = 0; i < hosts->n; i++)
			hostlist_add(&r->hosts, hosts->v[i]);
		if (rep->nskipped > 0)
			log_info("%s has %u faulty descriptors: skipped", name,
			    (unsigned)rep->nskipped);
		if (r->at == 0 && rep->is_directory) {
			r->valid_after = rep->valid_after;
			r->valid_until = rep->valid_until;
		}
	}
	r->at++;
	read_next(r);
}

static void
read_next(struct dirread *r)
{
	if (r->at < r->names.n) {
		parser_file(r->parser, r->names.v[r->at], 0, on_parsed, r);
		return;
	}
	opt_list_free(&r->names);
	hostlist_unique(&r->hosts);
	log_info("the directory names %zu hosts to be looked up", r->hosts.n);
	r->calls.hosts(r->calls.arg, r->hosts.v, r->hosts.n);
	r->hosts = (struct hostlist){ NULL, 0 };
	r->busy = 0;
	r->calls.held(r->calls.arg, r->valid_after, r->valid_until);
	loop_timer_set(r->timer, r->again ? 0 : LOOK_MS);
}

static void
look(void *arg)
{
	struct dirread *r = arg;
	struct stat st;

	r->again = r->busy;
	if (r->busy)
		return;
	if (!changed(r)) {
		loop_timer_set(r->timer, LOOK_MS);
		return;
	}
	r->busy = 1;
	r->at = 0;
	r->valid_after = r->valid_until = 0;
	opt_list_add(&r->names, fstatat(r->dirfd, "dir.gz", &st, 0) == 0 ? "dir.gz" : "dir");
	each_imported(r, add_imported, &r->names);
	read_next(r);
}

struct dirread *
dirread_new(struct loop *l, int dirfd, struct parser *p, const struct dirread_calls *calls)
{
	struct dirread *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fatal("dirread");
	r->dirfd = dirfd;
	r->parser = p;
	r->timer = loop_timer(l, look, r);
	r->calls = *calls;
	r->first = 1;
	return r;
}

void
dirread_start(struct dirread *r)
{
	loop_timer_set(r->timer, 0);
}
