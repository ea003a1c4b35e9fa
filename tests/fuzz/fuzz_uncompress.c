/* Compressed data: the limit holds, and what comes out goes in again. */
#include "compress.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf out = { 0 }, z = { 0 }, again = { 0 };
	struct errmsg e;
	size_t limit;
	int r;

	if (len < 2)
		return 0;
	limit = 1 + 16 * (size_t)be16(data);
	r = mix_uncompress(&out, data + 2, len - 2, limit, &e);
	HOLDS(out.len <= limit && (r == 0 || out.len == 0));
	if (r == 0) {
		mix_compress(&z, out.p, out.len);
		HOLDS(mix_uncompress(&again, z.p, z.len, limit, &e) == 0);
		HOLDS(again.len == out.len);
		HOLDS(out.len == 0 || memcmp(again.p, out.p, out.len) == 0);
	}
	buf_free(&out);
	buf_free(&z);
	buf_free(&again);
	return 0;
}
