/*
 * Lines, lists and orders of directories (dir-spec 4.1).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dirtext.h"
#include "log.h"

size_t
dirtext_find(const char *text, size_t len, size_t from, const char *mark)
{
	size_t n = strlen(mark);

	while (from < len) {
		const char *lf = memchr(text + from, '\n', len - from);
		size_t line = lf == NULL ? len - from : (size_t)(lf - (text + from));

		if (line == n && memcmp(text + from, mark, n) == 0)
			return from;
		from += line + 1;
	}
	return len;
}

void
dirtext_add(char ***list, size_t *n, const char *s, size_t len)
{
	*list = reallocarray(*list, *n + 1, sizeof(**list));
	if (*list == NULL || ((*list)[*n] = strndup(s, len)) == NULL)
		fatal("out of memory");
	(*n)++;
}

void
dirtext_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static int
compare(const void *a, const void *b, void *cmp)
{
	int (**f)(const char *, const char *) = cmp;
	const char *const *x = a, *const *y = b;

	return (*f)(*x, *y);
}

void
dirtext_sort(const char **list, size_t *n, int (*cmp)(const char *, const char *))
{
	size_t kept = 0;

	qsort_r(list, *n, sizeof(*list), compare, &cmp);
	for (size_t i = 0; i < *n; i++)
		if (i == 0 || strcmp(list[i], list[kept - 1]) != 0)
			list[kept++] = list[i];
	*n = kept;
}

int
voter_cmp(const struct dir_voter *a, const struct dir_voter *b)
{
	int c = memcmp(a->fingerprint, b->fingerprint, HASH_LEN);

	return c != 0 ? c : strcmp(a->url, b->url);
}

int
dirtext_desc_cmp(const struct desc *a, const struct desc *b)
{
	int c = strcasecmp(a->nickname, b->nickname);

	if (c != 0)
		return c;
	if (a->valid_after != b->valid_after)
		return a->valid_after < b->valid_after ? -1 : 1;
	return memcmp(a->digest, b->digest, HASH_LEN);
}

/* The names of stages before a release, in their order; what is not among them comes behind. */
static long
stage(const char **s)
{
	static const char *const names[] = { "alpha", "beta", "pre", "rc" };
	size_t len = strcspn(*s, "0123456789(");

	for (long i = 0; i < 4; i++)
		if (strlen(names[i]) == len && strncmp(*s, names[i], len) == 0) {
			*s += len;
			return i;
		}
	*s += len;
	return 4;
}

/* Three numbers, stage, number of the stage; 0 if it is not a version of this kind. */
static int
version_parts(const char *s, long part[5])
{
	for (int i = 0; i < 3; i++) {
		char *end;

		if (!isdigit((unsigned char)*s))
			return 0;
		part[i] = strtol(s, &end, 10);
		if (i < 2 && *end != '.')
			return 0;
		s = end + (i < 2);
	}
	part[3] = stage(&s);
	part[4] = isdigit((unsigned char)*s) ? strtol(s, NULL, 10) : -1;
	return 1;
}

int
version_cmp(const char *a, const char *b)
{
	long x[5], y[5];
	int known_a = version_parts(a, x), known_b = version_parts(b, y);

	if (!known_a || !known_b)
		return known_a != known_b ? known_b - known_a : strcmp(a, b);
	for (int i = 0; i < 5; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return strcmp(a, b);
}
