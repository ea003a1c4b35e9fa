/*
 * COMPRESS and DECOMPRESS of E2E-spec 2.1.1 (zlib level 9, window 15, memory 8; E9).
 */
#ifndef COMMON_COMPRESS_H
#define COMMON_COMPRESS_H

#include "bytes.h"
#include "mix.h"

#define UNCOMPRESS_BAD	-1
#define UNCOMPRESS_OVER -2 /* overcompressed: more than limit octets would come out */

/* Appends; the result begins 78 DA. */
void mix_compress(struct buf *out, const void *p, size_t len);
/* What has to be reserved for it that the buffer does not grow. */
size_t compress_bound(size_t len);
/* Appends at most limit octets; decodes incrementally. limit 0: none (asked for by a person). */
int mix_uncompress(struct buf *out, const void *p, size_t len, size_t limit, struct errmsg *e);
/* The bound of 2.3.2 for len compressed octets: max(20480, 20 * len). */
size_t overcompression_limit(size_t len);
/* 0 if this zlib still compresses as the network expects (a known answer), else -1. */
int compress_selftest(void);

#endif
