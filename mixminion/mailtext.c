#include <string.h>
#include <strings.h>

#include "mailtext.h"

#define MAX_DEPTH    8
#define MAX_BOUNDARY 200 /* RFC 2046 5.1.1 has 70 */

/* A part of the input, read line by line. */
struct span {
	const char *p;
	const char *end;
};

/* One line without its end. */
struct line {
	const char *p;
	size_t len;
	int has_cr;
};

static int
next_line(struct line *l, struct span *s)
{
	const char *nl;

	if (s->p >= s->end)
		return 0;
	nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
	l->p = s->p;
	l->len = (size_t)((nl != NULL ? nl : s->end) - s->p);
	s->p = nl != NULL ? nl + 1 : s->end;
	l->has_cr = l->len > 0 && l->p[l->len - 1] == '\r';
	l->len -= (size_t)l->has_cr;
	return 1;
}

/* "Name:" with printing characters only (RFC 5322 2.2). */
static int
is_field(const struct line *l)
{
	for (size_t i = 0; i < l->len; i++) {
		if (l->p[i] == ':')
			return i > 0;
		if (l->p[i] <= ' ' || l->p[i] > '~')
			return 0;
	}
	return 0;
}

static int
is_folded(const struct line *l)
{
	return l->len > 0 && (l->p[0] == ' ' || l->p[0] == '\t');
}

/* --- header blocks --- */

/*
 * Fields, folded or not, up to an empty line or the end; *body gets what follows. What is no
 * field makes the whole no mail.
 */
static int
split_header(const char *text, size_t len, struct span *header, struct span *body)
{
	struct span s = { text, text + len };
	struct line l;
	int any = 0;

	*header = *body = (struct span) { text, text + len };
	while (next_line(&l, &s)) {
		if (l.len == 0) {
			header->end = l.p;
			*body = s;
			return any;
		}
		if (!is_field(&l) && !(any && is_folded(&l)))
			return 0;
		any = 1;
	}
	body->p = body->end;
	return any;
}

int
is_mail(const char *text, size_t len)
{
	struct span header, body;

	return split_header(text, len, &header, &body);
}

static int
find_field(struct buf *out, struct span header, const char *name)
{
	size_t n = strlen(name);
	struct line l;
	int inside = 0;

	while (next_line(&l, &header)) {
		if (inside && !is_folded(&l))
			break;
		if (inside) {
			buf_put(out, l.p, l.len);
		} else if (l.len > n && strncasecmp(l.p, name, n) == 0 && l.p[n] == ':') {
			buf_put(out, l.p + n + 1, l.len - n - 1);
			inside = 1;
		}
	}
	return inside ? 0 : -1;
}

int
mail_field(struct buf *out, const char *mail, size_t len, const char *name)
{
	struct span header, body;

	buf_reset(out);
	return split_header(mail, len, &header, &body) ? find_field(out, header, name) : -1;
}

/* --- MIME (RFC 2045) --- */

enum encoding { ENC_NONE, ENC_QP, ENC_B64 };

struct entity {
	char type[64]; /* "text/plain", in lower case; "" if it is not said */
	char boundary[MAX_BOUNDARY + 1];
	enum encoding encoding;
	struct span body;
};

/* The token at s in lower case, as much as fits; returns what stands behind it. */
static const char *
token(char *out, size_t size, const char *s)
{
	size_t n = strcspn(s, " \t;=\r\n"), i;

	for (i = 0; i < n && i + 1 < size; i++)
		out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i];
	out[i] = '\0';
	return s + n;
}

/* A parameter's value: a quoted string or a token, in its own case. */
static const char *
value(char *out, size_t size, const char *s)
{
	size_t n = 0;
	int quoted = *s == '"';

	for (s += quoted; *s != '\0'; s++) {
		if (quoted ? *s == '"' : strchr(" \t;\r\n", *s) != NULL)
			break;
		if (quoted && *s == '\\' && s[1] != '\0')
			s++;
		if (n + 1 < size)
			out[n++] = *s;
	}
	out[n] = '\0';
	return s + (quoted && *s == '"');
}

