/* One hop of processing, minion-spec 3.2.5; see packet.h. */
#include <string.h>

#include "packet.h"

#define ENC_LEN (HEADER_LEN - PK_ENC_LEN) /* of header 1, behind its RSA block */

const char *
unwrap_name(enum unwrap u)
{
	static const char *const names[UNWRAP_NRESULTS] = { "drop", "relay", "exit",
		"bad_version", "bad_digest", "bad_size", "bad_type", "bad_routing" };

	return (unsigned)u < UNWRAP_NRESULTS ? names[u] : "?";
}

static int
is_swap(uint16_t rtype)
{
	return rtype == RT_SWAP_FWD_IP4 || rtype == RT_SWAP_FWD_HOST;
}

/*
 * Routing info and the header for the next hop, one behind the other: what stood in the RSA
 * block, the rest of the header decrypted, and junk in the place of what is taken away. Returns
 * its length.
 */
static size_t
open_header(uint8_t full[2 * HEADER_LEN], const struct subheader *sh, const uint8_t *enc)
{
	uint8_t key[KEY_LEN];
	size_t junk = MIN_SH + PK_OVERHEAD_LEN + sh->rsize;

	memcpy(full, sh->rest, MAX_RI_IN_RSA);
	memcpy(full + MAX_RI_IN_RSA, enc, ENC_LEN);
	subkey(key, sh->secret, KEY_LEN, L_RANDOM_JUNK);
	stream_crypt(key, 0, NULL, full + MAX_RI_IN_RSA + ENC_LEN, junk);
	subkey(key, sh->secret, KEY_LEN, L_HEADER_SECRET);
	stream_crypt(key, 0, full + MAX_RI_IN_RSA, full + MAX_RI_IN_RSA, ENC_LEN + junk);
	wipe(key, sizeof(key));
	return MAX_RI_IN_RSA + ENC_LEN + junk;
}

static enum unwrap
unwrap_exit(const struct subheader *sh, const uint8_t *full, const uint8_t *payload,
    struct unwrapped *out)
{
	out->rilen = sh->rsize;
	memcpy(out->ri, full, sh->rsize);
	subkey(out->app_key, sh->secret, KEY_LEN, L_APPLICATION);
	memcpy(out->payload, payload, PAYLOAD_LEN);
	sprp_decrypt(sh->secret, KEY_LEN, L_PAYLOAD_ENC, out->payload, PAYLOAD_LEN);
	return UNWRAP_EXIT;
}

/* The swap point, minion-spec 3.2.5.3: the header that was hidden comes to the front. */
static void
swap_headers(uint8_t *header1, uint8_t *header2, uint8_t *payload)
{
	uint8_t md[HASH_LEN], keep[HEADER_LEN];

	sha1(md, header2, HEADER_LEN);
	sprp_decrypt(md, HASH_LEN, L_HIDE_PAYLOAD, payload, PAYLOAD_LEN);
	sha1(md, payload, PAYLOAD_LEN);
	sprp_decrypt(md, HASH_LEN, L_HIDE_HEADER, header2, HEADER_LEN);
	memcpy(keep, header1, HEADER_LEN);
	memcpy(header1, header2, HEADER_LEN);
	memcpy(header2, keep, HEADER_LEN);
}

static enum unwrap
unwrap_relay(const struct subheader *sh, const uint8_t *full, const uint8_t *packet,
    struct unwrapped *out)
{
	uint8_t *header1 = out->packet, *header2 = header1 + HEADER_LEN;
	uint8_t *payload = header2 + HEADER_LEN;

	if (routing_parse(&out->addr, sh->rtype, full, sh->rsize, NULL) == -1)
		return UNWRAP_BAD_ROUTING;
	memcpy(header1, full + sh->rsize, HEADER_LEN);
	memcpy(header2, packet + HEADER_LEN, HEADER_LEN + PAYLOAD_LEN);
	sprp_decrypt(sh->secret, KEY_LEN, L_HEADER_ENC, header2, HEADER_LEN);
	sprp_decrypt(sh->secret, KEY_LEN, L_PAYLOAD_ENC, payload, PAYLOAD_LEN);
	if (is_swap(sh->rtype))
		swap_headers(header1, header2, payload);
	return UNWRAP_RELAY;
}

static enum unwrap
unwrap_subheader(const struct subheader *sh, const uint8_t *packet, struct unwrapped *out)
{
	uint8_t md[HASH_LEN], full[2 * HEADER_LEN];
	enum unwrap u;
	size_t len;

	if (sh->major != PACKET_MAJOR || sh->minor != PACKET_MINOR)
		return UNWRAP_BAD_VERSION;
	sha1(md, packet + PK_ENC_LEN, ENC_LEN);
	if (!ct_equal(md, sh->digest, HASH_LEN))
		return UNWRAP_BAD_DIGEST;
	out->rtype = sh->rtype;
	if (sh->rtype == RT_DROP)
		return UNWRAP_DROP;
	if (sh->rtype < RT_MIN_EXIT && sh->rtype > RT_SWAP_FWD_HOST)
		return UNWRAP_BAD_TYPE;
	if (sh->rsize > MAX_RI_IN_RSA + ENC_LEN)
		return UNWRAP_BAD_SIZE;
	len = open_header(full, sh, packet + PK_ENC_LEN);
	if (sh->rtype >= RT_MIN_EXIT)
		u = unwrap_exit(sh, full, packet + 2 * HEADER_LEN, out);
	else
		u = unwrap_relay(sh, full, packet, out);
	wipe(full, len);
	return u;
}

enum unwrap
packet_unwrap(const uint8_t packet[PACKET_LEN], const uint8_t block[PK_MAX_DATA_LEN],
    struct unwrapped *out)
{
	struct subheader sh;
	enum unwrap u;

	subheader_parse(&sh, block);
	u = unwrap_subheader(&sh, packet, out);
	wipe(&sh, sizeof(sh));
	return u;
}

int
packet_open(const uint8_t packet[PACKET_LEN], struct rsakey *key, uint8_t replay[HASH_LEN],
    struct unwrapped *out)
{
	uint8_t block[RSA_MAX_LEN];
	struct subheader sh;
	size_t len;
	int u = -1;

	if (rsakey_len(key) == PK_ENC_LEN && rsakey_decrypt(key, packet, block, &len) == 0 &&
	    len == PK_MAX_DATA_LEN) {
		subheader_parse(&sh, block);
		subheader_replay_digest(&sh, replay);
		u = (int)unwrap_subheader(&sh, packet, out);
	}
	wipe(block, sizeof(block));
	wipe(&sh, sizeof(sh));
	return u;
}
