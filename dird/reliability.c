#include <stdlib.h>
#include <string.h>

#include "infofmt.h"
#include "log.h"
#include "reliability.h"

static int
parse_server(struct measured *m, const char *value, struct errmsg *e)
{
	size_t len = strcspn(value, " \t");
	const char *fraction = value + len + strspn(value + len, " \t");

	if (hex_decode(m->keyid, HASH_LEN, value, len) == -1)
		return err_set(e, "a Server without a fingerprint of 40 hex digits");
	return conv_fraction(&m->fraction, fraction, e);
}

static int
compare(const void *a, const void *b)
{
	const struct measured *x = a, *y = b;

	return memcmp(x->keyid, y->keyid, HASH_LEN);
}

static int
parse_section(struct reliability *r, const struct info_section *s, struct errmsg *e)
{
	const struct info_entry *version = info_entry(s, "Version");
	const struct info_entry *published = info_entry(s, "Published");

	if (version == NULL || strcmp(version->value, "0.1") != 0)
		return err_set(e, "the version is not 0.1");
	if (published == NULL)
		return err_set(e, "there is no Published");
	if (conv_time(&r->published, published->value, e) == -1)
		return -1;
	if ((r->v = calloc(s->n, sizeof(*r->v))) == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->entries[i].key, "Server") != 0)
			continue;
		if (parse_server(&r->v[r->n], s->entries[i].value, e) == -1)
			return -1;
		r->n++;
	}
	qsort(r->v, r->n, sizeof(*r->v), compare);
	return 0;
}

int
reliability_parse(struct reliability *r, const char *text, size_t len, struct errmsg *e)
{
	const struct info_section *s;
	struct info in;
	int rv = -1;

	*r = (struct reliability){ .n = 0 };
	if (info_parse(&in, text, len, INFO_EXCHANGE, e) == -1)
		return -1;
	if ((s = info_section(&in, "Reliability")) == NULL)
		err_set(e, "there is no [Reliability] section");
	else
		rv = parse_section(r, s, e);
	info_free(&in);
	if (rv == -1)
		reliability_free(r);
	return rv;
}

void
reliability_free(struct reliability *r)
{
	free(r->v);
	*r = (struct reliability){ .n = 0 };
}

double
reliability_of(const struct reliability *r, const uint8_t keyid[HASH_LEN])
{
	struct measured want = { .fraction = -1 };
	const struct measured *m = NULL;

	memcpy(want.keyid, keyid, HASH_LEN);
	if (r->n > 0)
		m = bsearch(&want, r->v, r->n, sizeof(*r->v), compare);
	return m != NULL ? m->fraction : -1;
}