static void
content_type(struct entity *en, const char *s)
{
	char name[32], other[8];

	s = token(en->type, sizeof(en->type), s + strspn(s, " \t"));
	while ((s = strchr(s, ';')) != NULL) {
		s += 1 + strspn(s + 1, " \t");
		s = token(name, sizeof(name), s);
		if (*s != '=')
			continue;
		if (strcmp(name, "boundary") == 0)
			s = value(en->boundary, sizeof(en->boundary), s + 1);
		else
			s = value(other, sizeof(other), s + 1);
	}
}

static void
read_header(struct entity *en, struct span header)
{
	struct buf b = { 0 };
	char name[24];

	en->type[0] = en->boundary[0] = '\0';
	en->encoding = ENC_NONE;
	if (find_field(&b, header, "Content-Type") == 0)
		content_type(en, buf_cstr(&b));
	buf_reset(&b);
	if (find_field(&b, header, "Content-Transfer-Encoding") == 0) {
		(void)token(name, sizeof(name), buf_cstr(&b) + strspn(buf_cstr(&b), " \t"));
		if (strcmp(name, "quoted-printable") == 0)
			en->encoding = ENC_QP;
		else if (strcmp(name, "base64") == 0)
			en->encoding = ENC_B64;
	}
	buf_free(&b);
}

/* RFC 2045 6.7; what is malformed stands for itself. */
static void
put_qp(struct buf *out, struct span s)
{
	struct line l;

	while (next_line(&l, &s)) {
		int soft = 0;

		while (l.len > 0 && (l.p[l.len - 1] == ' ' || l.p[l.len - 1] == '\t'))
			l.len--;
		if (l.len > 0 && l.p[l.len - 1] == '=') {
			l.len--;
			soft = 1;
		}
		for (size_t i = 0; i < l.len; i++) {
			uint8_t octet;

			if (l.p[i] == '=' && l.len - i > 2 &&
			    hex_decode(&octet, 1, l.p + i + 1, 2) == 0) {
				buf_u8(out, octet);
				i += 2;
			} else {
				buf_u8(out, (uint8_t)l.p[i]);
			}
		}
		if (!soft)
			buf_u8(out, '\n');
	}
}

/* Lines that end with CR LF end with LF. */
static void
put_lines(struct buf *out, struct span s)
{
	struct line l;

	while (next_line(&l, &s)) {
		int ended = s.p[-1] == '\n';

		buf_put(out, l.p, l.len);
		if (l.has_cr && !ended)
			buf_u8(out, '\r');
		if (ended)
			buf_u8(out, '\n');
	}
}

/* A body without its encoding; a damaged one stands for itself. */
static void
decode_body(struct buf *out, const struct entity *en)
{
	struct buf raw = { 0 };
	struct span s = en->body;

	if (en->encoding == ENC_QP) {
		put_qp(out, s);
		return;
	}
	if (en->encoding == ENC_B64 && b64_decode(&raw, s.p, (size_t)(s.end - s.p), 1) == 0 &&
	    raw.len > 0)
		s = (struct span) { (const char *)raw.p, (const char *)raw.p + raw.len };
	put_lines(out, s);
	buf_wipe(&raw);
}

/* --- taking apart --- */

struct walk {
	mail_text_fn fn;
	void *arg;
	int depth;
};

static int walk_entity(struct walk *w, const char *text, size_t len, int must_be_mail);

/* 0: an ordinary line; 1: the boundary; 2: the last one. */
static int
boundary_line(const struct line *l, const struct entity *en)
{
	size_t n = strlen(en->boundary), len = l->len;

	if (len < n + 2 || memcmp(l->p, "--", 2) != 0 || memcmp(l->p + 2, en->boundary, n) != 0)
		return 0;
	while (len > n + 2 && (l->p[len - 1] == ' ' || l->p[len - 1] == '\t'))
		len--;
	if (len == n + 2)
		return 1;
	return len == n + 4 && memcmp(l->p + n + 2, "--", 2) == 0 ? 2 : 0;
}

