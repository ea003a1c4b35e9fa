#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "msghdr.h"

/* In the order in which they have to appear. */
enum { H_FROM, H_IN_REPLY_TO, H_REFERENCES, H_SUBJECT, NHEADERS };
static const char *const names[NHEADERS] = { "FROM", "IN-REPLY-TO", "REFERENCES", "SUBJECT" };

static char **
field(struct msghdrs *h, int which)
{
	switch (which) {
	case H_FROM: return &h->from;
	case H_IN_REPLY_TO: return &h->in_reply_to;
	case H_REFERENCES: return &h->references;
	default: return &h->subject;
	}
}

static int
printing(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return 0;
	return 1;
}

/* Message ids in angle brackets, separated by single spaces; n is how many at most. */
static int
msgids_ok(const char *s, size_t len, size_t n)
{
	const char *end = s + len;

	while (n-- > 0) {
		const char *start = s;

		if (s == end || *s++ != '<')
			return 0;
		while (s < end && *s != '>' && *s != '<' && *s != ' ')
			s++;
		if (s == end || *s != '>' || s == start + 1)
			return 0;
		if (++s == end)
			return 1;
		if (*s++ != ' ')
			return 0;
	}
	return 0;
}

/* What E2E-spec 3.2.2 allows as the value of each; s is printing ASCII, stripped. */
static int
value_ok(int which, const char *s, size_t len)
{
	if (len == 0 || len > MSGHDR_MAX)
		return 0;
	switch (which) {
	case H_FROM:
		for (size_t i = 0; i < len; i++)
			if (strchr("\"[]:", s[i]) != NULL)
				return 0;
		return 1;
	case H_IN_REPLY_TO: return msgids_ok(s, len, 1);
	case H_REFERENCES: return msgids_ok(s, len, MSGHDR_MAX);
	default: return 1;
	}
}

/* Without the spaces around it; in FROM, with the runs of spaces in it made one (3.2.3). */
static char *
normalised(int which, const char *s, size_t len)
{
	char *v = malloc(len + 1), *to = v;

	if (v == NULL)
		fatal("message headers: no memory");
	while (len > 0 && s[0] == ' ')
		s++, len--;
	while (len > 0 && s[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len; i++)
		if (which != H_FROM || s[i] != ' ' || s[i - 1] != ' ')
			*to++ = s[i];
	*to = '\0';
	return v;
}

static int
encode_one(struct buf *out, int which, const char *value, struct errmsg *e)
{
	char *v;
	int r = 0;

	if (!printing(value, strlen(value)))
		return err_set(e, "%s: only printing ASCII is possible in it", names[which]);
	v = normalised(which, value, strlen(value));
	if (strlen(v) > MSGHDR_MAX)
		r = err_set(e, "%s: longer than %d characters", names[which], MSGHDR_MAX);
	else if (*v != '\0' && !value_ok(which, v, strlen(v)))
		r = err_set(e, which == H_FROM ? "%s: may not contain \" [ ] or :"
					       : "%s: not a list of <message-id>",
		    names[which]);
	else if (*v != '\0')
		buf_printf(out, "%s:%s\n", names[which], v);
	free(v);
	return r;
}

int
msghdrs_encode(struct buf *out, const struct msghdrs *h, struct errmsg *e)
{
	struct msghdrs copy = *h;
	size_t start = out->len;

	for (int i = 0; i < NHEADERS; i++) {
		const char *v = *field(&copy, i);

		if (v != NULL && encode_one(out, i, v, e) == -1) {
			out->len = start;
			return -1;
		}
	}
	buf_u8(out, '\n');
	return 0;
}

/* One line at p: *name, *value and where the next begins; NULL if the grammar does not take it. */
static const char *
split_line(const char *p, const char *end, struct chunk *name, struct chunk *value)
{
	const char *start = p;

	while (p < end && *p > 0x20 && *p < 0x7f && *p != ':')
		p++;
	if (p == end || *p != ':' || p == start)
		return NULL;
	*name = (struct chunk){ start, (size_t)(p - start) };
	start = ++p;
	while (p < end && *p >= 0x20 && *p < 0x7f)
		p++;
	if (p == end || *p != '\n')
		return NULL;
	*value = (struct chunk){ start, (size_t)(p - start) };
	return p + 1;
}

static int
header_index(const struct chunk *name)
{
	for (int i = 0; i < NHEADERS; i++)
		if (strlen(names[i]) == name->len && memcmp(names[i], name->p, name->len) == 0)
			return i;
	return -1;
}

/* Takes a header that is known, in its place (after *last) and well-formed; passes over others. */
static void
take(struct msghdrs *h, const struct chunk *name, const struct chunk *value, int *last)
{
	int which = header_index(name);
	char *v;

	if (which <= *last || value->len > MSGHDR_MAX)
		return;
	v = normalised(which, value->p, value->len);
	if (!value_ok(which, v, strlen(v))) {
		free(v);
		return;
	}
	*field(h, which) = v;
	*last = which;
}

void
msghdrs_parse(struct msghdrs *h, const uint8_t *msg, size_t len, const uint8_t **body,
    size_t *bodylen)
{
	const char *p = (const char *)msg, *end = p + len;
	struct chunk name, value;
	int last = -1;

	memset(h, 0, sizeof(*h));
	*body = msg;
	*bodylen = len;
	while (p != NULL && p < end && *p != '\n') {
		p = split_line(p, end, &name, &value);
		if (p != NULL)
			take(h, &name, &value, &last);
	}
	if (p == NULL || p == end) {
		msghdrs_free(h);
		return;
	}
	*body = (const uint8_t *)p + 1;
	*bodylen = (size_t)(end - p) - 1;
}

void
msghdrs_free(struct msghdrs *h)
{
	for (int i = 0; i < NHEADERS; i++)
		free(*field(h, i));
	memset(h, 0, sizeof(*h));
}
