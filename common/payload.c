#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "packetize.h"

#define FRAGMENT_FLAG 0x800000
#define INDEX_MASK    0x7fffff

int
payload_checksum_ok(const uint8_t *p, size_t len)
{
	size_t at = len > 0 && (p[0] & 0x80) ? 3 : 2;
	uint8_t md[HASH_LEN];

	if (len < FRAGMENT_HEADER_LEN)
		return 0;
	sha1(md, p + at + HASH_LEN, len - at - HASH_LEN);
	return ct_equal(md, p + at, HASH_LEN);
}

static int
parse_fragment(struct payload *out, const uint8_t *p, size_t len, struct errmsg *e)
{
	out->kind = PAYLOAD_FRAGMENT;
	out->index = ((uint32_t)p[0] << 16 | be16(p + 1)) & INDEX_MASK;
	memcpy(out->msgid, p + 3 + HASH_LEN, MSGID_LEN);
	out->msglen = be32(p + 3 + HASH_LEN + MSGID_LEN);
	out->data = p + FRAGMENT_HEADER_LEN;
	out->len = len - FRAGMENT_HEADER_LEN;
	if (out->msglen <= out->len)
		return err_set(e, "a fragment of a message that needs none");
	return 0;
}

int
payload_parse(struct payload *out, const uint8_t *p, size_t len, struct errmsg *e)
{
	memset(out, 0, sizeof(*out));
	if (len != PAYLOAD_LEN && len != PAYLOAD_LEN - ENC_FWD_OVERHEAD)
		return err_set(e, "a payload of %zu octets", len);
	out->overhead = PAYLOAD_LEN - len;
	if (p[0] & 0x80)
		return parse_fragment(out, p, len, e);
	out->kind = PAYLOAD_SINGLETON;
	out->data = p + SINGLETON_HEADER_LEN;
	out->len = be16(p);
	if (out->len > len - SINGLETON_HEADER_LEN)
		return err_set(e, "a payload that says it is longer than it is");
	return 0;
}

void
payload_build_singleton(uint8_t *out, const void *compressed, size_t len, size_t overhead,
    const struct rng *rng)
{
	size_t room = PAYLOAD_LEN - SINGLETON_HEADER_LEN - overhead;
	uint8_t *data = out + SINGLETON_HEADER_LEN;

	if (len > room)
		fatalx("payload: %zu octets do not fit into a single packet", len);
	put_be16(out, (uint16_t)len);
	memcpy(data, compressed, len);
	if (len < room)
		rng_fill(rng, data + len, room - len);
	sha1(out + 2, data, room);
}

void
payload_build_fragment(uint8_t *out, uint32_t index, const uint8_t msgid[MSGID_LEN],
    uint32_t msglen, const void *data, size_t overhead)
{
	size_t len = PAYLOAD_LEN - overhead;
	uint32_t v = index | FRAGMENT_FLAG;

	out[0] = (uint8_t)(v >> 16);
	put_be16(out + 1, (uint16_t)v);
	memcpy(out + 3 + HASH_LEN, msgid, MSGID_LEN);
	put_be32(out + 3 + HASH_LEN + MSGID_LEN, msglen);
	memcpy(out + FRAGMENT_HEADER_LEN, data, len - FRAGMENT_HEADER_LEN);
	sha1(out + 3, out + 3 + HASH_LEN, len - 3 - HASH_LEN);
}

int
payloads_from_message(struct payloads *out, const void *msg, size_t len, size_t overhead,
    const void *prefix, size_t prefixlen, const struct rng *rng, struct errmsg *e)
{
	struct packetized p;

	memset(out, 0, sizeof(*out));
	if (packetize(&p, msg, len, overhead, prefix, prefixlen, rng, e) == -1)
		return -1;
	out->n = p.n;
	out->each = p.each;
	memcpy(out->msgid, p.msgid, MSGID_LEN);
	out->p = calloc(p.n, p.each);
	if (out->p == NULL)
		fatal("payload: no memory for %zu packets", p.n);
	for (size_t i = 0; i < p.n; i++)
		packetized_get(&p, i, out->p + i * p.each);
	packetized_free(&p);
	return 0;
}

void
payloads_free(struct payloads *ps)
{
	if (ps->p != NULL)
		wipe(ps->p, ps->n * ps->each);
	free(ps->p);
	memset(ps, 0, sizeof(*ps));
}

void
server_side_prefix(struct buf *b, uint16_t rt, const void *ri, size_t rilen)
{
	buf_u16(b, rt);
	buf_u16(b, (uint16_t)rilen);
	buf_put(b, ri, rilen);
}

int
server_side_parse(uint16_t *rt, struct chunk *ri, struct chunk *rest, const uint8_t *p,
    size_t len, struct errmsg *e)
{
	struct rd r;

	rd_init(&r, p, len);
	*rt = rd_u16(&r);
	ri->len = rd_u16(&r);
	ri->p = rd_bytes(&r, ri->len);
	if (r.bad)
		return err_set(e, "a reassembled message too short for its destination");
	rest->len = rd_left(&r);
	rest->p = rd_bytes(&r, rest->len);
	return 0;
}
