#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "template.h"

static const char *const lines[] = {
#include "sample_conf.h"
};

#define MARK	" CHANGE"
#define HEADING "# The lines marked" MARK

struct section {
	const char *name; /* not terminated */
	size_t len;
};

/* "[Name]", also one that stands behind '#'. */
static int
is_header(const char *line, struct section *s)
{
	const char *end;

	line += *line == '#';
	if (*line != '[' || (end = strchr(line, ']')) == NULL)
		return 0;
	*s = (struct section){ line + 1, (size_t)(end - line - 1) };
	return 1;
}

static int
fits(const struct setting *set, const struct section *s, const char *line)
{
	size_t len = strlen(set->key);

	line += *line == '#';
	return set->value != NULL && strlen(set->section) == s->len &&
	    strncmp(set->section, s->name, s->len) == 0 && strncmp(set->key, line, len) == 0 &&
	    line[len] == ':';
}

static void
copy_line(struct buf *out, const char *line)
{
	size_t len = strlen(line), mark = strlen(MARK);

	if (strncmp(line, HEADING, strlen(HEADING)) == 0)
		return;
	if (*line == '#' && len > mark && strcmp(line + len - mark, MARK) == 0)
		len -= mark;
	buf_put(out, line, len);
	buf_u8(out, '\n');
}

/* The first that belongs in this line and has not had its place; n if there is none. */
static size_t
setting_of(const struct setting *settings, size_t n, const unsigned char *done,
    const struct section *in, const char *line)
{
	size_t i = 0;

	while (i < n && (done[i] || !fits(&settings[i], in, line)))
		i++;
	return i;
}

void
template_fill(struct buf *out, const struct setting *settings, size_t n)
{
	struct section in = { "", 0 };
	unsigned char *done = calloc(n, 1);
	size_t i;

	if (done == NULL)
		fatal("out of memory");
	for (size_t l = 0; l < sizeof(lines) / sizeof(lines[0]); l++) {
		i = is_header(lines[l], &in) ? n : setting_of(settings, n, done, &in, lines[l]);
		if (i == n) {
			copy_line(out, lines[l]);
			continue;
		}
		buf_printf(out, "%s: %s\n", settings[i].key, settings[i].value);
		done[i] = 1;
	}
	for (i = 0; i < n; i++)
		if (settings[i].value != NULL && !done[i])
			fatalx("the sample configuration has no %s in [%s]", settings[i].key,
			    settings[i].section);
	free(done);
}

int
template_untouched(const struct buf *text)
{
	struct buf sample = { 0 };
	int same;

	for (size_t l = 0; l < sizeof(lines) / sizeof(lines[0]); l++)
		buf_printf(&sample, "%s\n", lines[l]);
	same = sample.len == text->len && memcmp(sample.p, text->p, text->len) == 0;
	buf_free(&sample);
	return same;
}
