#include <string.h>

#include "e2e.h"
#include "surb.h"

#define INNER_LEN (PAYLOAD_LEN - ENC_FWD_OVERHEAD)

int
e2e_encrypt(uint8_t out[PAYLOAD_LEN], uint8_t tag[TAG_LEN], const uint8_t *inner,
    struct rsakey *to, const struct rng *rng, struct errmsg *e)
{
	uint8_t whole[KEY_LEN + INNER_LEN], block[RSA_MAX_LEN];
	size_t klen = rsakey_len(to), cut = klen - PK_OVERHEAD_LEN;
	int r = 0;

	if (klen < PK_OVERHEAD_LEN + KEY_LEN || klen > RSA_MAX_LEN)
		return err_set(e, "a recipient's key of %zu octets", klen);
	rng_fill(rng, whole, KEY_LEN);
	memcpy(whole + KEY_LEN, inner, INNER_LEN);
	do {
		if (rsakey_encrypt(to, rng, whole, cut, block) == -1)
			r = err_set(e, "cannot encrypt to the recipient's key");
	} while (r == 0 && (block[0] & 0x80)); /* so that it passes for any other handle (E2) */
	if (r == 0) {
		sprp_encrypt(whole, KEY_LEN, L_E2E, whole + cut, sizeof(whole) - cut);
		memcpy(tag, block, TAG_LEN);
		memcpy(out, block + TAG_LEN, klen - TAG_LEN);
		memcpy(out + klen - TAG_LEN, whole + cut, sizeof(whole) - cut);
	}
	wipe(whole, sizeof(whole));
	wipe(block, sizeof(block));
	return r;
}

/* 1: opened, 0: not with this secret, -1: opened and malformed. */
static int
try_secret(struct e2e_decoded *out, const uint8_t *payload, const uint8_t *tag,
    const struct e2e_secret *s, struct errmsg *e)
{
	uint8_t secrets[MAX_PATH][KEY_LEN];
	int r = 0;

	if (!surb_tag_matches(tag, s->secret, s->len))
		return 0;
	surb_secrets(tag, s->secret, s->len, secrets, MAX_PATH);
	memcpy(out->buf, payload, PAYLOAD_LEN);
	for (size_t i = 0; i < MAX_PATH && r == 0; i++) {
		sprp_encrypt(secrets[i], KEY_LEN, L_PAYLOAD_ENC, out->buf, PAYLOAD_LEN);
		if (payload_checksum_ok(out->buf, PAYLOAD_LEN))
			r = payload_parse(&out->payload, out->buf, PAYLOAD_LEN, e) == 0 ? 1 : -1;
	}
	wipe(secrets, sizeof(secrets));
	return r;
}

/* As try_secret. */
static int
try_key(struct e2e_decoded *out, const uint8_t *payload, const uint8_t *tag, struct rsakey *key,
    struct errmsg *e)
{
	uint8_t whole[TAG_LEN + PAYLOAD_LEN], head[RSA_MAX_LEN];
	size_t klen = rsakey_len(key), hlen, rest = sizeof(whole) - klen;
	int r;

	memcpy(whole, tag, TAG_LEN);
	memcpy(whole + TAG_LEN, payload, PAYLOAD_LEN);
	if (rsakey_decrypt(key, whole, head, &hlen) == -1)
		return 0;
	if (hlen != klen - PK_OVERHEAD_LEN || hlen < KEY_LEN) {
		wipe(head, sizeof(head));
		return err_set(e, "an encrypted message with a short first block");
	}
	sprp_decrypt(head, KEY_LEN, L_E2E, whole + klen, rest);
	memcpy(out->buf, head + KEY_LEN, hlen - KEY_LEN);
	memcpy(out->buf + hlen - KEY_LEN, whole + klen, rest);
	if (!payload_checksum_ok(out->buf, INNER_LEN))
		r = err_set(e, "an encrypted message that was damaged on its way");
	else
		r = payload_parse(&out->payload, out->buf, INNER_LEN, e) == 0 ? 1 : -1;
	wipe(head, sizeof(head));
	wipe(whole, sizeof(whole));
	return r;
}

static int
found(struct e2e_decoded *out, enum e2e_how how, size_t which)
{
	out->how = how;
	out->which = which;
	return 0;
}

int
e2e_decode(struct e2e_decoded *out, const uint8_t payload[PAYLOAD_LEN], const uint8_t *tag,
    const struct e2e_secret *secrets, size_t nsecrets, struct rsakey *const *keys, size_t nkeys,
    struct errmsg *e)
{
	int r;

	memset(out, 0, sizeof(*out));
	if (payload_checksum_ok(payload, PAYLOAD_LEN)) {
		memcpy(out->buf, payload, PAYLOAD_LEN);
		found(out, E2E_PLAIN, 0);
		return payload_parse(&out->payload, out->buf, PAYLOAD_LEN, e);
	}
	for (size_t i = 0; tag != NULL && i < nsecrets; i++)
		if ((r = try_secret(out, payload, tag, &secrets[i], e)) != 0)
			return r == 1 ? found(out, E2E_REPLY, i) : -1;
	for (size_t i = 0; tag != NULL && i < nkeys; i++)
		if ((r = try_key(out, payload, tag, keys[i], e)) != 0)
			return r == 1 ? found(out, E2E_ENCRYPTED, i) : -1;
	return found(out, E2E_UNDECODABLE, 0);
}
