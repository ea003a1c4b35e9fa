/* Reporting, JSON fields, and randomness that is replayed; see vec.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "vec.h"

static char name[256]; /* of the vector that runs */
static int failed; /* in it */
static int npassed, nfailed;

void
vec_begin(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	failed = 0;
}

void
vec_fail(const char *file, int line, const char *what)
{
	if (!failed)
		printf("not ok - %s: %s:%d: %s\n", name, file, line, what);
	failed = 1;
}

void
vec_end(void)
{
	if (failed) {
		nfailed++;
	} else {
		printf("ok - %s\n", name);
		npassed++;
	}
}

int
vec_summary(void)
{
	printf("%d passed, %d failed\n", npassed, nfailed);
	return nfailed != 0 || npassed == 0;
}

/* The vectors are not what this program was written for. */
static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	printf("not ok - %s: ", name);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

const char *
vec_str(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_string(v))
		die("no text \"%s\"", key);
	return json_string_value(v);
}

long long
vec_int(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v))
		die("no number \"%s\"", key);
	return json_integer_value(v);
}

int
vec_accept(const json_t *o, const char *key)
{
	const char *s = vec_str(o, key);

	if (strcmp(s, "accept") != 0 && strcmp(s, "reject") != 0)
		die("\"%s\" is neither accept nor reject", key);
	return s[0] == 'a';
}

/* Octets written as the characters of the same numbers; JSON has them in UTF-8. */
static void
put_latin1(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c >= 0x80) {
			if ((c != 0xc2 && c != 0xc3) || i + 1 == len)
				die("a character above 255");
			c = (uint8_t)(c << 6 | ((uint8_t)s[++i] & 0x3f));
		}
		buf_u8(b, c);
	}
}

struct buf
vec_bytes_of(const json_t *value, const char *kind)
{
	struct buf b = { 0 };
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);

	if (!json_is_string(value))
		die("a value is no text");
	(void)buf_space(&b, 1); /* so that p is never NULL */
	buf_reset(&b);
	if (strcmp(kind, "hex") == 0) {
		if (hex_decode(buf_space(&b, len / 2), len / 2, s, len) == -1)
			die("bad hex");
	} else if (strcmp(kind, "b64") == 0) {
		if (b64_decode(&b, s, len, 0) == -1)
			die("bad base-64");
	} else {
		put_latin1(&b, s, len);
	}
	return b;
}

static int
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

struct buf
vec_bytes(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	int hex = ends_with(key, "_hex") || ends_with(key, "_sha1") || strcmp(key, "hex") == 0;

	if (!json_is_string(v))
		die("no text \"%s\"", key);
	return vec_bytes_of(v, hex ? "hex" : ends_with(key, "_b64") ? "b64" : "text");
}

int
vec_eq(const struct buf *b, const void *p, size_t len)
{
	return b->len == len && (len == 0 || memcmp(b->p, p, len) == 0);
}

int
vec_eq_hex(const void *p, size_t len, const json_t *o, const char *key)
{
	struct buf want = vec_bytes_of(json_object_get(o, key), "hex");
	int r = vec_eq(&want, p, len);

	buf_free(&want);
	return r;
}

static void
replay(void *ctx, void *p, size_t len)
{
	struct vec_rng *r = ctx;

	if (r->next == r->n)
		die("more randomness asked for than the vector has");
	if (r->parts[r->next].len != len)
		die("%zu octets of randomness asked for, %zu come next", len,
		    r->parts[r->next].len);
	if (len != 0)
		memcpy(p, r->parts[r->next].p, len);
	r->next++;
}

void
vec_rng_init(struct vec_rng *r)
{
	memset(r, 0, sizeof(*r));
	r->rng = (struct rng) { replay, r };
}

static void
push(struct vec_rng *r, struct buf b)
{
	if (r->n == sizeof(r->parts) / sizeof(r->parts[0]))
		die("too much randomness");
	r->parts[r->n++] = b;
}

void
vec_rng_push(struct vec_rng *r, const void *p, size_t len)
{
	struct buf b = { 0 };

	buf_put(&b, p, len);
	push(r, b);
}

void
vec_rng_push_hex(struct vec_rng *r, const char *hex)
{
	json_t *v = json_string(hex);

	push(r, vec_bytes_of(v, "hex"));
	json_decref(v);
}

void
vec_rng_push_list(struct vec_rng *r, const json_t *list, int reverse)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++)
		push(r, vec_bytes_of(json_array_get(list, reverse ? n - 1 - i : i), "hex"));
}

int
vec_rng_done(const struct vec_rng *r)
{
	return r->next == r->n;
}

void
vec_rng_free(struct vec_rng *r)
{
	for (size_t i = 0; i < r->n; i++)
		buf_free(&r->parts[i]);
}
