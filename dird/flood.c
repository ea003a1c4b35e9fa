#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flood.h"
#include "log.h"

#define HOUR_MS INT64_C(3600000)

void
flood_init(struct flood *f, unsigned per_hour)
{
	*f = (struct flood){ .per_hour = per_hour };
	if ((f->v = calloc(FLOOD_ADDRESSES, sizeof(*f->v))) == NULL)
		fatal("out of memory");
}

void
flood_free(struct flood *f)
{
	free(f->v);
	f->v = NULL;
}

uint32_t
flood_address(uint8_t addr[16], const struct sockaddr *sa)
{
	const void *p = sa;

	memset(addr, 0, 16);
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(addr, &((const struct sockaddr_in *)p)->sin_addr, 4);
		return 4;
	}
	if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(addr, &((const struct sockaddr_in6 *)p)->sin6_addr, 8);
		return 8;
	}
	return 0;
}

static struct flood_one *
find(struct flood *f, const uint8_t *addr, uint32_t len, int64_t now_ms)
{
	struct flood_one *empty = NULL;

	for (unsigned i = 0, seen = 0; i < FLOOD_ADDRESSES && (seen < f->used || empty == NULL);
	     i++) {
		struct flood_one *o = &f->v[i];

		if (o->len == 0 && empty == NULL)
			empty = o;
		seen += o->len != 0;
		if (len != 0 && o->len == len && memcmp(o->addr, addr, len) == 0)
			return o;
	}
	if (len == 0 || empty == NULL)
		return &f->others;
	*empty = (struct flood_one){ .len = len, .since = now_ms };
	memcpy(empty->addr, addr, len);
	f->used++;
	return empty;
}

int
flood_allows(struct flood *f, const uint8_t *addr, uint32_t len, int64_t now_ms)
{
	struct flood_one *o = find(f, addr, len, now_ms);

	if (now_ms - o->since >= HOUR_MS) {
		o->since = now_ms;
		o->n = 0;
	}
	if (o->n >= f->per_hour)
		return 0;
	o->n++;
	return 1;
}

void
flood_sweep(struct flood *f, int64_t now_ms)
{
	for (unsigned i = 0; i < FLOOD_ADDRESSES && f->used > 0; i++)
		if (f->v[i].len != 0 && now_ms - f->v[i].since >= HOUR_MS) {
			f->v[i].len = 0;
			f->used--;
		}
}
