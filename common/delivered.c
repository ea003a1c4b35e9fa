#include <string.h>

#include "compress.h"
#include "delivered.h"

static void
set_message(struct delivery *d, const uint8_t *msg, size_t len)
{
	const uint8_t *body;
	size_t n;

	msghdrs_parse(&d->headers, msg, len, &body, &n);
	buf_put(&d->contents, body, n);
	d->type = is_text(body, n) ? MT_PLAINTEXT : MT_BINARY;
}

static void
uncompress_into(struct delivery *d, const void *p, size_t len)
{
	struct buf msg = { 0 };

	switch (mix_uncompress(&msg, p, len, overcompression_limit(len), &d->why)) {
	case 0: set_message(d, msg.p, msg.len); break;
	case UNCOMPRESS_OVER:
		d->type = MT_OVERCOMPRESSED;
		buf_put(&d->contents, p, len);
		break;
	default: d->error = 1; break;
	}
	buf_wipe(&msg);
}

void
delivery_from_compressed(struct delivery *d, const void *p, size_t len)
{
	memset(d, 0, sizeof(*d));
	uncompress_into(d, p, len);
}

static void
set_encrypted(struct delivery *d, const uint8_t *payload, const uint8_t *tag)
{
	if (tag == NULL) {
		err_set(&d->why, "a payload that nobody can decode without a handle");
		d->error = 1;
		return;
	}
	d->type = MT_ENCRYPTED;
	memcpy(d->tag, tag, TAG_LEN);
	buf_put(&d->contents, payload, PAYLOAD_LEN);
}

void
delivery_from_payload(struct delivery *d, const uint8_t payload[PAYLOAD_LEN], const uint8_t *tag)
{
	struct payload pl;

	memset(d, 0, sizeof(*d));
	if (!payload_checksum_ok(payload, PAYLOAD_LEN)) {
		set_encrypted(d, payload, tag);
	} else if (payload_parse(&pl, payload, PAYLOAD_LEN, &d->why) == -1) {
		d->error = 1;
	} else if (pl.kind == PAYLOAD_FRAGMENT) {
		d->type = MT_FRAGMENT;
		buf_put(&d->contents, payload, PAYLOAD_LEN);
	} else {
		uncompress_into(d, pl.data, pl.len);
	}
}

void
delivery_armor(struct buf *out, const struct delivery *d)
{
	message_armor(out, d->type, d->tag, d->contents.p, d->contents.len);
}

void
delivery_free(struct delivery *d)
{
	msghdrs_free(&d->headers);
	buf_wipe(&d->contents);
	memset(d, 0, sizeof(*d));
}
