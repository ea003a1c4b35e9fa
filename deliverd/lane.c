#include <stdlib.h>

#include "lane.h"
#include "log.h"

static void
heap_down(struct lane *l, size_t i)
{
	struct mailq_entry *e = l->heap[i];
	size_t kid;

	while ((kid = 2 * i + 1) < l->n) {
		if (kid + 1 < l->n && l->heap[kid + 1]->next < l->heap[kid]->next)
			kid++;
		if (l->heap[kid]->next >= e->next)
			break;
		l->heap[i] = l->heap[kid];
		i = kid;
	}
	l->heap[i] = e;
}

void
lane_push(struct lane *l, struct mailq_entry *e)
{
	size_t i = l->n;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 16;
		l->heap = reallocarray(l->heap, l->cap, sizeof(*l->heap));
		if (l->heap == NULL)
			fatal("mailq");
	}
	l->n++;
	for (; i > 0 && l->heap[(i - 1) / 2]->next > e->next; i = (i - 1) / 2)
		l->heap[i] = l->heap[(i - 1) / 2];
	l->heap[i] = e;
}

struct mailq_entry *
lane_pop(struct lane *l)
{
	struct mailq_entry *e = l->heap[0];

	if (--l->n > 0) {
		l->heap[0] = l->heap[l->n];
		heap_down(l, 0);
	}
	return e;
}

/* Those below entry i; what is later than now has nothing earlier under it. */
static size_t
due_below(const struct lane *l, size_t i, int64_t now, size_t max)
{
	size_t n;

	if (i >= l->n || max == 0 || l->heap[i]->next > now)
		return 0;
	n = 1 + due_below(l, 2 * i + 1, now, max - 1);
	return n + due_below(l, 2 * i + 2, now, max - n);
}

size_t
lane_due(const struct lane *l, int64_t now, size_t max)
{
	return due_below(l, 0, now, max);
}

void
lane_free(struct lane *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->heap[i]);
	free(l->heap);
}
