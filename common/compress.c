#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "compress.h"
#include "crypto.h"
#include "log.h"

#define OVER_ALWAYS_OK 20480 /* octets that no ratio forbids */
#define OVER_RATIO     20
#define STEP	       16384

/* zlib counts in unsigned int. */
static unsigned
piece(size_t left)
{
	return left > UINT_MAX ? UINT_MAX : (unsigned)left;
}

void
mix_compress(struct buf *out, const void *p, size_t len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p };
	size_t left = len;
	int r;

	if (deflateInit2(&z, 9, Z_DEFLATED, 15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		fatalx("zlib: cannot begin to compress");
	do {
		uint8_t *to = buf_space(out, STEP);

		if (z.avail_in == 0) {
			z.avail_in = piece(left);
			left -= z.avail_in;
		}
		z.next_out = to;
		z.avail_out = STEP;
		r = deflate(&z, left == 0 ? Z_FINISH : Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			fatalx("zlib: cannot compress");
		out->len -= z.avail_out;
	} while (r != Z_STREAM_END);
	deflateEnd(&z);
}

size_t
compress_bound(size_t len)
{
	return compressBound(len) + STEP;
}

size_t
overcompression_limit(size_t len)
{
	size_t n = len > SIZE_MAX / OVER_RATIO ? SIZE_MAX : OVER_RATIO * len;

	return n > OVER_ALWAYS_OK ? n : OVER_ALWAYS_OK;
}

/*
 * One more piece of output, never more than one octet beyond limit: that octet is how data of
 * exactly limit octets is told from longer ones. Returns inflate's verdict.
 */
static int
inflate_step(z_stream *z, struct buf *out, size_t start, size_t limit, size_t *left)
{
	size_t room = limit - (out->len - start), want = room < STEP ? room + 1 : STEP;
	uint8_t *to = buf_space(out, want);
	int r;

	if (z->avail_in == 0) {
		z->avail_in = piece(*left);
		*left -= z->avail_in;
	}
	z->next_out = to;
	z->avail_out = (unsigned)want;
	r = inflate(z, Z_SYNC_FLUSH);
	out->len -= z->avail_out;
	return r;
}

/*
 * The reference takes a stream that was cut short, or one with octets behind it, as what could be
 * read of it; so do we.
 */
static int
inflate_all(z_stream *z, struct buf *out, size_t limit, size_t left)
{
	size_t start = out->len;
	int r;

	for (;;) {
		r = inflate_step(z, out, start, limit, &left);
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return UNCOMPRESS_BAD;
		if (out->len - start > limit)
			return UNCOMPRESS_OVER;
		if (r == Z_STREAM_END)
			return 0;
		if (z->avail_out != 0 && z->avail_in == 0 && left == 0)
			return 0;
	}
}

int
mix_uncompress(struct buf *out, const void *p, size_t len, size_t limit, struct errmsg *e)
{
	const uint8_t *in = p;
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p };
	size_t start = out->len;
	int r;

	if (len < 6 || in[0] != 0x78 || in[1] != 0xda)
		return err_set(e, "not compressed as level 9 of zlib does");
	if (inflateInit(&z) != Z_OK)
		fatalx("zlib: cannot begin to uncompress");
	if (limit == 0)
		limit = SIZE_MAX - start - STEP;
	r = inflate_all(&z, out, limit, len);
	inflateEnd(&z);
	if (r != 0) {
		wipe(out->p + start, out->len - start);
		out->len = start;
	}
	if (r == UNCOMPRESS_BAD)
		err_set(e, "bad compressed data");
	else if (r == UNCOMPRESS_OVER)
		err_set(e, "overcompressed: more than %zu octets", limit);
	return r;
}

int
compress_selftest(void)
{
	/* Repetition, distance codes and the choice of level 9 all show in the digest. */
	static const uint8_t want[HASH_LEN] = {
		0x52, 0x7c, 0xd5, 0xd0, 0xdc, 0x28, 0x44, 0x07, 0x04, 0xff,
		0xe8, 0x3e, 0x2d, 0x87, 0x7b, 0xef, 0x5f, 0x34, 0xc8, 0x29,
	};
	struct buf text = { 0 }, z = { 0 };
	uint8_t md[HASH_LEN];

	for (unsigned i = 0; i < 4000; i++)
		buf_printf(&text, "%u:%u ", i % 37, i * i % 1009);
	mix_compress(&z, text.p, text.len);
	sha1(md, z.p, z.len);
	buf_free(&text);
	buf_free(&z);
	return memcmp(md, want, HASH_LEN) == 0 ? 0 : -1;
}
