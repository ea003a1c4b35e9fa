#include <stdlib.h>
#include <string.h>

#include "fec.h"
#include "fragment.h"
#include "log.h"

#define MAX_INDICES   ((size_t)1 << 23)
#define MAX_PER_CHUNK 16

struct frag_chunk {
	uint32_t got; /* a bit for each position that is held */
	unsigned have;
	uint8_t (*digest)[HASH_LEN]; /* n of them; NULL before the first fragment */
};

struct frag_state {
	struct frag_params params;
	size_t overhead;
	size_t have;
	struct frag_chunk *chunks;
};

int
frag_params(struct frag_params *p, uint64_t length, size_t overhead, struct errmsg *e)
{
	uint64_t need, capacity = PAYLOAD_LEN - FRAGMENT_HEADER_LEN - overhead;

	memset(p, 0, sizeof(*p));
	if (length <= capacity)
		return err_set(e, "a message that needs no fragments");
	if (length > UINT32_MAX)
		return err_set(e, "a message of more than 4 GB");
	need = (length + capacity - 1) / capacity;
	p->length = length;
	p->capacity = capacity;
	p->k = 2;
	while (p->k < need && p->k < MAX_PER_CHUNK)
		p->k *= 2;
	p->n = (4 * p->k + 2) / 3;
	p->chunks = (need + p->k - 1) / p->k;
	p->chunk_size = p->k * capacity;
	p->padded_len = p->chunks * p->chunk_size;
	p->total = p->chunks * p->n;
	if (p->total > MAX_INDICES)
		return err_set(e, "a message of more than %zu fragments", MAX_INDICES);
	return 0;
}

struct frag_state *
frag_new(const struct payload *f, struct errmsg *e)
{
	struct frag_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("fragments: no memory");
	s->overhead = f->overhead;
	if (frag_params(&s->params, f->msglen, f->overhead, e) == -1) {
		free(s);
		return NULL;
	}
	s->chunks = calloc(s->params.chunks, sizeof(s->chunks[0]));
	if (s->chunks == NULL)
		fatal("fragments: no memory");
	return s;
}

void
frag_free(struct frag_state *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->params.chunks; i++)
		free(s->chunks[i].digest);
	free(s->chunks);
	free(s);
}

/* Digests of all n positions are kept, those of unneeded fragments are never filled in. */
static void
chunk_take(struct frag_state *s, struct frag_chunk *c, unsigned pos, const uint8_t md[HASH_LEN])
{
	if (c->digest == NULL && (c->digest = calloc(s->params.n, HASH_LEN)) == NULL)
		fatal("fragments: no memory");
	memcpy(c->digest[pos], md, HASH_LEN);
	c->got |= (uint32_t)1 << pos;
	c->have++;
	s->have++;
}

enum frag_verdict
frag_add(struct frag_state *s, const struct payload *f)
{
	struct frag_chunk *c;
	uint8_t md[HASH_LEN];
	unsigned pos;

	if (f->msglen != s->params.length || f->overhead != s->overhead ||
	    f->index >= s->params.total)
		return FRAG_REJECT;
	c = &s->chunks[f->index / s->params.n];
	pos = f->index % s->params.n;
	sha1(md, f->data, f->len);
	if (c->got & (uint32_t)1 << pos)
		return ct_equal(md, c->digest[pos], HASH_LEN) ? FRAG_UNNEEDED : FRAG_REJECT;
	if (c->have == s->params.k)
		return FRAG_UNNEEDED;
	chunk_take(s, c, pos, md);
	return s->have == frag_needed(s) ? FRAG_COMPLETE : FRAG_USED;
}

const struct frag_params *
frag_state_params(const struct frag_state *s)
{
	return &s->params;
}

size_t
frag_have(const struct frag_state *s)
{
	return s->have;
}

size_t
frag_needed(const struct frag_state *s)
{
	return s->params.chunks * s->params.k;
}

struct source {
	const uint8_t *(*fetch)(void *ctx, uint32_t index);
	void *ctx;
};

/* Chunk c from the k fragments that are held of it; store has room for them all. */
static int
rebuild_chunk(const struct frag_state *s, const struct fec *f, size_t c, const struct source *src,
    uint8_t *store, uint8_t *out)
{
	const uint8_t *enc[FEC_MAX_K];
	uint8_t *raw[FEC_MAX_K];
	unsigned idx[FEC_MAX_K], have = 0;
	size_t capacity = s->params.capacity;

	for (unsigned pos = 0; pos < s->params.n && have < s->params.k; pos++) {
		const uint8_t *data;

		if ((s->chunks[c].got & (uint32_t)1 << pos) == 0)
			continue;
		data = src->fetch(src->ctx, (uint32_t)(c * s->params.n + pos));
		if (data == NULL)
			continue;
		memcpy(store + have * capacity, data, capacity);
		enc[have] = store + have * capacity;
		raw[have] = out + have * capacity;
		idx[have++] = pos;
	}
	if (have < s->params.k)
		return -1;
	return fec_decode(f, idx, enc, capacity, raw);
}

int
frag_rebuild(const struct frag_state *s, const uint8_t *(*fetch)(void *ctx, uint32_t index),
    void *ctx, struct buf *out, struct errmsg *e)
{
	const struct frag_params *p = &s->params;
	struct source src = { fetch, ctx };
	struct buf whole = { 0 }, store = { 0 };
	struct fec f;
	int r = 0;

	if (fec_init(&f, p->k, p->n) == -1)
		fatalx("fec: no code %u of %u", p->k, p->n);
	buf_space(&store, p->chunk_size);
	for (size_t c = 0; c < p->chunks && r == 0; c++) {
		uint8_t *to = buf_space(&whole, p->chunk_size);

		if (rebuild_chunk(s, &f, c, &src, store.p, to) == -1)
			r = err_set(e, "chunk %zu of the message is not complete", c);
	}
	if (r == 0) {
		unwhiten(whole.p, p->length);
		buf_put(out, whole.p, p->length);
	}
	buf_wipe(&store);
	buf_wipe(&whole);
	return r;
}
