/*
 * The K-of-N erasure code of E2E-spec 2.1.2: systematic Vandermonde over GF(256), polynomial
 * x^8 + x^4 + x^3 + x^2 + 1 (E5).
 */
#ifndef COMMON_FEC_H
#define COMMON_FEC_H

#include <stddef.h>
#include <stdint.h>

#define FEC_MAX_K 16
#define FEC_MAX_N 22

struct fec {
	unsigned k;
	unsigned n;
	uint8_t m[FEC_MAX_N][FEC_MAX_K]; /* row i gives block i from the k raw blocks */
};

/* 1 <= k <= FEC_MAX_K, k <= n <= FEC_MAX_N, else -1. */
int fec_init(struct fec *f, unsigned k, unsigned n);
/* out (len octets) = block i of the k raw blocks. */
void fec_encode(const struct fec *f, unsigned i, const uint8_t *const *raw, size_t len,
    uint8_t *out);
/*
 * The k raw blocks from k different encoded ones (idx[j] tells which). -1 if indices repeat or
 * are out of range.
 */
int fec_decode(const struct fec *f, const unsigned *idx, const uint8_t *const *enc, size_t len,
    uint8_t *const *raw);

#endif
