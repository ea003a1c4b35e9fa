#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "surblog.h"

#define FIRST_LINE "# Reply blocks that have been used: digest, last day of use\n"
#define LOG_MAX	   (64UL * 1024 * 1024)

static void
remember(struct surblog *l, const uint8_t digest[HASH_LEN], int64_t use_by)
{
	void *p = reallocarray(l->used, l->n + 1, sizeof(*l->used));

	if (p == NULL)
		fatal("reallocarray");
	l->used = p;
	memcpy(l->used[l->n].digest, digest, HASH_LEN);
	l->used[l->n++].use_by = use_by;
}

/* Returns the octets of the line, 0 at the end; a line cut short by a crash was never acted on. */
static size_t
parse_line(struct surblog *l, const char *p, size_t len, int64_t now, struct errmsg *e)
{
	const char *nl = memchr(p, '\n', len);
	uint8_t digest[HASH_LEN];
	long long use_by;
	char rest;

	if (nl == NULL)
		return 0;
	if (p[0] != '#') {
		if (nl - p < 2 * HASH_LEN + 2 ||
		    hex_decode(digest, HASH_LEN, p, 2 * HASH_LEN) == -1 ||
		    sscanf(p + 2 * HASH_LEN, " %lld%c", &use_by, &rest) != 2 || rest != '\n') {
			(void)err_set(e,
			    "%s: not a log of used reply blocks as this program writes "
			    "it; move it away if it is another program's",
			    l->path);
			return SIZE_MAX;
		}
		if (use_by >= now)
			remember(l, digest, use_by);
	}
	return (size_t)(nl - p) + 1;
}

static int
parse(struct surblog *l, struct buf *text, int64_t now, struct errmsg *e)
{
	const char *p = buf_cstr(text);
	size_t pos = 0, n;

	while ((n = parse_line(l, p + pos, text->len - pos, now, e)) != 0) {
		if (n == SIZE_MAX)
			return -1;
		pos += n;
	}
	return 0;
}

static void
format_line(struct buf *b, const uint8_t digest[HASH_LEN], int64_t use_by)
{
	char hex[2 * HASH_LEN + 1];

	hex_encode(hex, digest, HASH_LEN);
	buf_printf(b, "%s %lld\n", hex, (long long)use_by);
}

/* What still counts, as a file of its own: nothing is appended to a line cut short. */
static int
rewrite(const struct surblog *l, struct errmsg *e)
{
	struct buf b = { 0 };
	int r;

	buf_str(&b, FIRST_LINE);
	for (size_t i = 0; i < l->n; i++)
		format_line(&b, l->used[i].digest, l->used[i].use_by);
	r = output_write(l->path, b.p, b.len, e);
	buf_free(&b);
	return r;
}

static int
load(struct surblog *l, int64_t now, struct errmsg *e)
{
	struct buf text = { 0 };
	int r = 0;

	if (access(l->path, F_OK) == 0) {
		r = input_read(l->path, &text, LOG_MAX, e);
		if (r == 0)
			r = parse(l, &text, now, e);
	}
	buf_free(&text);
	return r == 0 ? rewrite(l, e) : -1;
}

/* Ours begins with our first line; an empty file is nobody's. */
static int
is_foreign(const char *path)
{
	char head[sizeof(FIRST_LINE) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd == -1)
		return 0;
	n = read(fd, head, sizeof(head));
	(void)close(fd);
	return n > 0 && memcmp(head, FIRST_LINE, (size_t)n) != 0;
}

/* Python's other kinds of databases add to the name that they are given. */
static int
has_sibling(const struct home *h)
{
	static const char *const names[] = { "surbs/log.db", "surbs/log.dat", "surbs/log.dir",
		"surbs/log.pag" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (home_path(h, names[i], path, NULL) == 0 && access(path, F_OK) == 0)
			return 1;
	return 0;
}

int
surblog_open(struct surblog *l, const struct home *h, int64_t now, struct errmsg *e)
{
	int in_the_way;

	memset(l, 0, sizeof(*l));
	l->fd = -1;
	if (home_subdir(h, "surbs", l->path, e) == -1 ||
	    home_path(h, "surbs/log", l->path, e) == -1) {
		surblog_close(l);
		return -1;
	}
	in_the_way = is_foreign(l->path);
	l->foreign = in_the_way || has_sibling(h);
	if ((in_the_way && home_path(h, "surbs/used", l->path, e) == -1) ||
	    load(l, now, e) == -1) {
		surblog_close(l);
		return -1;
	}
	l->fd = open(l->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (l->fd == -1) {
		surblog_close(l);
		return err_set(e, "%s: %s", l->path, strerror(errno));
	}
	return 0;
}

void
surblog_close(struct surblog *l)
{
	if (l->fd != -1)
		(void)close(l->fd);
	free(l->used);
	l->used = NULL;
	l->n = 0;
	l->fd = -1;
}

int
surblog_used(const struct surblog *l, const struct surb *s)
{
	uint8_t digest[HASH_LEN];

	surb_digest(s, digest);
	for (size_t i = 0; i < l->n; i++)
		if (memcmp(l->used[i].digest, digest, HASH_LEN) == 0)
			return 1;
	return 0;
}

int
surblog_mark(struct surblog *l, const struct surb *s, struct errmsg *e)
{
	uint8_t digest[HASH_LEN];
	struct buf b = { 0 };
	ssize_t n;

	surb_digest(s, digest);
	format_line(&b, digest, s->use_by);
	n = write(l->fd, b.p, b.len);
	if (n != (ssize_t)b.len || fsync(l->fd) == -1) {
		buf_free(&b);
		return err_set(e, "%s: %s", l->path, n >= 0 ? "write failed" : strerror(errno));
	}
	buf_free(&b);
	remember(l, digest, s->use_by);
	return 0;
}
