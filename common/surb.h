/*
 * Single-use reply blocks: minion-spec 3.3 (formats), E2E-spec 2.2.5 (stateless generation).
 */
#ifndef COMMON_SURB_H
#define COMMON_SURB_H

#include "header.h"

#define SURB_FIXED_LEN (30 + HEADER_LEN) /* without the routing info */
#define SURB_MAX_RI    1024 /* more cannot stand in a subheader that still fits */

struct surb {
	uint32_t use_by; /* seconds since 1970, a midnight UTC */
	uint8_t header[HEADER_LEN];
	uint16_t rtype; /* SWAP-FWD/HOST */
	uint8_t key[KEY_LEN]; /* end-to-end: SPRP_Decrypt of the payload before sending */
	uint8_t ri[SURB_MAX_RI];
	size_t rilen;
};

/*
 * Makes one for secret (seclen octets) and the path; info is the exit address without tag.
 * Draws: 20-octet seeds until one validates, then header_build's. seed_out (may be NULL) gets the
 * decoding handle.
 */
int surb_build(struct surb *s, const struct hop *hops, size_t n, uint16_t exit_type,
    const void *info, size_t infolen, const void *secret, size_t seclen, uint32_t use_by,
    const struct rng *rng, uint8_t *seed_out, struct errmsg *e);

/*
 * 1 if tag is a decoding handle of secret: Hash(tag | secret | "Validate") ends with a zero
 * octet.
 */
int surb_tag_matches(const uint8_t tag[TAG_LEN], const void *secret, size_t seclen);
/* The first n 16-octet secrets of the stream that tag and secret generate, into out (S4). */
void surb_secrets(const uint8_t tag[TAG_LEN], const void *secret, size_t seclen,
    uint8_t (*out)[KEY_LEN], size_t n);

void surb_pack(struct buf *b, const struct surb *s);
void surb_armor(struct buf *b, const struct surb *s);
/* SHA-1 of the binary form: by which it is remembered as used. */
void surb_digest(const struct surb *s, uint8_t md[HASH_LEN]);

/*
 * Takes one from the start of p; *used gets the octets taken. Format only: the use-by date's
 * alignment is checked (S2), whether it has expired is surb_expired's to say.
 */
int surb_parse(struct surb *s, const uint8_t *p, size_t len, size_t *used, struct errmsg *e);
int surb_expired(const struct surb *s, int64_t now);

/*
 * All reply blocks of a file: concatenated binary ones (white space between them allowed) or any
 * number of armored ones in a text. The caller frees *out. warn (may be NULL) is called for what
 * is accepted with a warning (an odd armor version). At most max blocks; a text without any gives
 * *n = 0.
 */
int surb_parse_all(struct surb **out, size_t *n, const uint8_t *p, size_t len, size_t max,
    void (*warn)(const char *), struct errmsg *e);

#endif
