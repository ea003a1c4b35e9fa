#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "outnames.h"

#define FIRST_BUCKETS 256

struct outnames {
	struct outpkt **bucket;
	size_t nbuckets; /* a power of two */
	size_t n;
	uint64_t seed; /* names are another process's choice */
};

static size_t
bucket_of(const struct outnames *s, const char *name)
{
	uint64_t h = s->seed;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3ULL;
	return (size_t)(h >> 20) & (s->nbuckets - 1);
}

struct outnames *
outnames_new(void)
{
	struct outnames *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->bucket = calloc(FIRST_BUCKETS, sizeof(s->bucket[0]))) == NULL)
		fatal("outnames");
	s->nbuckets = FIRST_BUCKETS;
	rng_fill(&rng_system, &s->seed, sizeof(s->seed));
	return s;
}

static void
put(struct outnames *s, struct outpkt *p)
{
	struct outpkt **b = &s->bucket[bucket_of(s, p->name)];

	p->same_bucket = *b;
	*b = p;
}

static void
grow(struct outnames *s)
{
	struct outpkt **old = s->bucket, *p, *next;
	size_t n = s->nbuckets;

	s->nbuckets = n * 2;
	if ((s->bucket = calloc(s->nbuckets, sizeof(s->bucket[0]))) == NULL)
		fatal("outnames");
	for (size_t i = 0; i < n; i++)
		for (p = old[i]; p != NULL; p = next) {
			next = p->same_bucket;
			put(s, p);
		}
	free(old);
}

struct outpkt *
outnames_add(struct outnames *s, const char *name)
{
	struct outpkt *p;

	for (p = s->bucket[bucket_of(s, name)]; p != NULL; p = p->same_bucket)
		if (strcmp(p->name, name) == 0)
			return NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		fatal("outnames");
	if (strlcpy(p->name, name, sizeof(p->name)) >= sizeof(p->name))
		fatalx("outgoing: an over-long file name");
	if (++s->n > s->nbuckets)
		grow(s);
	put(s, p);
	return p;
}

void
outnames_remove(struct outnames *s, struct outpkt *p)
{
	struct outpkt **at = &s->bucket[bucket_of(s, p->name)];

	while (*at != p)
		at = &(*at)->same_bucket;
	*at = p->same_bucket;
	s->n--;
	free(p);
}

size_t
outnames_count(const struct outnames *s)
{
	return s->n;
}

void
outnames_free(struct outnames *s)
{
	struct outpkt *p, *next;

	for (size_t i = 0; i < s->nbuckets; i++)
		for (p = s->bucket[i]; p != NULL; p = next) {
			next = p->same_bucket;
			free(p);
		}
	free(s->bucket);
	free(s);
}