/* A last boundary that is missing is the end. */
static int
walk_parts(struct walk *w, const struct entity *en)
{
	const char *begin = NULL;
	struct span s = en->body;
	struct line l;
	int r = 0, kind = 0;

	while (r == 0 && kind != 2 && next_line(&l, &s)) {
		kind = boundary_line(&l, en);
		if (kind == 0)
			continue;
		if (begin != NULL)
			r = walk_entity(w, begin, (size_t)(l.p - begin), 0);
		begin = s.p;
	}
	if (r == 0 && kind != 2 && begin != NULL)
		r = walk_entity(w, begin, (size_t)(s.end - begin), 0);
	return r;
}

static int
walk_leaf(struct walk *w, const struct entity *en)
{
	int is_rfc822 = strcmp(en->type, "message/rfc822") == 0, r;
	struct buf body = { 0 };

	decode_body(&body, en);
	(void)buf_cstr(&body);
	r = is_rfc822 ? walk_entity(w, (const char *)body.p, body.len, 1)
		      : w->fn((const char *)body.p, body.len, w->arg);
	buf_wipe(&body);
	return r;
}

/* A part may have no header of its own, which leaves an empty line before its body. */
static int
walk_entity(struct walk *w, const char *text, size_t len, int must_be_mail)
{
	struct entity en;
	struct span header;
	int r = 0;

	if (split_header(text, len, &header, &en.body) ||
	    (!must_be_mail && len > 0 && (text[0] == '\n' || text[0] == '\r'))) {
		read_header(&en, header);
	} else {
		read_header(&en, (struct span) { text, text });
		en.body = (struct span) { text, text + len };
	}
	if (strcmp(en.type, "text/html") == 0 || w->depth == MAX_DEPTH)
		return 0;
	w->depth++;
	if (strncmp(en.type, "multipart/", 10) == 0 && en.boundary[0] != '\0')
		r = walk_parts(w, &en);
	else
		r = walk_leaf(w, &en);
	w->depth--;
	return r;
}

int
mail_texts(const char *mail, size_t len, mail_text_fn fn, void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };

	return is_mail(mail, len) ? walk_entity(&w, mail, len, 1) : fn(mail, len, arg);
}

/* --- mbox --- */

static int
is_from_line(const struct line *l)
{
	return l->len > 5 && memcmp(l->p, "From ", 5) == 0;
}

/* A mail begins at s: a "From " line, and below it a field (or a "From " line that was quoted). */
static int
begins_mail(struct span s)
{
	struct line l;

	if (!next_line(&l, &s) || !is_from_line(&l) || !next_line(&l, &s))
		return 0;
	return is_field(&l) || (l.len > 6 && memcmp(l.p, ">From ", 6) == 0);
}

int
is_mbox(const char *text, size_t len)
{
	return begins_mail((struct span) { text, text + len });
}

/* ">From ", ">>From ", ...: one '>' was put before it. */
static int
is_quoted_from(const struct line *l)
{
	size_t n = 0;

	while (n < l->len && l->p[n] == '>')
		n++;
	return n > 0 && l->len - n > 4 && memcmp(l->p + n, "From ", 5) == 0;
}

int
mbox_next(struct buf *out, const char *text, size_t len, size_t *pos)
{
	struct span s = { text + *pos, text + len };
	struct line l;
	int empty = 0;

	buf_reset(out);
	if (!next_line(&l, &s)) /* the "From " line */
		return 0;
	while (s.p < s.end && !(empty && begins_mail(s)) && next_line(&l, &s)) {
		size_t quote = (size_t)is_quoted_from(&l);

		empty = l.len == 0;
		buf_put(out, l.p + quote, (size_t)(s.p - l.p) - quote);
	}
	*pos = (size_t)(s.p - text);
	return 1;
}
