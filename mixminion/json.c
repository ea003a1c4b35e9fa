#include <stdio.h>
#include <string.h>

#include "armor.h"
#include "json.h"

static void
put_string(struct buf *b, const char *s)
{
	/* Only what is UTF-8 as a whole keeps its foreign characters. */
	int utf8 = utf8_valid((const uint8_t *)s, strlen(s));

	buf_u8(b, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else if (c >= 0x80 && !utf8)
			buf_str(b, "\\ufffd");
		else
			buf_u8(b, c);
	}
	buf_u8(b, '"');
}

static void
item(struct json *j, const char *key)
{
	if (j->follows)
		buf_u8(&j->out, ',');
	j->follows = 1;
	if (key != NULL) {
		put_string(&j->out, key);
		buf_u8(&j->out, ':');
	}
}

void
json_begin(struct json *j, const char *key, char kind)
{
	item(j, key);
	buf_u8(&j->out, (uint8_t)kind);
	j->follows = 0;
}

void
json_end(struct json *j, char kind)
{
	buf_u8(&j->out, kind == '{' ? '}' : ']');
	j->follows = 1;
}

void
json_string(struct json *j, const char *key, const char *s)
{
	item(j, key);
	if (s != NULL)
		put_string(&j->out, s);
	else
		buf_str(&j->out, "null");
}

void
json_number(struct json *j, const char *key, int64_t n)
{
	item(j, key);
	buf_printf(&j->out, "%lld", (long long)n);
}

void
json_bool(struct json *j, const char *key, int yes)
{
	item(j, key);
	buf_str(&j->out, yes ? "true" : "false");
}
