/*
 * Subheaders and headers: minion-spec 3.2.1, 3.2.2 and the construction of 3.2.4.1.
 */
#ifndef COMMON_HEADER_H
#define COMMON_HEADER_H

#include "bytes.h"
#include "crypto.h"
#include "mix.h"
#include "routing.h"
#include "rsakey.h"

/* The RSA block of a header, decrypted: the fixed fields, then what follows them in the block. */
struct subheader {
	uint8_t major;
	uint8_t minor;
	uint8_t secret[KEY_LEN];
	uint8_t digest[HASH_LEN];
	uint16_t rsize;
	uint16_t rtype;
	uint8_t rest[MAX_RI_IN_RSA];
};

/* Cannot fail: the block has exactly PK_MAX_DATA_LEN octets. Checks nothing. */
void subheader_parse(struct subheader *sh, const uint8_t block[PK_MAX_DATA_LEN]);
/* X = HASH(SK | "REPLAY PREVENTION"), minion-spec 3.2.5.1 */
void subheader_replay_digest(const struct subheader *sh, uint8_t x[HASH_LEN]);

/* What a sender knows of one mix. The key is borrowed. */
struct hop {
	struct rsakey *key;
	struct mix_addr addr;
};

/* What the last subheader of a leg says; info is borrowed. */
struct routing {
	uint16_t type;
	const uint8_t *info;
	size_t len;
};

/*
 * 0 if a leg over n hops that ends with last fits into a header (P6), else -1 and "path too long".
 */
int header_fits(const struct hop *hops, size_t n, const struct routing *last, struct errmsg *e);

/*
 * Builds one header. secrets: n master secrets of KEY_LEN octets each, first hop first. Draws:
 * the initial padding (HEADER_LEN less the sum of sizes), then one 20-octet OAEP seed for each
 * hop from the last to the first. -1 with a reason if the path is too long.
 */
int header_build(uint8_t out[HEADER_LEN], const struct hop *hops, size_t n,
    const uint8_t (*secrets)[KEY_LEN], const struct routing *last, const struct rng *rng,
    struct errmsg *e);

#endif
