#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
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

/* A text that begins with a [Server] section is a descriptor. */
static int
is_descriptor(const void *p, size_t len)
{
	return len >= 8 && memcmp(p, "[Server]", 8) == 0;
}

int
dirread_hosts(struct hostlist *l, const void *p, size_t len, int64_t now, struct errmsg *e)
{
	struct directory *d;
	struct desc *one;

	if (is_descriptor(p, len)) {
		if ((one = desc_parse(p, len, now, e)) == NULL)
			return -1;
		hostlist_add(l, one->hostname);
		desc_free(one);
		return 0;
	}
	if ((d = directory_parse_any(p, len, now, e)) == NULL)
		return -1;
	for (size_t i = 0; i < d->nservers; i++)
		if (desc_valid_at(d->servers[i], now))
			hostlist_add(l, d->servers[i]->hostname);
	if (d->nskipped > 0)
		log_info("the directory has %zu faulty descriptors: skipped", d->nskipped);
	directory_free(d);
	return 0;
}
