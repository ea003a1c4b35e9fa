/* Reading reply blocks, one or a file of them; see surb.h. */
#include <stdlib.h>
#include <string.h>

#include "armor.h"
#include "log.h"
#include "packet.h"
#include "surb.h"

#define DAY 86400

static int
check_surb(const struct surb *s, struct errmsg *e)
{
	struct mix_addr a;

	if (s->use_by % DAY != 0)
		return err_set(e, "reply block whose use-by date is no midnight");
	if (s->rtype != RT_SWAP_FWD_HOST) /* S3 */
		return err_set(e, "reply block with routing type 0x%04x", s->rtype);
	return routing_parse(&a, s->rtype, s->ri, s->rilen, e);
}

int
surb_parse(struct surb *s, const uint8_t *p, size_t len, size_t *used, struct errmsg *e)
{
	const uint8_t *magic, *version;
	struct rd r;

	rd_init(&r, p, len);
	magic = rd_bytes(&r, 4);
	version = rd_bytes(&r, 2);
	s->use_by = rd_u32(&r);
	rd_copy(&r, s->header, HEADER_LEN);
	s->rilen = rd_u16(&r);
	s->rtype = rd_u16(&r);
	rd_copy(&r, s->key, KEY_LEN);
	if (magic == NULL || memcmp(magic, "SURB", 4) != 0)
		return err_set(e, "not a reply block");
	if (version == NULL || version[0] != 0 || version[1] != 1)
		return err_set(e, "reply block of a version other than 0.1");
	if (s->rilen > sizeof(s->ri))
		return err_set(e, "reply block with %zu octets of routing info", s->rilen);
	rd_copy(&r, s->ri, s->rilen);
	if (r.bad)
		return err_set(e, "reply block cut short");
	*used = len - rd_left(&r);
	return check_surb(s, e);
}

struct list {
	struct surb *p;
	size_t n, max;
};

static int
list_add(struct list *l, const struct surb *s, struct errmsg *e)
{
	struct surb *p;

	if (l->n == l->max)
		return err_set(e, "more than %zu reply blocks", l->max);
	p = reallocarray(l->p, l->n + 1, sizeof(*p));
	if (p == NULL)
		fatal("reallocarray");
	l->p = p;
	l->p[l->n++] = *s;
	return 0;
}

static int
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int
parse_binary(struct list *l, const uint8_t *p, size_t len, struct errmsg *e)
{
	const uint8_t *end = p + len;
	struct surb s;
	size_t used;

	for (;;) {
		while (p < end && is_space(*p))
			p++;
		if (p == end)
			return 0;
		if (surb_parse(&s, p, (size_t)(end - p), &used, e) == -1 ||
		    list_add(l, &s, e) == -1)
			return -1;
		p += used;
	}
}

static int
parse_one_armored(
    struct list *l, const struct armored *a, void (*warn)(const char *), struct errmsg *e)
{
	const char *version = armored_header(a, "Version");
	struct surb s;
	size_t used;

	if (surb_parse(&s, a->data.p, a->data.len, &used, e) == -1)
		return -1;
	if (used != a->data.len)
		return err_set(e, "something follows a reply block inside its armor");
	if (warn != NULL && (version == NULL || strcmp(version, "0.2") != 0))
		warn("reply block with an unknown armor version");
	return list_add(l, &s, e);
}

static int
parse_text(struct list *l, const char *text, size_t len, void (*warn)(const char *),
    struct errmsg *e)
{
	struct armored a;
	size_t pos = 0;
	int r;

	while ((r = armor_next(&a, ARMOR_SURB, text, len, &pos, e)) == 1) {
		r = parse_one_armored(l, &a, warn, e);
		armored_free(&a);
		if (r == -1)
			return -1;
	}
	return r;
}

int
surb_parse_all(struct surb **out, size_t *n, const uint8_t *p, size_t len, size_t max,
    void (*warn)(const char *), struct errmsg *e)
{
	struct list l = { NULL, 0, max };
	size_t blank = 0;
	int r;

	while (blank < len && is_space(p[blank]))
		blank++;
	if (len - blank >= 4 && memcmp(p + blank, "SURB", 4) == 0)
		r = parse_binary(&l, p, len, e);
	else
		r = parse_text(&l, (const char *)p, len, warn, e);
	if (r == -1) {
		freezero(l.p, l.n * sizeof(*l.p));
		return -1;
	}
	*out = l.p;
	*n = l.n;
	return 0;
}
