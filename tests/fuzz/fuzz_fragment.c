/*
 * Reassembly: a script of fragments, right and contradictory, of a message whose size the input
 * says. Fragment i of content c is filled with the octet c.
 */
#include "fragment.h"
#include "fuzz.h"

#define MAX_MSG 3000000

static uint8_t held[200]; /* content of each index that was stored; 0: none */
static uint8_t data_of[PAYLOAD_LEN];

static const uint8_t *
fetch(void *ctx, uint32_t index)
{
	(void)ctx;
	HOLDS(index < sizeof(held));
	if (held[index] == 0)
		return NULL;
	memset(data_of, held[index], sizeof(data_of));
	return data_of;
}

static struct payload
make(uint32_t index, uint32_t msglen, uint8_t content, size_t overhead)
{
	struct payload p = { .kind = PAYLOAD_FRAGMENT, .data = data_of, .index = index,
		.msglen = msglen, .overhead = overhead };

	p.len = PAYLOAD_LEN - FRAGMENT_HEADER_LEN - overhead;
	memset(data_of, content, p.len);
	return p;
}

/* One step of the script; 0 when the message is finished, well or badly. */
static int
step(struct frag_state *s, struct rd *r, uint32_t msglen, size_t overhead)
{
	uint8_t odd = rd_u8(r);
	uint32_t index = rd_u8(r);
	uint8_t content = (uint8_t)(1 + rd_u8(r) % 255);
	enum frag_verdict v;
	struct payload p;

	p = make(odd == 255 ? index << 15 : index, odd == 254 ? msglen + 1 : msglen, content,
	    odd == 253 ? ENC_FWD_OVERHEAD - overhead : overhead);
	v = frag_add(s, &p);
	HOLDS(frag_have(s) <= frag_needed(s));
	HOLDS(v != FRAG_COMPLETE || frag_have(s) == frag_needed(s));
	if (v == FRAG_USED || v == FRAG_COMPLETE)
		held[p.index] = content;
	return v == FRAG_USED || v == FRAG_UNNEEDED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct frag_state *s;
	struct buf out = { 0 };
	struct errmsg e;
	struct payload p;
	size_t overhead;
	uint32_t msglen;
	struct rd r;

	rd_init(&r, data, len);
	overhead = rd_u8(&r) & 1 ? ENC_FWD_OVERHEAD : 0;
	msglen = rd_u32(&r) % MAX_MSG;
	p = make(0, msglen, 1, overhead);
	s = frag_new(&p, &e);
	if (s == NULL)
		return 0;
	memset(held, 0, sizeof(held));
	while (rd_left(&r) > 0 && step(s, &r, msglen, overhead))
		;
	if (frag_rebuild(s, fetch, NULL, &out, &e) == 0)
		HOLDS(out.len == msglen && frag_have(s) == frag_needed(s));
	else
		HOLDS(frag_have(s) < frag_needed(s) && out.len == 0);
	buf_free(&out);
	frag_free(s);
	return 0;
}
