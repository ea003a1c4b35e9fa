/*
 * Octets: a growing buffer, a bounded reader, big-endian integers, hex and base-64.
 * Running out of memory is fatal; nothing here does I/O.
 */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "mix.h"

/* A piece of somebody else's memory. */
struct chunk {
	const void *p;
	size_t len;
};

/* A growing buffer; zero-initialised is empty. The owner frees it with buf_free or buf_wipe. */
struct buf {
	uint8_t *p;
	size_t len;
	size_t cap;
};

void buf_put(struct buf *b, const void *p, size_t len);
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v); /* big-endian, as all integers of the protocol */
void buf_u32(struct buf *b, uint32_t v);
void buf_str(struct buf *b, const char *s); /* without the NUL */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for len octets more: until they are there the buffer neither moves nor grows. */
void buf_reserve(struct buf *b, size_t len);
/* Makes room for len more octets, adds them to b->len and returns where they begin. */
uint8_t *buf_space(struct buf *b, size_t len);
/* NUL-terminates (the NUL is not counted in len) and returns the text; valid until the next put. */
char *buf_cstr(struct buf *b);
void buf_reset(struct buf *b); /* empty, memory kept */
void buf_free(struct buf *b);
void buf_wipe(struct buf *b); /* overwritten, then freed */

/*
 * Bounded reader. A read past the end sets bad and gives zeros or NULL; callers may read on and
 * ask once at the end: rd_done is 1 only if nothing was bad and nothing is left over.
 */
struct rd {
	const uint8_t *p;
	const uint8_t *end;
	int bad;
};

void rd_init(struct rd *r, const void *p, size_t len);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
const uint8_t *rd_bytes(struct rd *r, size_t len);
void rd_copy(struct rd *r, void *to, size_t len); /* zero-fills on failure */
size_t rd_left(const struct rd *r);
int rd_done(const struct rd *r);

static inline uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Lower-case hex; out has room for 2 * len + 1. hex_upper likewise in capitals (fingerprints). */
void hex_encode(char *out, const void *p, size_t len);
void hex_upper(char *out, const void *p, size_t len);
/* Exactly 2 * len hex digits of either case; 0 or -1. */
int hex_decode(void *out, size_t len, const char *s, size_t slen);

/* RFC 4648 base-64, appended to b: in one line, or in lines of 64 characters each ended by LF. */
void b64_encode(struct buf *b, const void *p, size_t len);
void b64_encode_lines(struct buf *b, const void *p, size_t len);
/*
 * Decodes and appends. Strict: canonical, padded, no foreign characters. Lenient (what armor has
 * to take): white space and foreign characters skipped, decoding ends at the padding; an
 * incomplete last group is an error. 0 or -1.
 */
int b64_decode(struct buf *b, const char *s, size_t len, int lenient);

#endif
