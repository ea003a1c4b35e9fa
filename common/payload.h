/*
 * Payloads: E2E-spec 2.2.1.2, their headers; PACKETIZE_MESSAGE and the decoding of plain ones.
 */
#ifndef COMMON_PAYLOAD_H
#define COMMON_PAYLOAD_H

#include "bytes.h"
#include "crypto.h"
#include "mix.h"

#define SINGLETON_HEADER_LEN 22
#define FRAGMENT_HEADER_LEN  47
#define ENC_FWD_OVERHEAD     38 /* E1 */
#define MSGID_LEN	     20

enum payload_kind { PAYLOAD_SINGLETON, PAYLOAD_FRAGMENT };

/* A parsed payload; data is borrowed. */
struct payload {
	enum payload_kind kind;
	const uint8_t *data; /* singleton: the contents; fragment: everything after the header */
	size_t len;
	uint32_t index; /* fragment: 23 bits */
	uint8_t msgid[MSGID_LEN];
	uint32_t msglen; /* fragment: octets of the whole message (whitened, with prefix) */
	size_t overhead; /* fragment: 0 or ENC_FWD_OVERHEAD, told by the length of the payload */
};

/* 1 if the hash field is right: what tells a plain payload from an opaque one. */
int payload_checksum_ok(const uint8_t *p, size_t len);
/* Structure and bounds; len must be PAYLOAD_LEN or that less ENC_FWD_OVERHEAD. Not the hash. */
int payload_parse(struct payload *out, const uint8_t *p, size_t len, struct errmsg *e);

/* Singleton: out has PAYLOAD_LEN - overhead octets. Draws the padding. len must fit. */
void payload_build_singleton(uint8_t *out, const void *compressed, size_t len, size_t overhead,
    const struct rng *rng);
/* Fragment: out as above, data exactly fills it. */
void payload_build_fragment(uint8_t *out, uint32_t index, const uint8_t msgid[MSGID_LEN],
    uint32_t msglen, const void *data, size_t overhead);

/* All the payloads for a message, each PAYLOAD_LEN - overhead octets, one after the other. */
struct payloads {
	uint8_t *p; /* n * each octets; freed by payloads_free */
	size_t n;
	size_t each;
	uint8_t msgid[MSGID_LEN]; /* where fragmented (n > 1) */
};

/* All at once; as packetize. */
int payloads_from_message(struct payloads *out, const void *msg, size_t len, size_t overhead,
    const void *prefix, size_t prefixlen, const struct rng *rng, struct errmsg *e);
void payloads_free(struct payloads *ps); /* wipes */

/* RT RS RI in front of the compressed message (E3). */
void server_side_prefix(struct buf *b, uint16_t rt, const void *ri, size_t rilen);
/* Splits a reassembled message; pointers into p. */
int server_side_parse(uint16_t *rt, struct chunk *ri, struct chunk *rest, const uint8_t *p,
    size_t len, struct errmsg *e);

#endif
