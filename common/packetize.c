#include <string.h>

#include "compress.h"
#include "log.h"
#include "packetize.h"

static size_t
overhead_of(const struct packetized *p)
{
	return PAYLOAD_LEN - p->each;
}

/* Compressed, in m behind the prefix, it fits one packet: m becomes the payload. */
static void
singleton(struct packetized *p, size_t prefixlen, const struct rng *rng)
{
	struct buf one = { 0 };

	payload_build_singleton(buf_space(&one, p->each), p->m.p + prefixlen,
	    p->m.len - prefixlen, overhead_of(p), rng);
	buf_wipe(&p->m);
	p->m = one;
	p->n = 1;
}

/* DIVIDE: m is whitened and grows by its padding. */
static int
divide(struct packetized *p, const struct rng *rng, struct errmsg *e)
{
	size_t padding;

	if (frag_params(&p->fp, p->m.len, overhead_of(p), e) == -1)
		return -1;
	if (fec_init(&p->fec, p->fp.k, p->fp.n) == -1)
		fatalx("fec: no code %u of %u", p->fp.k, p->fp.n);
	whiten(p->m.p, p->m.len);
	padding = p->fp.padded_len - p->fp.length;
	if (padding > 0)
		rng_fill(rng, buf_space(&p->m, padding), padding);
	rng_fill(rng, p->msgid, MSGID_LEN);
	p->n = p->fp.total;
	return 0;
}

int
packetize(struct packetized *p, const void *msg, size_t len, size_t overhead, const void *prefix,
    size_t prefixlen, const struct rng *rng, struct errmsg *e)
{
	int r = 0;

	memset(p, 0, sizeof(*p));
	p->each = PAYLOAD_LEN - overhead;
	if (len > PAYLOAD_LEN)
		buf_reserve(&p->m, prefixlen + compress_bound(len) + FEC_MAX_K * PAYLOAD_LEN);
	buf_put(&p->m, prefix, prefixlen);
	mix_compress(&p->m, msg, len);
	if (p->m.len - prefixlen <= p->each - SINGLETON_HEADER_LEN)
		singleton(p, prefixlen, rng);
	else
		r = divide(p, rng, e);
	if (r == -1)
		packetized_free(p);
	return r;
}

void
packetize_dummy(struct packetized *p, const struct rng *rng)
{
	memset(p, 0, sizeof(*p));
	p->each = PAYLOAD_LEN;
	p->n = 1;
	rng_fill(rng, buf_space(&p->m, PAYLOAD_LEN), PAYLOAD_LEN);
}

void
packetized_get(const struct packetized *p, size_t i, uint8_t *out)
{
	const uint8_t *raw[FEC_MAX_K], *chunk;
	uint8_t block[PAYLOAD_LEN];

	if (p->n == 1) {
		memcpy(out, p->m.p, p->each);
		return;
	}
	chunk = p->m.p + i / p->fp.n * p->fp.chunk_size;
	for (unsigned k = 0; k < p->fp.k; k++)
		raw[k] = chunk + k * p->fp.capacity;
	fec_encode(&p->fec, (unsigned)(i % p->fp.n), raw, p->fp.capacity, block);
	payload_build_fragment(out, (uint32_t)i, p->msgid, (uint32_t)p->fp.length, block,
	    overhead_of(p));
	wipe(block, sizeof(block));
}

void
packetized_free(struct packetized *p)
{
	buf_wipe(&p->m);
	memset(p, 0, sizeof(*p));
}
