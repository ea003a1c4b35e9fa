#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "log.h"
#include "mailbox.h"
#include "mailtext.h"

static const char *const maildir_parts[] = { "new", "cur" };

static int
each_of_text(const struct buf *text, const char *where, int64_t when, mail_fn fn, void *arg)
{
	struct mail m = { .where = where, .when = when };
	struct buf one = { 0 };
	char name[PATH_MAX + 32];
	size_t pos = 0;
	int r = 0;

	if (!is_mbox((const char *)text->p, text->len)) {
		m.alone = 1;
		m.text = text->p != NULL ? (const char *)text->p : "";
		m.len = text->len;
		return fn(&m, arg);
	}
	m.where = name;
	for (int n = 1; r == 0 && mbox_next(&one, (const char *)text->p, text->len, &pos); n++) {
		(void)snprintf(name, sizeof(name), "%s, mail %d", where, n);
		m.text = buf_cstr(&one);
		m.len = one.len;
		r = fn(&m, arg);
	}
	buf_wipe(&one);
	return r;
}

static int
each_of_file(const char *path, mail_fn fn, void *arg, struct errmsg *e)
{
	struct buf text = { 0 };
	struct stat st;
	int r, std = strcmp(path, "-") == 0;

	if (std || stat(path, &st) == -1)
		st.st_mtime = 0;
	r = input_read(path, &text, INPUT_MAX, e);
	if (r == 0)
		r = each_of_text(
		    &text, std ? "standard input" : path, (int64_t)st.st_mtime, fn, arg);
	buf_wipe(&text);
	return r;
}

/* --- Maildir --- */

/* Their names begin with the time at which they came. */
static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	const char *s = strrchr(*x, '/'), *t = strrchr(*y, '/');

	return strcmp(s, t);
}

struct names {
	char **v;
	size_t n;
};

static void
add_name(struct names *l, const char *dir, const char *part, const char *name)
{
	l->v = reallocarray(l->v, l->n + 1, sizeof(*l->v));
	if (l->v == NULL || asprintf(&l->v[l->n], "%s/%s/%s", dir, part, name) == -1)
		fatal("out of memory");
	l->n++;
}

static int
list(struct names *l, const char *dir, const char *part, struct errmsg *e)
{
	char path[PATH_MAX];
	struct dirent *de;
	DIR *d;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, part) >= sizeof(path))
		return err_set(e, "%.200s: %s", dir, strerror(ENAMETOOLONG));
	if ((d = opendir(path)) == NULL)
		return err_set(e, "%.200s is no Maildir: %s: %s", dir, part, strerror(errno));
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.')
			add_name(l, dir, part, de->d_name);
	(void)closedir(d);
	return 0;
}

/* What is no file holds no mail; what is gone was moved by a mail reader. */
static int
each_of_maildir(const char *dir, mail_fn fn, void *arg, struct errmsg *e)
{
	struct names l = { 0 };
	struct stat st;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		r = list(&l, dir, maildir_parts[i], e);
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		if (stat(l.v[i], &st) == 0 && S_ISREG(st.st_mode) &&
		    (r = each_of_file(l.v[i], fn, arg, e)) == -1 && stat(l.v[i], &st) == -1)
			r = 0;
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i]);
	free(l.v);
	return r;
}

int
mailbox_each(const char *path, mail_fn fn, void *arg, struct errmsg *e)
{
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return each_of_maildir(path, fn, arg, e);
	return each_of_file(path, fn, arg, e);
}

static uint64_t
stamp(uint64_t before, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return before;
	return before * 1000003 + (uint64_t)st.st_size + (uint64_t)st.st_mtim.tv_sec * 1009 +
	    (uint64_t)st.st_mtim.tv_nsec + 1;
}

uint64_t
mailbox_stamp(const char *path)
{
	char part[PATH_MAX];
	uint64_t s = 0;

	if (strcmp(path, "-") == 0)
		return 0;
	for (size_t i = 0; i < 2; i++)
		if ((size_t)snprintf(part, sizeof(part), "%s/%s", path, maildir_parts[i]) <
		    sizeof(part))
			s = stamp(s, part);
	return stamp(s, path);
}
