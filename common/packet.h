/*
 * Packets: construction (minion-spec 3.2.4.3) and one hop of processing (3.2.5) after the RSA
 * operation, which happens elsewhere (keyd) for a node.
 */
#ifndef COMMON_PACKET_H
#define COMMON_PACKET_H

#include "header.h"
#include "surb.h"

/* Results of processing one packet. Refusals are told apart for counting only. */
enum unwrap {
	UNWRAP_DROP, /* a dummy: discard */
	UNWRAP_RELAY, /* addr and packet are set */
	UNWRAP_EXIT, /* rtype, ri, rilen, payload, app_key are set */
	UNWRAP_BAD_VERSION,
	UNWRAP_BAD_DIGEST, /* of the header; a keyd has checked it before */
	UNWRAP_BAD_SIZE, /* routing size does not fit the header (P4) */
	UNWRAP_BAD_TYPE, /* an unknown type below 0x0100 */
	UNWRAP_BAD_ROUTING, /* malformed routing info of a relay type */
	UNWRAP_NRESULTS
};
const char *unwrap_name(enum unwrap u);

struct unwrapped {
	uint16_t rtype;
	struct mix_addr addr; /* relay */
	uint8_t ri[HEADER_LEN]; /* exit: the whole routing info, with tag */
	size_t rilen;
	uint8_t app_key[KEY_LEN]; /* exit */
	uint8_t packet[PACKET_LEN]; /* relay: the packet for the next hop */
	uint8_t payload[PAYLOAD_LEN]; /* exit: payload with this hop's layer off */
};

/*
 * Processes packet, whose first RSA block decrypts to block. Does not check for replays. The
 * order of the checks is the reference's (P7): version, header digest, DROP, routing.
 */
enum unwrap packet_unwrap(const uint8_t packet[PACKET_LEN], const uint8_t block[PK_MAX_DATA_LEN],
    struct unwrapped *out);

/*
 * The same with a private key at hand (tests, the bench): tries the RSA operation, then as above;
 * returns -1 if the key does not open the packet. replay gets X where the header digest was right.
 */
int packet_open(const uint8_t packet[PACKET_LEN], struct rsakey *key, uint8_t replay[HASH_LEN],
    struct unwrapped *out);

/*
 * A forward packet (two legs). For tagged exit types tag is TAG_LEN octets and goes before info;
 * for others it is NULL. Draws, in this order: the secrets of leg 1 (16 octets a hop, path
 * order), of leg 2, then header 2 (as header_build says), then header 1. -1 with a reason if a
 * leg is empty or too long.
 */
int packet_build_forward(uint8_t out[PACKET_LEN], const uint8_t payload[PAYLOAD_LEN],
    const struct hop *leg1, size_t n1, const struct hop *leg2, size_t n2, uint16_t exit_type,
    const uint8_t *tag, const void *info, size_t infolen, const struct rng *rng, struct errmsg *e);

/*
 * A reply packet through a SURB. Draws: the secrets of the path, then header 1.
 */
int packet_build_reply(uint8_t out[PACKET_LEN], const uint8_t payload[PAYLOAD_LEN],
    const struct hop *leg1, size_t n1, const struct surb *surb, const struct rng *rng,
    struct errmsg *e);

/* 159 random bits after a zero bit; draws 20 octets. */
void tag_random(uint8_t tag[TAG_LEN], const struct rng *rng);

#endif
