#include <stdlib.h>
#include <string.h>

#include "digestset.h"
#include "log.h"

#define FIRST_SLOTS 4096 /* a power of two */

static const uint8_t no_digest[HASH_LEN];

static uint8_t (*new_slots(size_t n))[HASH_LEN]
{
	uint8_t (*slot)[HASH_LEN] = calloc(n, sizeof(*slot));

	if (slot == NULL)
		fatal("replay digests: %zu slots", n);
	return slot;
}

void
digestset_init(struct digestset *s, const struct digest_key *key)
{
	*s = (struct digestset) { .key = key, .mask = FIRST_SLOTS - 1 };
	s->slot = new_slots(FIRST_SLOTS);
}

/* Where it is, or where it would go. */
static size_t
find(const struct digestset *s, const uint8_t digest[HASH_LEN])
{
	size_t i = digest_hash(s->key, digest) & s->mask;

	while (memcmp(s->slot[i], no_digest, HASH_LEN) != 0 &&
	    memcmp(s->slot[i], digest, HASH_LEN) != 0)
		i = (i + 1) & s->mask;
	return i;
}

int
digestset_has(const struct digestset *s, const uint8_t digest[HASH_LEN])
{
	if (memcmp(digest, no_digest, HASH_LEN) == 0)
		return s->has_zero;
	return memcmp(s->slot[find(s, digest)], digest, HASH_LEN) == 0;
}

static void
grow(struct digestset *s)
{
	uint8_t (*old)[HASH_LEN] = s->slot;
	size_t had = s->mask + 1;

	s->mask = 2 * had - 1;
	s->slot = new_slots(2 * had);
	for (size_t i = 0; i < had; i++)
		if (memcmp(old[i], no_digest, HASH_LEN) != 0)
			memcpy(s->slot[find(s, old[i])], old[i], HASH_LEN);
	free(old);
}

void
digestset_add(struct digestset *s, const uint8_t digest[HASH_LEN])
{
	if (digestset_has(s, digest))
		return;
	s->n++;
	if (memcmp(digest, no_digest, HASH_LEN) == 0) {
		s->has_zero = 1;
		return;
	}
	if (s->n > (s->mask + 1) / 4 * 3)
		grow(s);
	memcpy(s->slot[find(s, digest)], digest, HASH_LEN);
}

void
digestset_free(struct digestset *s)
{
	free(s->slot);
	s->slot = NULL;
}
