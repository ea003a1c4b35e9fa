/* Making reply blocks, and what their decoding handles mean; see surb.h. */
#include <string.h>

#include "armor.h"
#include "packet.h"
#include "surb.h"

#define SURB_VERSION	   "\0\1"
#define SURB_ARMOR_VERSION "0.2"

int
surb_tag_matches(const uint8_t tag[TAG_LEN], const void *secret, size_t seclen)
{
	struct chunk c[] = { { tag, TAG_LEN }, { secret, seclen }, { "Validate", 8 } };
	uint8_t md[HASH_LEN];

	sha1_parts(md, c, 3);
	return md[HASH_LEN - 1] == 0;
}

void
surb_secrets(const uint8_t tag[TAG_LEN], const void *secret, size_t seclen,
    uint8_t (*out)[KEY_LEN], size_t n)
{
	struct chunk c[] = { { tag, TAG_LEN }, { secret, seclen }, { "Generate", 8 } };
	uint8_t md[HASH_LEN];

	sha1_parts(md, c, 3);
	stream_crypt(md, 0, NULL, out, n * KEY_LEN);
	wipe(md, sizeof(md));
}

/*
 * E2E-spec 2.2.5: the stream gives the master secrets from the last hop to the first, then the
 * key of the payload.
 */
static void
derive_keys(struct surb *s, uint8_t (*path)[KEY_LEN], size_t n, const uint8_t *seed,
    const void *secret, size_t seclen)
{
	uint8_t stream[MAX_PATH + 1][KEY_LEN];

	surb_secrets(seed, secret, seclen, stream, n + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(path[i], stream[n - 1 - i], KEY_LEN);
	memcpy(s->key, stream[n], KEY_LEN);
	wipe(stream, sizeof(stream));
}

static void
set_first_hop(struct surb *s, const struct mix_addr *a)
{
	struct buf ri = { 0 };

	routing_pack_host(&ri, a);
	s->rtype = RT_SWAP_FWD_HOST;
	s->rilen = ri.len;
	memcpy(s->ri, ri.p, ri.len);
	buf_free(&ri);
}

int
surb_build(struct surb *s, const struct hop *hops, size_t n, uint16_t exit_type,
    const void *info, size_t infolen, const void *secret, size_t seclen, uint32_t use_by,
    const struct rng *rng, uint8_t *seed_out, struct errmsg *e)
{
	uint8_t seed[TAG_LEN] = { 0 }, path[MAX_PATH][KEY_LEN];
	struct routing exit;
	struct buf ri = { 0 };
	int r = -1;

	buf_put(&ri, seed, TAG_LEN);
	buf_put(&ri, info, infolen);
	exit = (struct routing) { exit_type, ri.p, ri.len };
	if (n >= MAX_PATH)
		(void)err_set(e, "path too long: a reply block takes %d hops", MAX_PATH - 1);
	else if (header_fits(hops, n, &exit, e) == 0) {
		do
			tag_random(seed, rng);
		while (!surb_tag_matches(seed, secret, seclen));
		memcpy(ri.p, seed, TAG_LEN);
		derive_keys(s, path, n, seed, secret, seclen);
		set_first_hop(s, &hops[0].addr);
		s->use_by = use_by;
		if (seed_out != NULL)
			memcpy(seed_out, seed, TAG_LEN);
		r = header_build(s->header, hops, n, path, &exit, rng, e);
		wipe(path, sizeof(path));
	}
	buf_wipe(&ri);
	return r;
}

void
surb_pack(struct buf *b, const struct surb *s)
{
	buf_put(b, "SURB" SURB_VERSION, 6);
	buf_u32(b, s->use_by);
	buf_put(b, s->header, HEADER_LEN);
	buf_u16(b, (uint16_t)s->rilen);
	buf_u16(b, s->rtype);
	buf_put(b, s->key, KEY_LEN);
	buf_put(b, s->ri, s->rilen);
}

void
surb_armor(struct buf *b, const struct surb *s)
{
	static const struct armor_header version = { "Version", SURB_ARMOR_VERSION };
	struct buf bin = { 0 };

	surb_pack(&bin, s);
	armor_encode(b, ARMOR_SURB, &version, 1, bin.p, bin.len, 1);
	buf_wipe(&bin);
}

void
surb_digest(const struct surb *s, uint8_t md[HASH_LEN])
{
	struct buf bin = { 0 };

	surb_pack(&bin, s);
	sha1(md, bin.p, bin.len);
	buf_wipe(&bin);
}

int
surb_expired(const struct surb *s, int64_t now)
{
	return (int64_t)s->use_by < now;
}
