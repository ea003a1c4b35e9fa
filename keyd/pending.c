#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pending.h"

#define NONE UINT32_MAX
#define INDEX_BITS 20 /* of a cookie; the rest is a serial number */

enum state {
	FREE, /* never used, or forgotten */
	WAITING, /* decrypted, not committed */
	SELECTED, /* in the round that is being written */
	DURABLE /* written; free to be used again, oldest first */
};

struct entry {
	uint64_t cookie;
	uint64_t owner; /* zero: the connection is gone */
	uint32_t number;
	uint32_t next; /* in its chain of the hash table, or in the line of free ones */
	enum state state;
	uint8_t digest[HASH_LEN];
};

struct pending {
	struct digest_key key;
	struct entry *e;
	uint32_t max;
	uint32_t count; /* WAITING and SELECTED */
	uint64_t serial;
	uint32_t *chain; /* heads, a power of two of them */
	uint32_t mask;
	uint32_t free_first, free_last;
	uint32_t *round; /* SELECTED entries, in order */
	uint32_t nround;
};

static void
put_free(struct pending *p, uint32_t i)
{
	p->e[i].next = NONE;
	if (p->free_last == NONE)
		p->free_first = i;
	else
		p->e[p->free_last].next = i;
	p->free_last = i;
}

static uint32_t
take_free(struct pending *p)
{
	uint32_t i = p->free_first;

	if (i != NONE && (p->free_first = p->e[i].next) == NONE)
		p->free_last = NONE;
	return i;
}

struct pending *
pending_new(size_t max, const struct rng *rng)
{
	struct pending *p = calloc(1, sizeof(*p));
	size_t heads = 1;

	if (max == 0 || max > 1U << INDEX_BITS)
		fatalx("pending_new: %zu entries", max);
	while (heads < 2 * max)
		heads *= 2;
	if (p == NULL || (p->e = calloc(max, sizeof(*p->e))) == NULL ||
	    (p->chain = calloc(heads, sizeof(*p->chain))) == NULL ||
	    (p->round = calloc(max, sizeof(*p->round))) == NULL)
		fatal("pending_new");
	digest_key_init(&p->key, rng);
	p->max = (uint32_t)max;
	p->mask = (uint32_t)heads - 1;
	memset(p->chain, 0xff, heads * sizeof(*p->chain));
	p->free_first = p->free_last = NONE;
	for (uint32_t i = 0; i < p->max; i++)
		put_free(p, i);
	return p;
}

void
pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	free(p->e);
	free(p->chain);
	free(p->round);
	free(p);
}

size_t
pending_count(const struct pending *p)
{
	return p->count;
}

static uint32_t *
chain_of(const struct pending *p, const uint8_t digest[HASH_LEN])
{
	return &p->chain[digest_hash(&p->key, digest) & p->mask];
}

enum pending_for
pending_find(const struct pending *p, uint64_t owner, const uint8_t digest[HASH_LEN])
{
	uint32_t i = *chain_of(p, digest);

	while (i != NONE && memcmp(p->e[i].digest, digest, HASH_LEN) != 0)
		i = p->e[i].next;
	if (i == NONE)
		return PENDING_NO;
	return p->e[i].owner == owner ? PENDING_OWN : PENDING_OTHER;
}

int
pending_add(struct pending *p, uint64_t owner, uint32_t number, const uint8_t digest[HASH_LEN],
    uint64_t *cookie)
{
	uint32_t *head = chain_of(p, digest);
	uint32_t i = take_free(p);

	if (i == NONE)
		return -1;
	p->e[i] = (struct entry) { .cookie = ++p->serial << INDEX_BITS | i, .owner = owner,
		.number = number, .next = *head, .state = WAITING };
	memcpy(p->e[i].digest, digest, HASH_LEN);
	*head = i;
	p->count++;
	*cookie = p->e[i].cookie;
	return 0;
}

/* Out of the chains; the cookie stays known until the place is used again. */
static void
retire(struct pending *p, uint32_t i, enum state s)
{
	uint32_t *link = chain_of(p, p->e[i].digest);

	while (*link != i)
		link = &p->e[*link].next;
	*link = p->e[i].next;
	p->e[i].state = s;
	p->count--;
	put_free(p, i);
}

void
pending_forget(struct pending *p, uint64_t owner)
{
	for (uint32_t i = 0; i < p->max; i++) {
		if (p->e[i].owner != owner)
			continue;
		p->e[i].owner = 0;
		if (p->e[i].state == WAITING)
			retire(p, i, FREE);
	}
}

static struct entry *
named(const struct pending *p, uint64_t cookie)
{
	uint64_t i = cookie & ((1U << INDEX_BITS) - 1);

	if (i >= p->max || p->e[i].cookie != cookie || p->e[i].state == FREE)
		return NULL;
	return &p->e[i];
}

int
pending_select(struct pending *p, uint64_t owner, const uint64_t *cookies, size_t n)
{
	struct entry *e;

	for (size_t i = 0; i < n; i++)
		if ((e = named(p, cookies[i])) == NULL || e->owner != owner)
			return -1;
	for (size_t i = 0; i < n; i++) {
		e = named(p, cookies[i]);
		if (e->state != WAITING)
			continue;
		e->state = SELECTED;
		p->round[p->nround++] = (uint32_t)(e - p->e);
	}
	return 0;
}

uint32_t
pending_round(const struct pending *p)
{
	return p->nround == 0 ? 0 : p->e[p->round[0]].number;
}

void
pending_digests(const struct pending *p, uint32_t number, struct buf *out)
{
	for (uint32_t i = 0; i < p->nround; i++)
		if (p->e[p->round[i]].number == number)
			buf_put(out, p->e[p->round[i]].digest, HASH_LEN);
}

void
pending_settle(struct pending *p, uint32_t number, int durable)
{
	uint32_t left = 0;

	for (uint32_t r = 0; r < p->nround; r++) {
		uint32_t i = p->round[r];

		if (p->e[i].number != number)
			p->round[left++] = i;
		else if (durable)
			retire(p, i, DURABLE);
		else if (p->e[i].owner == 0)
			retire(p, i, FREE);
		else
			p->e[i].state = WAITING;
	}
	p->nround = left;
}

int
pending_durable(const struct pending *p, const uint64_t *cookies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = named(p, cookies[i]);

		if (e == NULL || e->state != DURABLE)
			return 0;
	}
	return 1;
}
