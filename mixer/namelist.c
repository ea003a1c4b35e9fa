/*
 * A queue of pool file names.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "namelist.h"

size_t
namelist_len(const struct namelist *l)
{
	return l->n - l->head;
}

/* Room for count more: first by closing the gap that shifting left, else by growing. */
static void
namelist_reserve(struct namelist *l, size_t count)
{
	size_t len = namelist_len(l), cap = l->cap ? l->cap : 64;

	if (l->cap - l->n >= count)
		return;
	if (l->head > 0)
		memmove(l->v, l->v + l->head, len * sizeof(*l->v));
	l->head = 0;
	l->n = len;
	while (cap - len < count || len > cap / 2)
		cap *= 2;
	if (cap == l->cap)
		return;
	l->v = reallocarray(l->v, cap, sizeof(*l->v));
	if (l->v == NULL)
		fatalx("out of memory for a list of %zu files", cap);
	l->cap = cap;
}

void
namelist_push(struct namelist *l, const char *name)
{
	namelist_reserve(l, 1);
	strlcpy(l->v[l->n++].s, name, POOL_NAME_LEN);
}

int
namelist_shift(struct namelist *l, char name[POOL_NAME_LEN])
{
	if (namelist_len(l) == 0)
		return -1;
	memcpy(name, l->v[l->head++].s, POOL_NAME_LEN);
	if (l->head == l->n)
		l->head = l->n = 0;
	return 0;
}

struct poolname *
namelist_names(struct namelist *l)
{
	return l->v + l->head;
}

void
namelist_split(struct namelist *l, size_t count, struct namelist *to)
{
	if (count > namelist_len(l))
		count = namelist_len(l);
	if (count == 0)
		return;
	namelist_reserve(to, count);
	memcpy(to->v + to->n, l->v + l->n - count, count * sizeof(*l->v));
	to->n += count;
	l->n -= count;
}

void
namelist_free(struct namelist *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}
