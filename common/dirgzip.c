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

static int
gunzip(struct buf *out, const uint8_t *p, size_t len, struct errmsg *e)
{
	z_stream z = { .next_in = p, .avail_in = (uInt)len };
	int rv;

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

struct directory *
directory_parse_any(const void *p, size_t len, int64_t now, struct errmsg *e)
{
	static const uint8_t magic[] = { 0x1f, 0x8b };
	struct directory *d = NULL;
	struct buf text = { 0 };

	if (len < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
		return directory_parse(p, len, now, e);
	if (len > DIRECTORY_MAX_LEN)
		err_set(e, "longer than a directory may be");
	else if (gunzip(&text, p, len, e) == 0)
		d = directory_parse((const char *)text.p, text.len, now, e);
	buf_free(&text);
	return d;
}
