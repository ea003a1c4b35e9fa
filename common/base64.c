/* Hex and RFC 4648 base-64; declared in bytes.h. */
#include <string.h>

#include "bytes.h"

#define B64_LINE 64 /* characters a line in armor and keys */

static const char b64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
hex_digits(char *out, const uint8_t *p, size_t len, const char *digits)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}

void
hex_encode(char *out, const void *p, size_t len)
{
	hex_digits(out, p, len, "0123456789abcdef");
}

void
hex_upper(char *out, const void *p, size_t len)
{
	hex_digits(out, p, len, "0123456789ABCDEF");
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(void *out, size_t len, const char *s, size_t slen)
{
	uint8_t *p = out;

	if (slen % 2 != 0 || slen / 2 != len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int hi = hex_value(s[2 * i]), lo = hex_value(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

/* One group of up to three octets as four characters. */
static void
b64_group(char out[4], const uint8_t *p, size_t len)
{
	uint32_t v = (uint32_t)p[0] << 16;

	if (len > 1)
		v |= (uint32_t)p[1] << 8;
	if (len > 2)
		v |= p[2];
	out[0] = b64_alphabet[v >> 18];
	out[1] = b64_alphabet[v >> 12 & 63];
	out[2] = len > 1 ? b64_alphabet[v >> 6 & 63] : '=';
	out[3] = len > 2 ? b64_alphabet[v & 63] : '=';
}

void
b64_encode(struct buf *b, const void *p, size_t len)
{
	const uint8_t *in = p;

	while (len > 0) {
		size_t n = len < 3 ? len : 3;

		b64_group((char *)buf_space(b, 4), in, n);
		in += n;
		len -= n;
	}
}

void
b64_encode_lines(struct buf *b, const void *p, size_t len)
{
	const uint8_t *in = p;

	while (len > 0) {
		size_t n = len < B64_LINE / 4 * 3 ? len : B64_LINE / 4 * 3;

		b64_encode(b, in, n);
		buf_u8(b, '\n');
		in += n;
		len -= n;
	}
}

static int
b64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Counts '=' to the end of s; strict: nothing else may stand there. */
static int
b64_padding(const char *s, size_t len, int lenient, size_t *pads)
{
	*pads = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '=')
			(*pads)++;
		else if (!lenient)
			return -1;
	}
	return 0;
}

/* The last, incomplete group: have characters (0, 2 or 3) whose bits are in v. */
static int
b64_last(struct buf *b, uint32_t v, size_t have, size_t pads, int lenient)
{
	if (have == 0)
		return pads == 0 || lenient ? 0 : -1;
	if (have == 1 || have + pads < 4)
		return -1;
	v <<= 6 * (4 - have);
	if (!lenient && (pads != 4 - have || (v & (have == 2 ? 0xffff : 0xff)) != 0))
		return -1;
	buf_u8(b, (uint8_t)(v >> 16));
	if (have == 3)
		buf_u8(b, (uint8_t)(v >> 8));
	return 0;
}

int
b64_decode(struct buf *b, const char *s, size_t len, int lenient)
{
	size_t i, have = 0, pads;
	uint32_t v = 0;

	for (i = 0; i < len && s[i] != '='; i++) {
		int d = b64_value(s[i]);

		if (d < 0 && !lenient)
			return -1;
		if (d < 0)
			continue;
		v = v << 6 | (uint32_t)d;
		if (++have == 4) {
			uint8_t three[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

			buf_put(b, three, 3);
			v = 0;
			have = 0;
		}
	}
	if (b64_padding(s + i, len - i, lenient, &pads) == -1)
		return -1;
	return b64_last(b, v, have, pads, lenient);
}
