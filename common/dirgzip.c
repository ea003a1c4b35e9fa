/*
 * Directories as they are served and kept: compressed with gzip, or not.
 */
#include <string.h>

#define ZLIB_CONST /* zlib then takes input that it may not change */
#include <zlib.h>

#include "directory.h"
#include "log.h"

#define WINDOW_GZIP (15 + 16) /* zlib's way to say: a gzip header and trailer */
#define STEP	    65536

int
directory_gunzip(struct buf *out, const void *p, size_t len, struct errmsg *e)
{
	z_stream z = { .next_in = p, .avail_in = (uInt)len };
	int rv;

	if (len > DIRECTORY_MAX_LEN)
		return err_set(e, "longer than a directory may be");
	if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		fatalx("inflateInit2: out of memory");
	do {
		z.next_out = buf_space(out, STEP);
		z.avail_out = STEP;
		rv = inflate(&z, Z_NO_FLUSH);
		out->len -= z.avail_out;
	} while (rv == Z_OK && out->len <= DIRECTORY_MAX_LEN);
	inflateEnd(&z);
	if (rv == Z_OK)
		return err_set(e, "uncompressed, longer than a directory may be");
	return rv == Z_STREAM_END ? 0 : err_set(e, "not a whole gzip file");
}

void
directory_gzip(struct buf *out, const void *p, size_t len)
{
	z_stream z = { .next_in = p, .avail_in = (uInt)len };

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		fatalx("deflateInit2: out of memory");
	do {
		z.next_out = buf_space(out, STEP);
		z.avail_out = STEP;
		deflate(&z, Z_FINISH);
		out->len -= z.avail_out;
	} while (z.avail_out == 0);
	deflateEnd(&z);
}

struct directory *
directory_parse_any(const void *p, size_t len, int64_t now, struct errmsg *e)
{
	static const uint8_t magic[] = { 0x1f, 0x8b };
	struct directory *d = NULL;
	struct buf text = { 0 };

	if (len < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
		return directory_parse(p, len, now, e);
	if (directory_gunzip(&text, p, len, e) == 0)
		d = directory_parse((const char *)text.p, text.len, now, e);
	buf_free(&text);
	return d;
}
