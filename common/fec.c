#include <string.h>

#include "fec.h"

#define FIELD_POLY 0x11d

static uint8_t gf_exp[510]; /* twice the period: sums of two logarithms need no reduction */
static uint8_t gf_log[256];

static void
gf_init(void)
{
	unsigned x = 1;

	if (gf_exp[0] == 1)
		return;
	for (unsigned i = 0; i < 255; i++) {
		gf_exp[i] = gf_exp[i + 255] = (uint8_t)x;
		gf_log[x] = (uint8_t)i;
		x <<= 1;
		if (x & 0x100)
			x ^= FIELD_POLY;
	}
}

static uint8_t
gf_mul(uint8_t a, uint8_t b)
{
	return a != 0 && b != 0 ? gf_exp[gf_log[a] + gf_log[b]] : 0;
}

static uint8_t
gf_inv(uint8_t a)
{
	return gf_exp[255 - gf_log[a]];
}

/* out ^= c * in */
static void
add_multiple(uint8_t *out, uint8_t c, const uint8_t *in, size_t len)
{
	uint8_t row[256];

	if (c == 0)
		return;
	for (unsigned i = 0; i < 256; i++)
		row[i] = gf_mul(c, (uint8_t)i);
	for (size_t i = 0; i < len; i++)
		out[i] ^= row[in[i]];
}

static void
swap_rows(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

static void
scale_row(uint8_t *row, uint8_t by, unsigned k)
{
	for (unsigned i = 0; i < k; i++)
		row[i] = gf_mul(row[i], by);
}

/* Gauss and Jordan: m, k by k, becomes the unit matrix, inv its inverse. -1 if it has none. */
static int
invert(uint8_t m[][FEC_MAX_K], uint8_t inv[][FEC_MAX_K], unsigned k)
{
	memset(inv, 0, k * sizeof(inv[0]));
	for (unsigned i = 0; i < k; i++)
		inv[i][i] = 1;
	for (unsigned c = 0; c < k; c++) {
		unsigned p = c;
		uint8_t f;

		while (p < k && m[p][c] == 0)
			p++;
		if (p == k)
			return -1;
		if (p != c) {
			swap_rows(m[p], m[c], k);
			swap_rows(inv[p], inv[c], k);
		}
		f = gf_inv(m[c][c]);
		scale_row(m[c], f, k);
		scale_row(inv[c], f, k);
		for (unsigned r = 0; r < k; r++) {
			if (r == c || (f = m[r][c]) == 0)
				continue;
			add_multiple(m[r], f, m[c], k);
			add_multiple(inv[r], f, inv[c], k);
		}
	}
	return 0;
}

/* Row r is the powers of the point: 0 for the first row, then those of alpha^(r - 1). */
static uint8_t
vandermonde(unsigned r, unsigned c)
{
	if (r == 0)
		return c == 0;
	return gf_exp[(r - 1) * c % 255];
}

int
fec_init(struct fec *f, unsigned k, unsigned n)
{
	uint8_t top[FEC_MAX_K][FEC_MAX_K], inv[FEC_MAX_K][FEC_MAX_K];

	if (k < 1 || k > FEC_MAX_K || n < k || n > FEC_MAX_N)
		return -1;
	gf_init();
	f->k = k;
	f->n = n;
	for (unsigned r = 0; r < k; r++)
		for (unsigned c = 0; c < k; c++)
			top[r][c] = vandermonde(r, c);
	if (invert(top, inv, k) == -1)
		return -1;
	memset(f->m, 0, sizeof(f->m));
	for (unsigned r = 0; r < n; r++)
		for (unsigned i = 0; i < k; i++)
			add_multiple(f->m[r], vandermonde(r, i), inv[i], k);
	return 0;
}

static void
combine(const uint8_t *row, unsigned k, const uint8_t *const *blocks, size_t len, uint8_t *out)
{
	memset(out, 0, len);
	for (unsigned i = 0; i < k; i++)
		add_multiple(out, row[i], blocks[i], len);
}

void
fec_encode(const struct fec *f, unsigned i, const uint8_t *const *raw, size_t len, uint8_t *out)
{
	combine(f->m[i], f->k, raw, len, out);
}

int
fec_decode(const struct fec *f, const unsigned *idx, const uint8_t *const *enc, size_t len,
    uint8_t *const *raw)
{
	uint8_t m[FEC_MAX_K][FEC_MAX_K], inv[FEC_MAX_K][FEC_MAX_K];

	for (unsigned i = 0; i < f->k; i++) {
		if (idx[i] >= f->n)
			return -1;
		memcpy(m[i], f->m[idx[i]], sizeof(m[i]));
	}
	if (invert(m, inv, f->k) == -1)
		return -1;
	for (unsigned i = 0; i < f->k; i++)
		combine(inv[i], f->k, enc, len, raw[i]);
	return 0;
}
