/*
 * The text format of descriptors, directories and configuration files (dir-spec 2.1, 2.5).
 */
#include <stdlib.h>
#include <string.h>

#include "infofmt.h"
#include "log.h"

#define MAX_TEXT     (16 * 1024 * 1024)
#define MAX_SECTIONS 65536
#define MAX_ENTRIES  1000000

struct parser {
	struct info *in;
	enum info_dialect dialect;
	unsigned line;
	size_t nentries;
	struct errmsg *e;
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
is_identifier(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < 33 || s[i] > 126 || s[i] == ':' || s[i] == '[' || s[i] == ']')
			return 0;
	return len > 0;
}

static int
is_printing(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((s[i] < 32 || s[i] > 126) && s[i] != '\t')
			return 0;
	return 1;
}

/* The next line without its end (CR, LF or CR LF), *pos moved behind it. */
static struct chunk
next_line(const char *text, size_t len, size_t *pos)
{
	struct chunk line = { text + *pos, 0 };

	while (*pos < len && text[*pos] != '\n' && text[*pos] != '\r') {
		(*pos)++;
		line.len++;
	}
	if (*pos < len)
		*pos += text[*pos] == '\r' && *pos + 1 < len && text[*pos + 1] == '\n' ? 2 : 1;
	return line;
}

static struct chunk
strip(const char *s, size_t len)
{
	while (len > 0 && is_blank(*s)) {
		s++;
		len--;
	}
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	return (struct chunk){ s, len };
}

static char *
copy_text(const char *s, size_t len)
{
	char *t = strndup(s, len);

	if (t == NULL)
		fatal("out of memory");
	return t;
}

/* Arrays grow at powers of two, so that their capacity need not be kept. */
static void *
grow(void *p, size_t n, size_t size)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return p;
	p = reallocarray(p, n == 0 ? 1 : 2 * n, size);
	if (p == NULL)
		fatal("out of memory");
	return p;
}

static int
parse_header(struct parser *ps, const char *s, size_t len)
{
	struct chunk name;
	struct info *in = ps->in;

	if (s[len - 1] != ']')
		return err_set(ps->e, "line %u: a section header ends with ']'", ps->line);
	name = (struct chunk){ s + 1, len - 2 };
	if (ps->dialect == INFO_CONFIG)
		name = strip(name.p, name.len);
	if (!is_identifier(name.p, name.len))
		return err_set(ps->e, "line %u: not a section name", ps->line);
	if (in->n == MAX_SECTIONS)
		return err_set(ps->e, "line %u: too many sections", ps->line);
	in->sections = grow(in->sections, in->n, sizeof(*in->sections));
	in->sections[in->n++] = (struct info_section){
		.name = copy_text(name.p, name.len), .line = ps->line
	};
	return 0;
}

/*
 * Where the key ends and the value begins. Descriptors: "Key: value" or "Key:" (D4); a
 * configuration may also have "Key = value" and "Key value". 0 if there is no such thing.
 */
static int
split_entry(enum info_dialect d, const char *s, size_t len, size_t *keylen, size_t *value)
{
	size_t i = 0;

	while (i < len && s[i] != ':' && !is_blank(s[i]) && (d == INFO_EXCHANGE || s[i] != '='))
		i++;
	*keylen = i;
	if (d == INFO_CONFIG) {
		while (i < len && is_blank(s[i]))
			i++;
		if (i < len && (s[i] == ':' || s[i] == '='))
			i++;
	} else {
		if (i == len || s[i] != ':' || (i + 1 < len && !is_blank(s[i + 1])))
			return 0;
		i++;
	}
	*value = i;
	return *keylen < len;
}

