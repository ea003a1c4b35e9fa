#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "nearest.h"

#define NAME_MAX_LEN 64 /* longer ones are nobody's slip of the finger */

static int
lower(char c)
{
	return tolower((unsigned char)c);
}

/*
 * How many letters have to be put in, left out, changed or swapped with their neighbour to make b
 * of a; case does not count. Both have at most NAME_MAX_LEN letters.
 */
static unsigned
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned rows[3][NAME_MAX_LEN + 1], *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= blen; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *free_row = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned best = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		before = last;
		last = now;
		now = free_row;
	}
	return last[blen];
}

static int
listed(const struct nearest *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcasecmp(n->name[i], name) == 0)
			return 1;
	return 0;
}

/* The nearest first, those as near in the order of the alphabet. */
static void
put_in(struct nearest *n, const char *name, unsigned d)
{
	size_t at = n->n;

	while (at > 0 && (n->distance[at - 1] > d ||
	    (n->distance[at - 1] == d && strcasecmp(n->name[at - 1], name) > 0)))
		at--;
	if (at == NEAREST_MAX)
		return;
	if (n->n < NEAREST_MAX)
		n->n++;
	for (size_t i = n->n - 1; i > at; i--) {
		n->name[i] = n->name[i - 1];
		n->distance[i] = n->distance[i - 1];
	}
	n->name[at] = name;
	n->distance[at] = d;
}

/* A quarter of the letters may be wrong, and one in any case; or the rest was not typed. */
void
nearest_offer(struct nearest *n, const char *name)
{
	size_t len = strlen(n->typed), have = strlen(name);
	unsigned d;

	if (len == 0 || len > NAME_MAX_LEN || have > NAME_MAX_LEN || listed(n, name))
		return;
	d = distance(n->typed, len, name, have);
	if (d == 0) /* known, and refused for another reason */
		return;
	if (d <= 1 + len / 4 && d < len)
		put_in(n, name, d);
	else if (len >= 2 && strncasecmp(n->typed, name, len) == 0)
		put_in(n, name, 1 + (unsigned)len / 4);
}

void
nearest_say(struct buf *out, const struct nearest *n)
{
	for (size_t i = 0; i < n->n; i++)
		buf_printf(out, "%s%s", i == 0 ? "; did you mean " : i + 1 < n->n ? ", " : " or ",
		    n->name[i]);
	if (n->n > 0)
		buf_u8(out, '?');
}
