#include "smtpreply.h"

static int
digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
code_of(const struct smtpreply *r)
{
	const char *s = r->line;

	if (r->len < 3 || s[0] < '2' || s[0] > '5' || !digit(s[1]) || !digit(s[2]))
		return -1;
	if (r->len > 3 && s[3] != ' ' && s[3] != '-')
		return -1;
	return (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
}

/* All lines of a reply bear the same code (RFC 5321 4.2.1). */
static enum smtpreply_got
take_line(struct smtpreply *r)
{
	int code, more;

	if (r->len > 0 && r->line[r->len - 1] == '\r')
		r->len--;
	code = code_of(r);
	more = r->len > 3 && r->line[3] == '-';
	r->line[r->len] = '\0';
	for (size_t i = 0; i < r->len; i++)
		if (r->line[i] < ' ' || r->line[i] > '~')
			r->line[i] = '?';
	r->len = 0;
	if (code == -1 || (r->lines > 0 && code != r->code) || ++r->lines > SMTPREPLY_LINES)
		return REPLY_BAD;
	r->code = code;
	r->first = r->lines == 1;
	if (more)
		return REPLY_LINE;
	r->lines = 0;
	return REPLY_LAST;
}

enum smtpreply_got
smtpreply_octet(struct smtpreply *r, char c)
{
	if (c == '\n')
		return take_line(r);
	if (r->len + 1 == sizeof(r->line))
		return REPLY_BAD;
	r->line[r->len++] = c;
	return REPLY_MORE;
}

const char *
smtpreply_text(const struct smtpreply *r)
{
	for (int i = 0; i < 4; i++)
		if (r->line[i] == '\0')
			return "";
	return r->line + 4;
}
