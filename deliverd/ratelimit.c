#include <sys/tree.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ratelimit.h"

#define KEY_OCTETS  16
#define MAX_ENTRIES 65536 /* beyond that, who is not known yet is not limited */

/* A window begins with the first mail and is over after the interval. */
struct entry {
	RB_ENTRY(entry) node;
	uint8_t id[KEY_OCTETS];
	int64_t since;
	long n;
};

RB_HEAD(entry_tree, entry);

struct ratelimit {
	uint8_t secret[32];
	struct conf_rate recipient, domain;
	struct entry_tree entries;
	size_t n;
	int64_t swept;
	struct log_state full;
};

static int
entry_cmp(const struct entry *a, const struct entry *b)
{
	return memcmp(a->id, b->id, KEY_OCTETS);
}

/* __unused, which RB_GENERATE_STATIC wants, is no word of glibc. */
RB_GENERATE_INTERNAL(entry_tree, entry, node, entry_cmp, __attribute__((unused)) static)

struct ratelimit *
ratelimit_new(const struct rng *rng)
{
	struct ratelimit *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fatal("ratelimit");
	rng_fill(rng, r->secret, sizeof(r->secret));
	RB_INIT(&r->entries);
	return r;
}

static void
drop(struct ratelimit *r, struct entry *e)
{
	RB_REMOVE(entry_tree, &r->entries, e);
	r->n--;
	free(e);
}

void
ratelimit_free(struct ratelimit *r)
{
	struct entry *e;

	if (r == NULL)
		return;
	while ((e = RB_MIN(entry_tree, &r->entries)) != NULL)
		drop(r, e);
	wipe(r, sizeof(*r));
	free(r);
}

void
ratelimit_configure(struct ratelimit *r, const struct conf_rate *recipient,
    const struct conf_rate *domain)
{
	r->recipient = *recipient;
	r->domain = *domain;
}

static int64_t
longest(const struct ratelimit *r)
{
	return r->recipient.interval > r->domain.interval ? r->recipient.interval :
		r->domain.interval;
}

/* Forgets whose time is over; not more often than a minute, it looks at all. */
static void
sweep(struct ratelimit *r, int64_t now)
{
	struct entry *e, *next;

	if (r->swept <= now && now - r->swept < 60)
		return;
	r->swept = now;
	for (e = RB_MIN(entry_tree, &r->entries); e != NULL; e = next) {
		next = RB_NEXT(entry_tree, &r->entries, e);
		if (now < e->since || now - e->since >= longest(r))
			drop(r, e);
	}
}

static void
hash(uint8_t id[KEY_OCTETS], const struct ratelimit *r, const char *s)
{
	struct buf b = { 0 };
	uint8_t md[32];

	buf_put(&b, r->secret, sizeof(r->secret));
	for (; *s != '\0'; s++)
		buf_u8(&b, (uint8_t)tolower((unsigned char)*s));
	sha256(md, b.p, b.len);
	memcpy(id, md, KEY_OCTETS);
	buf_wipe(&b);
}

/* NULL: there is no room for another. */
static struct entry *
find(struct ratelimit *r, const char *s, int64_t now)
{
	struct entry want = { .since = now }, *e;

	hash(want.id, r, s);
	if ((e = RB_FIND(entry_tree, &r->entries, &want)) != NULL)
		return e;
	if (r->n >= MAX_ENTRIES) {
		if (log_once(&r->full))
			log_warnx("RecipientLimit, DomainLimit: too many recipients to know all; "
				  "others are not limited");
		return NULL;
	}
	if ((e = malloc(sizeof(*e))) == NULL)
		fatal("ratelimit");
	*e = want;
	RB_INSERT(entry_tree, &r->entries, e);
	r->n++;
	return e;
}

/* 1 if another fits into the limit; counts it if asked to. */
static int
fits(struct ratelimit *r, const struct conf_rate *limit, const char *s, int64_t now, int counting)
{
	struct entry *e;

	if (limit->n == 0 || (e = find(r, s, now)) == NULL)
		return 1;
	if (now < e->since || now - e->since >= limit->interval) {
		e->since = now;
		e->n = 0;
	}
	if (e->n >= limit->n)
		return 0;
	e->n += counting;
	return 1;
}

/* Recipients of one domain count one each: so each is counted as soon as it is looked at. */
static size_t
take_some(struct ratelimit *r, const struct recipients *to, int64_t now)
{
	for (size_t i = 0; i < to->n; i++) {
		const char *at = strrchr(to->addr[i], '@');

		if (!fits(r, &r->recipient, to->addr[i], now, 0) ||
		    (at != NULL && !fits(r, &r->domain, at, now, 1)))
			return i;
		(void)fits(r, &r->recipient, to->addr[i], now, 1);
	}
	return to->n;
}

/* A mail that waits has cost nobody anything. */
static void
give_back(struct ratelimit *r, const struct conf_rate *limit, const char *s, int64_t now)
{
	struct entry *e;

	if (limit->n != 0 && (e = find(r, s, now)) != NULL && e->n > 0)
		e->n--;
}

int
ratelimit_take(struct ratelimit *r, const struct recipients *to, int64_t now)
{
	size_t took;

	if (r->recipient.n == 0 && r->domain.n == 0)
		return 1;
	sweep(r, now);
	took = take_some(r, to, now);
	if (took == to->n)
		return 1;
	for (size_t i = 0; i < took; i++) {
		const char *at = strrchr(to->addr[i], '@');

		give_back(r, &r->recipient, to->addr[i], now);
		if (at != NULL)
			give_back(r, &r->domain, at, now);
	}
	return 0;
}
