#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dirsync.h"

#define MAX_HOSTS 65536

void
hostlist_add(struct hostlist *l, const char *host)
{
	struct resolve_rep rep;
	char *copy;

	if (*host == '\0' || l->n == MAX_HOSTS || host_numeric(host, &rep))
		return;
	if ((l->n & (l->n - 1)) == 0) {
		l->v = reallocarray(l->v, l->n == 0 ? 1 : 2 * l->n, sizeof(*l->v));
		if (l->v == NULL)
			fatal("hostlist");
	}
	if ((copy = strdup(host)) == NULL)
		fatal("hostlist");
	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	l->v[l->n++] = copy;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
hostlist_unique(struct hostlist *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	for (size_t i = 0; i < l->n; i++) {
		if (n > 0 && strcmp(l->v[n - 1], l->v[i]) == 0)
			free(l->v[i]);
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

void
hostlist_free(struct hostlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct hostlist) { NULL, 0 };
}