static int
parse_entry(struct parser *ps, const char *s, size_t len)
{
	struct info *in = ps->in;
	struct info_section *sec;
	struct chunk value;
	size_t keylen, at;

	if (!split_entry(ps->dialect, s, len, &keylen, &at) || !is_identifier(s, keylen))
		return err_set(ps->e, "line %u: not an entry (\"Key: value\")", ps->line);
	if (in->n == 0)
		return err_set(ps->e, "line %u: an entry before the first section", ps->line);
	if (ps->nentries++ == MAX_ENTRIES)
		return err_set(ps->e, "line %u: too many entries", ps->line);
	value = strip(s + at, len - at);
	sec = &in->sections[in->n - 1];
	sec->entries = grow(sec->entries, sec->n, sizeof(*sec->entries));
	sec->entries[sec->n++] = (struct info_entry){
		.key = copy_text(s, keylen),
		.value = copy_text(value.p, value.len),
		.line = ps->line
	};
	return 0;
}

/* A continuation line of a configuration: joined to the value above it by one space. */
static int
parse_continuation(struct parser *ps, const char *s, size_t len)
{
	struct info *in = ps->in;
	struct info_entry *last;
	size_t old;

	if (in->n == 0 || in->sections[in->n - 1].n == 0)
		return err_set(ps->e, "line %u: indented, but there is nothing to continue",
		    ps->line);
	last = &in->sections[in->n - 1].entries[in->sections[in->n - 1].n - 1];
	old = strlen(last->value);
	last->value = realloc(last->value, old + len + 2);
	if (last->value == NULL)
		fatal("out of memory");
	last->value[old] = ' ';
	memcpy(last->value + old + 1, s, len);
	last->value[old + 1 + len] = '\0';
	return 0;
}

static int
parse_line(struct parser *ps, const char *raw, size_t rawlen)
{
	struct chunk c = strip(raw, rawlen);
	const char *s = c.p;

	ps->line++;
	if (c.len == 0 || *s == '#') {
		if (ps->dialect == INFO_CONFIG)
			return 0;
		return err_set(ps->e, "line %u: empty line or comment", ps->line);
	}
	if (!is_printing(s, c.len))
		return err_set(ps->e, "line %u: characters outside printing ASCII", ps->line);
	if (ps->dialect == INFO_CONFIG && is_blank(*raw))
		return parse_continuation(ps, s, c.len);
	if (*s == '[')
		return parse_header(ps, s, c.len);
	return parse_entry(ps, s, c.len);
}

int
info_parse(struct info *in, const char *text, size_t len, enum info_dialect d, struct errmsg *e)
{
	struct parser ps = { .in = in, .dialect = d, .e = e };
	struct chunk line;
	size_t pos = 0;

	*in = (struct info){ NULL, 0 };
	if (len > MAX_TEXT)
		return err_set(e, "the text is too long");
	while (pos < len) {
		line = next_line(text, len, &pos);
		if (parse_line(&ps, line.p, line.len) == -1) {
			info_free(in);
			return -1;
		}
	}
	if (d == INFO_EXCHANGE && in->n == 0)
		return err_set(e, "the text is empty");
	return 0;
}

void
info_free(struct info *in)
{
	for (size_t i = 0; i < in->n; i++) {
		struct info_section *s = &in->sections[i];

		for (size_t j = 0; j < s->n; j++) {
			free(s->entries[j].key);
			free(s->entries[j].value);
		}
		free(s->entries);
		free(s->name);
	}
	free(in->sections);
	*in = (struct info){ NULL, 0 };
}

const struct info_section *
info_section(const struct info *in, const char *name)
{
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->sections[i].name, name) == 0)
			return &in->sections[i];
	return NULL;
}

const struct info_entry *
info_entry(const struct info_section *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->entries[i].key, key) == 0)
			return &s->entries[i];
	return NULL;
}

void
info_normalize(struct buf *out, const char *text, size_t len)
{
	struct chunk line;
	size_t pos = 0;

	while (pos < len) {
		line = next_line(text, len, &pos);
		line = strip(line.p, line.len);
		buf_put(out, line.p, line.len);
		buf_u8(out, '\n');
	}
}
