/*
 * The grammar of path specifications (path-spec 3.1).
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pathspec.h"

#define MAX_ELEMENTS (2 * MAX_HOPS)

struct scanner {
	const char *p;
	struct buf word; /* the current component */
	int quoted;
	struct errmsg *e;
};

static void
skip_blanks(struct scanner *s)
{
	s->p += strspn(s->p, " \t");
}

/* A name in quotes; a backslash takes the next quote literally. */
static int
scan_quoted(struct scanner *s)
{
	char quote = *s->p++;

	for (; *s->p != quote; s->p++) {
		if (*s->p == '\\' && s->p[1] == quote)
			s->p++;
		if (*s->p == '\0')
			return err_set(s->e, "the quotes do not match");
		buf_u8(&s->word, (uint8_t)*s->p);
	}
	s->p++;
	skip_blanks(s);
	if (*s->p != '\0' && *s->p != ',' && *s->p != ':')
		return err_set(s->e, "something follows a quoted name");
	s->quoted = 1;
	return 0;
}

/* One component, up to ',' or ':' or the end. */
static int
scan(struct scanner *s)
{
	size_t len;

	buf_reset(&s->word);
	s->quoted = 0;
	skip_blanks(s);
	if (*s->p == '\'' || *s->p == '"')
		return scan_quoted(s);
	len = strcspn(s->p, ",:");
	buf_put(&s->word, s->p, len);
	s->p += len;
	while (s->word.len > 0 && strchr(" \t", s->word.p[s->word.len - 1]) != NULL)
		s->word.len--;
	return 0;
}

static int
parse_count(unsigned *n, const char *s, struct errmsg *e)
{
	long v;

	if (*s == '\0' && s[-1] == '*')
		return err_set(e, "\"*\" needs a number: \"*2\" is two random servers");
	if (conv_int(&v, s, 0, MAX_ELEMENTS, NULL) == -1)
		return err_set(e, "\"%.32s\" is not a number of servers from 0 to %d", s,
		    MAX_ELEMENTS);
	*n = (unsigned)v;
	return 0;
}

/* What the scanner holds, as an element; a name's text is copied. */
static int
parse_element(struct path_element *el, struct scanner *s)
{
	const char *word = buf_cstr(&s->word);

	*el = (struct path_element){ .kind = ELEM_NAME };
	if (!s->quoted && strcmp(word, "?") == 0) {
		el->kind = ELEM_RANDOM;
		el->n = 1;
		return 0;
	}
	if (!s->quoted && (*word == '*' || (*word == '~' && word[1] != '/'))) {
		el->kind = *word == '*' ? ELEM_RANDOM : ELEM_ABOUT;
		return parse_count(&el->n, word + 1, s->e);
	}
	if (*word == '\0')
		return err_set(s->e, "a server is missing between separators");
	if ((el->name = strdup(word)) == NULL)
		fatal("out of memory");
	return 0;
}

static int
add_element(struct path_spec *spec, const struct path_element *el, struct errmsg *e)
{
	if (spec->n == MAX_ELEMENTS)
		return err_set(e, "path too long: more than %d servers", MAX_ELEMENTS);
	spec->elements = reallocarray(spec->elements, spec->n + 1, sizeof(*spec->elements));
	if (spec->elements == NULL)
		fatal("out of memory");
	spec->elements[spec->n++] = *el;
	return 0;
}

static int
colon(struct path_spec *spec, struct errmsg *e)
{
	if (spec->kind != PATH_FORWARD)
		return err_set(e, "the path of a reply has no \":\", it is one leg");
	if (spec->split != SPLIT_LATER)
		return err_set(e, "only one \":\" may stand in it");
	spec->split = spec->n;
	return 0;
}

static int
parse_all(struct path_spec *spec, struct scanner *s)
{
	struct path_element el;

	for (;;) {
		if (scan(s) == -1 || parse_element(&el, s) == -1)
			return -1;
		if (add_element(spec, &el, s->e) == -1) {
			free(el.name);
			return -1;
		}
		if (*s->p == '\0')
			return 0;
		if (*s->p == ':' && colon(spec, s->e) == -1)
			return -1;
		s->p++;
	}
}

/* A lone "~N" becomes "?,~(N-1)": then there is one hop for each leg at least (path-spec 3.3). */
static void
secure_two_hops(struct path_spec *spec)
{
	struct path_element el = spec->elements[0];

	if (spec->kind != PATH_FORWARD || spec->n != 1 || el.kind != ELEM_ABOUT)
		return;
	spec->elements[0] = (struct path_element){ .kind = ELEM_RANDOM, .n = 1 };
	el.n = el.n > 0 ? el.n - 1 : 0;
	(void)add_element(spec, &el, NULL);
}

/* The fewest hops of a range of elements. */
static size_t
least(const struct path_spec *spec, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += spec->elements[i].kind == ELEM_RANDOM ? spec->elements[i].n : 1;
	return n;
}

static int
check_legs(const struct path_spec *spec, struct errmsg *e)
{
	if (spec->split != SPLIT_LATER &&
	    (least(spec, 0, spec->split) == 0 || least(spec, spec->split, spec->n) == 0))
		return err_set(e, "each of its two legs needs at least one server");
	if (spec->kind != PATH_FORWARD && least(spec, 0, spec->n) == 0)
		return err_set(e, "it needs at least one server");
	return 0;
}

struct path_spec *
path_parse(const char *text, enum path_kind kind, struct errmsg *e)
{
	struct path_spec *spec = calloc(1, sizeof(*spec));
	struct scanner s = { .p = text, .e = e };
	int rv;

	if (spec == NULL)
		fatal("out of memory");
	spec->kind = kind;
	spec->split = SPLIT_LATER;
	rv = parse_all(spec, &s);
	if (rv == 0) {
		secure_two_hops(spec);
		rv = check_legs(spec, e);
	}
	buf_free(&s.word);
	if (rv == 0)
		return spec;
	path_spec_free(spec);
	return NULL;
}

void
path_spec_free(struct path_spec *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->elements[i].name);
	free(s->elements);
	free(s);
}
