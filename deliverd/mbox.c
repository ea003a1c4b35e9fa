/*
 * The MBOX exit type: a file of "name: address" lines says to whom a name belongs (E2E-spec
 * 3.2.1). '=' may stand for the colon and '#' begins a comment line, as with the reference. In
 * place of an address, "./NAME" is an mbox file and "./NAME/" a Maildir in MailboxDir.
 */
#include <stdlib.h>
#include <string.h>

#include "deliverd.h"
#include "routing.h"
#include "textfile.h"

#define BLANKS " \t\r"

struct entry {
	char *name;
	char *addr;
	unsigned line;
};

struct mbox_map {
	struct entry *e; /* sorted by name */
	size_t n;
	size_t cap;
	unsigned first_file; /* its line */
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int
add(struct mbox_map *m, const char *name, size_t nlen, const char *addr, size_t alen, unsigned line)
{
	if (m->n == m->cap) {
		m->cap = m->cap * 2 + 16;
		m->e = reallocarray(m->e, m->cap, sizeof(*m->e));
		if (m->e == NULL)
			fatal("mbox");
	}
	m->e[m->n] = (struct entry) { strndup(name, nlen), strndup(addr, alen), line };
	if (m->e[m->n].name == NULL || m->e[m->n].addr == NULL)
		fatal("mbox");
	m->n++;
	return 0;
}

/* "./NAME" or "./NAME/", of characters that mean nothing in a path. */
static int
file_valid(const char *s, size_t len)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.@";

	if (len < 3 || memcmp(s, "./", 2) != 0 || s[2] == '.')
		return 0;
	s += 2;
	len -= 2;
	if (len > 1 && s[len - 1] == '/')
		len--;
	if (len > 5 && memcmp(s + len - 5, ".lock", 5) == 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\0' || strchr(chars, s[i]) == NULL)
			return 0;
	return 1;
}

int
mbox_is_file(const char *destination)
{
	return *destination == '.' && file_valid(destination, strlen(destination));
}

/* Words after the address are not looked at. */
static int
take_line(void *arg, char *s, unsigned line, struct errmsg *e)
{
	struct mbox_map *m = arg;
	size_t nlen = strcspn(s, BLANKS ":="), alen;
	const char *addr = s + nlen + strspn(s + nlen, BLANKS);

	if (nlen == 0 || (*addr != ':' && *addr != '='))
		return err_set(e, "expected \"name: address\"");
	addr++;
	addr += strspn(addr, BLANKS);
	alen = strcspn(addr, BLANKS);
	if (alen > MAX_MAILBOX ||
	    !(*addr == '.' ? file_valid(addr, alen) : mailbox_valid_utf8(addr, alen)))
		return err_set(
		    e, "that is not a mail address: \"%.*s\"", (int)(alen > 80 ? 80 : alen), addr);
	if (*addr == '.' && m->first_file == 0)
		m->first_file = line;
	return add(m, s, nlen, addr, alen, line);
}

static int
refuse_doubles(const struct mbox_map *m, const char *file, struct errmsg *e)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct entry *a = &m->e[i - 1], *b = &m->e[i];
		if (strcmp(a->name, b->name) == 0)
			return err_set(e, "%s:%u: \"%.80s\" stands in line %u already", file,
			    a->line > b->line ? a->line : b->line, a->name,
			    a->line > b->line ? b->line : a->line);
	}
	return 0;
}

struct mbox_map *
mbox_parse(const char *name, const char *text, size_t len, struct errmsg *e)
{
	struct mbox_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		fatal("mbox");
	if (textfile_lines(name, text, len, take_line, m, e) == -1) {
		mbox_free(m);
		return NULL;
	}
	if (m->n > 0)
		qsort(m->e, m->n, sizeof(*m->e), by_name);
	if (refuse_doubles(m, name, e) == -1) {
		mbox_free(m);
		return NULL;
	}
	return m;
}

struct mbox_map *
mbox_load(const char *path, struct errmsg *e)
{
	struct mbox_map *m = NULL;
	struct buf b = { 0 };

	if (textfile_read(&b, path, e) == 0)
		m = mbox_parse(path, buf_cstr(&b), b.len, e);
	buf_free(&b);
	return m;
}

void
mbox_free(struct mbox_map *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++) {
		free(m->e[i].name);
		free(m->e[i].addr);
	}
	free(m->e);
	free(m);
}

size_t
mbox_size(const struct mbox_map *m)
{
	return m->n;
}

unsigned
mbox_first_file(const struct mbox_map *m)
{
	return m->first_file;
}

const char *
mbox_find(const struct mbox_map *m, const uint8_t *name, size_t len)
{
	char key[256];
	struct entry want = { .name = key }, *got;

	if (m->n == 0 || len == 0 || len >= sizeof(key) || memchr(name, 0, len) != NULL)
		return NULL;
	memcpy(key, name, len);
	key[len] = '\0';
	got = bsearch(&want, m->e, m->n, sizeof(*m->e), by_name);
	return got == NULL ? NULL : got->addr;
}

enum count
mbox_recipients(const struct mbox_map *m, const uint8_t *info, size_t len, struct recipients *to)
{
	const char *addr = mbox_find(m, info, len);

	if (addr == NULL)
		return C_DROPS_UNKNOWN_MBOX;
	to->n = 1;
	strlcpy(to->addr[0], addr, sizeof(to->addr[0]));
	return C_NONE;
}
