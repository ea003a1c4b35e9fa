/*
 * ASCII armor (E2E-spec 3.1.1, RFC 2440 6.2 without checksum) and the delivered forms of a
 * message: the five values of Message-type.
 */
#ifndef COMMON_ARMOR_H
#define COMMON_ARMOR_H

#include "bytes.h"
#include "mix.h"

#define ARMOR_MESSAGE "TYPE III ANONYMOUS MESSAGE"
#define ARMOR_SURB    "TYPE III REPLY BLOCK"
#define ARMOR_KEYRING "TYPE III KEYRING"

struct armor_header {
	const char *name;
	const char *value;
};

/* Appends the armored form: base-64 in lines of 64, or dash-escaped text where base64 is 0. */
void armor_encode(struct buf *out, const char *kind, const struct armor_header *h, size_t nh,
    const void *p, size_t len, int base64);

/* One armored object found in a text. */
struct armored {
	char *kind;
	struct {
		char *name;
		char *value;
	} headers[8];
	size_t nheaders;
	struct buf data;
};

/*
 * Finds the next object of the given kind in text from *pos on and advances *pos behind it. 1:
 * found (free with armored_free), 0: no more, -1: malformed. Other kinds are passed over. For
 * ARMOR_MESSAGE base-64 or dash-escaped text is told by Message-type.
 */
int armor_next(struct armored *a, const char *kind, const char *text, size_t len, size_t *pos,
    struct errmsg *e);
const char *armored_header(const struct armored *a, const char *name); /* NULL if absent */
void armored_free(struct armored *a);

enum message_type { MT_PLAINTEXT, MT_BINARY, MT_ENCRYPTED, MT_OVERCOMPRESSED, MT_FRAGMENT };

/* A message as it was delivered: type, contents, and the tag of encrypted ones. */
struct delivered_message {
	enum message_type type;
	struct buf contents;
	uint8_t tag[TAG_LEN];
};

/* Text that may go unencoded: TAB LF VT CR and printing ASCII, or valid UTF-8 (E10). */
int is_text(const uint8_t *p, size_t len);
/* Well-formed UTF-8 (RFC 3629). */
int utf8_valid(const uint8_t *p, size_t len);
const char *message_type_name(enum message_type t);
/* As an exit delivers it. tag only for MT_ENCRYPTED. */
void message_armor(struct buf *out, enum message_type t, const uint8_t *tag, const void *p,
    size_t len);
/* The next delivered message of a text (a mail, a file); as armor_next. */
int message_next(struct delivered_message *m, const char *text, size_t len, size_t *pos,
    struct errmsg *e);

#endif
