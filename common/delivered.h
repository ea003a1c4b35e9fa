/*
 * What an exit makes of a payload: E2E-spec 2.3, 3.1.1. From an exit payload (or a reassembled
 * message) to the type, the headers and the contents that delivery modules mail.
 */
#ifndef COMMON_DELIVERED_H
#define COMMON_DELIVERED_H

#include "armor.h"
#include "msghdr.h"
#include "payload.h"

struct delivery {
	int error; /* the payload was plain but malformed: errmsg says how; nothing to deliver */
	enum message_type type; /* plaintext, binary, encrypted, overcompressed, fragment */
	struct msghdrs headers; /* plaintext and binary only */
	struct buf contents; /* what goes into the armor */
	uint8_t tag[TAG_LEN];
	struct errmsg why;
};

/* tag NULL where the exit type has none. The result is freed by delivery_free. */
void delivery_from_payload(struct delivery *d, const uint8_t payload[PAYLOAD_LEN],
    const uint8_t *tag);
/* From a reassembled, still compressed message. */
void delivery_from_compressed(struct delivery *d, const void *p, size_t len);
/* Appends the armored text of the mail's body. */
void delivery_armor(struct buf *out, const struct delivery *d);
void delivery_free(struct delivery *d); /* wipes */

#endif
