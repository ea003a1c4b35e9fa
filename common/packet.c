/* Construction of packets, minion-spec 3.2.4.3; see packet.h. */
#include <string.h>

#include "packet.h"

/* Header 2 and the payload, under the keys of leg 1 and hidden in one another. */
static void
hide_and_wrap(uint8_t *header2, uint8_t *payload, const uint8_t (*secrets1)[KEY_LEN], size_t n1)
{
	uint8_t md[HASH_LEN];

	sha1(md, payload, PAYLOAD_LEN);
	sprp_encrypt(md, HASH_LEN, L_HIDE_HEADER, header2, HEADER_LEN);
	sha1(md, header2, HEADER_LEN);
	sprp_encrypt(md, HASH_LEN, L_HIDE_PAYLOAD, payload, PAYLOAD_LEN);
	for (size_t i = n1; i-- > 0;) {
		sprp_encrypt(secrets1[i], KEY_LEN, L_HEADER_ENC, header2, HEADER_LEN);
		sprp_encrypt(secrets1[i], KEY_LEN, L_PAYLOAD_ENC, payload, PAYLOAD_LEN);
	}
	wipe(md, sizeof(md));
}

static void
draw_secrets(uint8_t (*secrets)[KEY_LEN], size_t n, const struct rng *rng)
{
	for (size_t i = 0; i < n; i++)
		rng_fill(rng, secrets[i], KEY_LEN);
}

/* Both headers into out, and the payload under the keys of both legs. */
static int
assemble(uint8_t out[PACKET_LEN], const struct hop *leg1, size_t n1, const struct hop *leg2,
    size_t n2, const struct routing *crossing, const struct routing *exit, const struct rng *rng,
    struct errmsg *e)
{
	uint8_t secrets1[MAX_HOPS][KEY_LEN], secrets2[MAX_HOPS][KEY_LEN];
	uint8_t *header2 = out + HEADER_LEN, *payload = header2 + HEADER_LEN;
	int r = -1;

	draw_secrets(secrets1, n1, rng);
	draw_secrets(secrets2, n2, rng);
	if (header_build(header2, leg2, n2, secrets2, exit, rng, e) == 0 &&
	    header_build(out, leg1, n1, secrets1, crossing, rng, e) == 0) {
		for (size_t i = n2; i-- > 0;)
			sprp_encrypt(secrets2[i], KEY_LEN, L_PAYLOAD_ENC, payload, PAYLOAD_LEN);
		hide_and_wrap(header2, payload, secrets1, n1);
		r = 0;
	}
	wipe(secrets1, sizeof(secrets1));
	wipe(secrets2, sizeof(secrets2));
	return r;
}

int
packet_build_forward(uint8_t out[PACKET_LEN], const uint8_t payload[PAYLOAD_LEN],
    const struct hop *leg1, size_t n1, const struct hop *leg2, size_t n2, uint16_t exit_type,
    const uint8_t *tag, const void *info, size_t infolen, const struct rng *rng, struct errmsg *e)
{
	struct buf ri = { 0 }, next = { 0 };
	struct routing exit, crossing;
	int r = -1;

	if (n1 == 0 || n2 == 0)
		return err_set(e, "path too short: both legs need at least one hop");
	if (tag != NULL)
		buf_put(&ri, tag, TAG_LEN);
	buf_put(&ri, info, infolen);
	routing_pack_host(&next, &leg2[0].addr);
	exit = (struct routing) { exit_type, ri.p, ri.len };
	crossing = (struct routing) { RT_SWAP_FWD_HOST, next.p, next.len };
	if (header_fits(leg2, n2, &exit, e) == 0 && header_fits(leg1, n1, &crossing, e) == 0) {
		memcpy(out + 2 * HEADER_LEN, payload, PAYLOAD_LEN);
		r = assemble(out, leg1, n1, leg2, n2, &crossing, &exit, rng, e);
	}
	buf_wipe(&ri);
	buf_wipe(&next);
	return r;
}

int
packet_build_reply(uint8_t out[PACKET_LEN], const uint8_t payload[PAYLOAD_LEN],
    const struct hop *leg1, size_t n1, const struct surb *surb, const struct rng *rng,
    struct errmsg *e)
{
	struct routing crossing = { surb->rtype, surb->ri, surb->rilen };
	uint8_t secrets[MAX_HOPS][KEY_LEN];
	uint8_t *header2 = out + HEADER_LEN, *body = header2 + HEADER_LEN;
	int r;

	if (header_fits(leg1, n1, &crossing, e) == -1)
		return -1;
	draw_secrets(secrets, n1, rng);
	r = header_build(out, leg1, n1, secrets, &crossing, rng, e);
	if (r == 0) {
		memcpy(header2, surb->header, HEADER_LEN);
		memcpy(body, payload, PAYLOAD_LEN);
		sprp_decrypt(surb->key, KEY_LEN, L_PAYLOAD_ENC, body, PAYLOAD_LEN);
		hide_and_wrap(header2, body, secrets, n1);
	}
	wipe(secrets, sizeof(secrets));
	return r;
}

void
tag_random(uint8_t tag[TAG_LEN], const struct rng *rng)
{
	rng_fill(rng, tag, TAG_LEN);
	tag[0] &= 0x7f;
}
