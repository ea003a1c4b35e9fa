/* The delivered forms of a message (armor.h): which armor headers say what is inside. */
#include <string.h>

#include "armor.h"

#define NTYPES 5

static const char *const type_names[NTYPES] = {
	[MT_PLAINTEXT] = "plaintext",
	[MT_BINARY] = "binary",
	[MT_ENCRYPTED] = "encrypted",
	[MT_OVERCOMPRESSED] = "overcompressed",
	[MT_FRAGMENT] = "fragment",
};

/*
 * The reference's set of octets. Every valid UTF-8 text without other control characters is made
 * of these: the octets that UTF-8 never uses are C0, C1 and F5 to FF, and of them FF is left out.
 */
int
is_text(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = p[i];

		if (!(c >= 0x20 && c <= 0x7e) && !(c >= 0x80 && c <= 0xfe) && c != '\t' &&
		    c != '\n' && c != '\v' && c != '\r')
			return 0;
	}
	return 1;
}

/* Octets of the UTF-8 character at p (RFC 3629), 0 if there is none; end is beyond. */
static size_t
utf8_len(const uint8_t *p, const uint8_t *end)
{
	uint8_t c = p[0];
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (n > (size_t)(end - p))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Not longer than need be, no surrogate, not beyond U+10FFFF. */
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
	    (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

int
utf8_valid(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	size_t n;

	for (; p < end; p += n)
		if ((n = utf8_len(p, end)) == 0)
			return 0;
	return 1;
}

const char *
message_type_name(enum message_type t)
{
	return type_names[t];
}

void
message_armor(struct buf *out, enum message_type t, const uint8_t *tag, const void *p, size_t len)
{
	struct armor_header h[2] = { { "Message-type", type_names[t] } };
	struct buf handle = { 0 };
	size_t nh = 1;

	if (t == MT_ENCRYPTED) {
		b64_encode(&handle, tag, TAG_LEN);
		h[nh++] = (struct armor_header){ "Decoding-handle", buf_cstr(&handle) };
	}
	armor_encode(out, ARMOR_MESSAGE, h, nh, p, len, t != MT_PLAINTEXT);
	buf_free(&handle);
}

static int
read_type(struct delivered_message *m, const struct armored *a, struct errmsg *e)
{
	const char *s = armored_header(a, "Message-type");

	m->type = MT_PLAINTEXT;
	for (int i = 0; s != NULL; i++) {
		if (i == NTYPES)
			return err_set(e, "a message of unknown type \"%.40s\"", s);
		if (strcmp(s, type_names[i]) == 0) {
			m->type = (enum message_type)i;
			break;
		}
	}
	return 0;
}

/* A handle makes a message an encrypted one, whatever its type says. */
static int
read_handle(struct delivered_message *m, const struct armored *a, struct errmsg *e)
{
	const char *s = armored_header(a, "Decoding-handle");
	struct buf tag = { 0 };
	int r = 0;

	if (s == NULL)
		return m->type != MT_ENCRYPTED
			   ? 0
			   : err_set(e, "an encrypted message without a decoding handle");
	m->type = MT_ENCRYPTED;
	if (b64_decode(&tag, s, strlen(s), 1) == -1 || tag.len != TAG_LEN)
		r = err_set(e, "a message with a malformed decoding handle");
	else
		memcpy(m->tag, tag.p, TAG_LEN);
	buf_free(&tag);
	return r;
}

int
message_next(struct delivered_message *m, const char *text, size_t len, size_t *pos,
    struct errmsg *e)
{
	struct armored a;
	int r = armor_next(&a, ARMOR_MESSAGE, text, len, pos, e);

	if (r != 1)
		return r;
	memset(m, 0, sizeof(*m));
	if (read_type(m, &a, e) == -1 || read_handle(m, &a, e) == -1) {
		armored_free(&a);
		return -1;
	}
	m->contents = a.data;
	memset(&a.data, 0, sizeof(a.data));
	armored_free(&a);
	return 1;
}
