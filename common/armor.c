#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "armor.h"
#include "log.h"

/* A line of the text, without its LF and what white space may stand before it. */
struct line {
	const char *p;
	size_t len;
	size_t next; /* offset behind its LF */
};

static void
put_text(struct buf *out, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '-' && (i == 0 || p[i - 1] == '\n'))
			buf_str(out, "- ");
		buf_u8(out, (uint8_t)p[i]);
	}
	if (len == 0 || p[len - 1] != '\n')
		buf_u8(out, '\n');
}

void
armor_encode(struct buf *out, const char *kind, const struct armor_header *h, size_t nh,
    const void *p, size_t len, int base64)
{
	buf_printf(out, "-----BEGIN %s-----\n", kind);
	for (size_t i = 0; i < nh; i++)
		buf_printf(out, "%s: %s\n", h[i].name, h[i].value);
	buf_u8(out, '\n');
	if (!base64)
		put_text(out, p, len);
	else if (len == 0)
		buf_u8(out, '\n');
	else
		b64_encode_lines(out, p, len);
	buf_printf(out, "-----END %s-----\n", kind);
}

/* The line at pos; 0 at the end of the text. */
static int
get_line(struct line *l, const char *text, size_t len, size_t pos)
{
	const char *nl;

	if (pos >= len)
		return 0;
	l->p = text + pos;
	nl = memchr(l->p, '\n', len - pos);
	l->len = nl != NULL ? (size_t)(nl - l->p) : len - pos;
	l->next = nl != NULL ? pos + l->len + 1 : len;
	while (l->len > 0 && strchr(" \t\r", l->p[l->len - 1]) != NULL && l->p[l->len - 1] != '\0')
		l->len--;
	return 1;
}

/* 1 if l is "-----BEGIN KIND-----" or, with word "END", the line that closes it. */
static int
is_mark(const struct line *l, const char *word, const char *kind)
{
	struct buf want = { 0 };
	int same;

	buf_printf(&want, "-----%s %s-----", word, kind);
	same = l->len == want.len && memcmp(l->p, want.p, want.len) == 0;
	buf_free(&want);
	return same;
}

/* The object's extent: *begin behind its first line, *end at its last, *next behind that. */
static int
find_object(const char *kind, const char *text, size_t len, size_t *begin, size_t *end,
    size_t *next)
{
	struct line l;
	int inside = 0;

	for (size_t pos = *next; get_line(&l, text, len, pos); pos = l.next) {
		*next = l.next;
		if (!inside && is_mark(&l, "BEGIN", kind)) {
			*begin = l.next;
			inside = 1;
		} else if (inside && is_mark(&l, "END", kind)) {
			*end = pos;
			return 1;
		}
	}
	*next = len;
	return inside ? -1 : 0;
}

/* "Name: value" */
static int
add_header(struct armored *a, const struct line *l, struct errmsg *e)
{
	const char *colon = memchr(l->p, ':', l->len);
	size_t namelen = colon != NULL ? (size_t)(colon - l->p) : 0;

	if (namelen == 0 || l->len < namelen + 3 || colon[1] != ' ' ||
	    memchr(l->p, '\0', l->len) != NULL)
		return err_set(e, "a malformed header in the armor of a %s", a->kind);
	for (size_t i = 0; i < namelen; i++)
		if (isspace((unsigned char)l->p[i]))
			return err_set(e, "a malformed header in the armor of a %s", a->kind);
	if (a->nheaders == sizeof(a->headers) / sizeof(a->headers[0]))
		return err_set(e, "too many headers in the armor of a %s", a->kind);
	a->headers[a->nheaders].name = strndup(l->p, namelen);
	a->headers[a->nheaders].value = strndup(colon + 2, l->len - namelen - 2);
	if (a->headers[a->nheaders].name == NULL || a->headers[a->nheaders].value == NULL)
		fatal("armor: no memory");
	a->nheaders++;
	return 0;
}

static void
put_unescaped(struct buf *out, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *next = nl != NULL ? nl + 1 : end;

		if (next - p >= 2 && p[0] == '-' && p[1] == ' ')
			p += 2;
		buf_put(out, p, (size_t)(next - p));
		p = next;
	}
}

static int
is_base64(const struct armored *a)
{
	const char *type;

	if (strcmp(a->kind, ARMOR_MESSAGE) != 0)
		return 1;
	type = armored_header(a, "Message-type");
	return type != NULL && strcmp(type, "plaintext") != 0;
}

static int
put_body(struct armored *a, const char *p, size_t len, struct errmsg *e)
{
	struct buf copy = { 0 };
	int cut;

	if (!is_base64(a)) {
		put_unescaped(&a->data, p, len);
		return 0;
	}
	/* What mail gateways of Type I and II leave where they cut a long message. */
	buf_str(&copy, "\n");
	buf_put(&copy, p, len);
	cut = memmem(copy.p, copy.len, "\n[...]", 6) != NULL;
	buf_free(&copy);
	if (cut)
		return err_set(e, "a %s that was cut short on its way", a->kind);
	if (b64_decode(&a->data, p, len, 1) == -1)
		return err_set(e, "bad base-64 in a %s", a->kind);
	return 0;
}

static int
parse_object(struct armored *a, const char *kind, const char *text, size_t len, struct errmsg *e)
{
	struct line l;
	size_t pos = 0;

	memset(a, 0, sizeof(*a));
	if ((a->kind = strdup(kind)) == NULL)
		fatal("armor: no memory");
	while (get_line(&l, text, len, pos)) {
		pos = l.next;
		if (l.len == 0)
			break;
		if (add_header(a, &l, e) == -1)
			return -1;
	}
	return put_body(a, text + pos, len - pos, e);
}

int
armor_next(struct armored *a, const char *kind, const char *text, size_t len, size_t *pos,
    struct errmsg *e)
{
	size_t begin = 0, end = 0;
	int r = find_object(kind, text, len, &begin, &end, pos);

	if (r == 0)
		return 0;
	if (r == -1)
		return err_set(e, "a %s without its last line", kind);
	if (parse_object(a, kind, text + begin, end - begin, e) == -1) {
		armored_free(a);
		return -1;
	}
	return 1;
}

const char *
armored_header(const struct armored *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcmp(a->headers[i].name, name) == 0)
			return a->headers[i].value;
	return NULL;
}

void
armored_free(struct armored *a)
{
	free(a->kind);
	for (size_t i = 0; i < a->nheaders; i++) {
		free(a->headers[i].name);
		free(a->headers[i].value);
	}
	buf_wipe(&a->data);
	memset(a, 0, sizeof(*a));
}
