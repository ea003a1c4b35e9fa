#include <string.h>

#include "header.h"

#define SH_OVERHEAD (MIN_SH + PK_OVERHEAD_LEN) /* a subheader's size less its routing info */

void
subheader_parse(struct subheader *sh, const uint8_t block[PK_MAX_DATA_LEN])
{
	struct rd r;

	rd_init(&r, block, PK_MAX_DATA_LEN);
	sh->major = rd_u8(&r);
	sh->minor = rd_u8(&r);
	rd_copy(&r, sh->secret, KEY_LEN);
	rd_copy(&r, sh->digest, HASH_LEN);
	sh->rsize = rd_u16(&r);
	sh->rtype = rd_u16(&r);
	rd_copy(&r, sh->rest, MAX_RI_IN_RSA);
}

void
subheader_replay_digest(const struct subheader *sh, uint8_t x[HASH_LEN])
{
	struct chunk c[] = { { sh->secret, KEY_LEN }, { L_REPLAY, strlen(L_REPLAY) } };

	sha1_parts(x, c, 2);
}

/*
 * The octets of routing info that hop i reads: the address of the next, or what the leg ends
 * with.
 */
static size_t
info_len(const struct hop *hops, size_t n, const struct routing *last, size_t i)
{
	if (i + 1 == n)
		return last->len;
	return 2 + HASH_LEN + strlen(hops[i + 1].addr.host);
}

int
header_fits(const struct hop *hops, size_t n, const struct routing *last, struct errmsg *e)
{
	size_t total = 0, size = 0;

	if (n == 0)
		return err_set(e, "path too short: a leg needs at least one hop");
	for (size_t i = 0; i < n && total <= HEADER_LEN; i++) {
		if (rsakey_len(hops[i].key) != PK_ENC_LEN)
			return err_set(e, "the packet key of %s is not one of 2048 bits",
			    hops[i].addr.host);
		size = SH_OVERHEAD + info_len(hops, n, last, i);
		total += size;
	}
	/* The last subheader's RSA block must find enough behind its routing info (P6). */
	if (n > MAX_HOPS || total > HEADER_LEN || HEADER_LEN - total + size < PK_ENC_LEN)
		return err_set(e, "path too long: %zu hops do not fit into one header", n);
	return 0;
}

/* What the hops of a leg will have appended to the header, as each of them sees it. */
struct junk {
	uint8_t p[MAX_HOPS][HEADER_LEN];
	size_t len[MAX_HOPS];
};

/*
 * minion-spec 3.2.4.1: hop i strips its subheader of sizes[i] octets and appends as much; the
 * junk of the hops before it stands at the end of what it hashes.
 */
static void
make_junk(struct junk *j, const uint8_t (*secrets)[KEY_LEN], const size_t *sizes, size_t n)
{
	uint8_t key[KEY_LEN];
	size_t len = 0;

	j->len[0] = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		uint8_t *p = j->p[i + 1];

		memcpy(p, j->p[i], len);
		subkey(key, secrets[i], KEY_LEN, L_RANDOM_JUNK);
		stream_crypt(key, 0, NULL, p + len, sizes[i]);
		subkey(key, secrets[i], KEY_LEN, L_HEADER_SECRET);
		stream_crypt(key, HEADER_LEN - PK_ENC_LEN - len, p, p, len + sizes[i]);
		len += sizes[i];
		j->len[i + 1] = len;
	}
	wipe(key, sizeof(key));
}

/*
 * Puts the subheader of one hop at p in front of what is there, len octets in all. The routing
 * info already stands where it belongs, behind the room that the fixed fields and the RSA
 * overhead take up.
 */
static int
wrap_subheader(uint8_t *p, size_t len, const struct hop *hop, const uint8_t secret[KEY_LEN],
    uint16_t type, size_t rilen, const struct chunk *junk, const struct rng *rng)
{
	uint8_t block[PK_MAX_DATA_LEN], key[KEY_LEN];
	struct chunk hashed[2] = { { p + PK_ENC_LEN, len - PK_ENC_LEN }, *junk };
	int r;

	memcpy(block + MIN_SH, p + SH_OVERHEAD, MAX_RI_IN_RSA);
	subkey(key, secret, KEY_LEN, L_HEADER_SECRET);
	stream_crypt(key, 0, p + PK_ENC_LEN, p + PK_ENC_LEN, len - PK_ENC_LEN);
	block[0] = PACKET_MAJOR;
	block[1] = PACKET_MINOR;
	memcpy(block + 2, secret, KEY_LEN);
	sha1_parts(block + 2 + KEY_LEN, hashed, 2);
	put_be16(block + MIN_SH - 4, (uint16_t)rilen);
	put_be16(block + MIN_SH - 2, type);
	r = rsakey_encrypt(hop->key, rng, block, sizeof(block), p);
	wipe(block, sizeof(block));
	wipe(key, sizeof(key));
	return r;
}

int
header_build(uint8_t out[HEADER_LEN], const struct hop *hops, size_t n,
    const uint8_t (*secrets)[KEY_LEN], const struct routing *last, const struct rng *rng,
    struct errmsg *e)
{
	struct junk junk;
	struct buf ri = { 0 };
	size_t sizes[MAX_HOPS], pos = 0;
	int r = 0;

	if (header_fits(hops, n, last, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		sizes[i] = SH_OVERHEAD + info_len(hops, n, last, i);
		pos += sizes[i];
	}
	make_junk(&junk, secrets, sizes, n);
	rng_fill(rng, out + pos, HEADER_LEN - pos);
	for (size_t i = n; i-- > 0 && r == 0;) {
		struct chunk seen = { junk.p[i], junk.len[i] };

		buf_reset(&ri);
		if (i + 1 == n)
			buf_put(&ri, last->info, last->len);
		else
			routing_pack_host(&ri, &hops[i + 1].addr);
		pos -= sizes[i];
		if (ri.len != 0)
			memcpy(out + pos + SH_OVERHEAD, ri.p, ri.len);
		r = wrap_subheader(out + pos, HEADER_LEN - pos, &hops[i], secrets[i],
		    i + 1 == n ? last->type : RT_FWD_HOST, ri.len, &seen, rng);
	}
	buf_wipe(&ri);
	for (size_t i = 0; i < n; i++)
		wipe(junk.p[i], junk.len[i]);
	return r == 0 ? 0 : err_set(e, "RSA encryption to a packet key failed");
}
