#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "log.h"

#define BUF_FIRST 256 /* octets of a buffer's first allocation */

/* Moves by hand and not by realloc, which could leave a copy of a secret behind. */
static void
move(struct buf *b, size_t cap)
{
	uint8_t *p = malloc(cap);

	if (p == NULL)
		fatal("malloc of %zu octets", cap);
	if (b->p != NULL) {
		memcpy(p, b->p, b->len);
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
}

static void
check_size(const struct buf *b, size_t len)
{
	if (len > SIZE_MAX / 2 - b->len)
		fatalx("buffer of %zu and %zu octets is too large", b->len, len);
}

static void
buf_grow(struct buf *b, size_t len)
{
	size_t cap = b->cap != 0 ? b->cap : BUF_FIRST;

	check_size(b, len);
	while (cap < b->len + len)
		cap *= 2;
	move(b, cap);
}

void
buf_reserve(struct buf *b, size_t len)
{
	check_size(b, len);
	if (len > b->cap - b->len)
		move(b, b->len + len);
}

uint8_t *
buf_space(struct buf *b, size_t len)
{
	uint8_t *p;

	if (b->p == NULL || len > b->cap - b->len)
		buf_grow(b, len);
	p = b->p + b->len;
	b->len += len;
	return p;
}

void
buf_put(struct buf *b, const void *p, size_t len)
{
	if (len != 0)
		memcpy(buf_space(b, len), p, len);
}

void
buf_u8(struct buf *b, uint8_t v)
{
	*buf_space(b, 1) = v;
}

void
buf_u16(struct buf *b, uint16_t v)
{
	put_be16(buf_space(b, 2), v);
}

void
buf_u32(struct buf *b, uint32_t v)
{
	put_be32(buf_space(b, 4), v);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatalx("vsnprintf failed");
	(void)buf_space(b, (size_t)n + 1);
	b->len -= (size_t)n + 1;
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

char *
buf_cstr(struct buf *b)
{
	buf_u8(b, 0);
	b->len--;
	return (char *)b->p;
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

void
rd_init(struct rd *r, const void *p, size_t len)
{
	static const uint8_t nothing[1];

	r->p = p != NULL ? p : nothing;
	r->end = r->p + (p != NULL ? len : 0);
	r->bad = p == NULL && len != 0;
}

const uint8_t *
rd_bytes(struct rd *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->bad || len > (size_t)(r->end - r->p)) {
		r->bad = 1;
		return NULL;
	}
	r->p += len;
	return p;
}

uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p != NULL ? *p : 0;
}

uint16_t
rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);

	return p != NULL ? be16(p) : 0;
}

uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);

	return p != NULL ? be32(p) : 0;
}

void
rd_copy(struct rd *r, void *to, size_t len)
{
	const uint8_t *p = rd_bytes(r, len);

	if (len == 0)
		return;
	if (p != NULL)
		memcpy(to, p, len);
	else
		memset(to, 0, len);
}

size_t
rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

int
rd_done(const struct rd *r)
{
	return !r->bad && r->p == r->end;
}
