/* The records in outgoing/ and deliver/: one record has one form. */
#include "fuzz.h"
#include "pool.h"
#include "routing.h"

static void
check_out(struct rd *r)
{
	static uint8_t rec[OUTREC_LEN];
	uint8_t head[OUTREC_LEN - PACKET_LEN];
	const uint8_t *packet;
	struct mix_addr a;

	fuzz_fixed(r, rec, sizeof(rec));
	if (outrec_parse(&a, &packet, rec) == -1)
		return;
	HOLDS(packet == rec + sizeof(head));
	outrec_head(head, &a);
	HOLDS(memcmp(head, rec, sizeof(head)) == 0);
}

static void
check_del(struct rd *r)
{
	static uint8_t rec[DELREC_LEN];
	uint8_t head[DELREC_LEN - PAYLOAD_LEN];
	const uint8_t *ri, *payload;
	size_t n;
	uint16_t rt;

	fuzz_fixed(r, rec, sizeof(rec));
	if (delrec_parse(&rt, &ri, &n, &payload, rec) == -1)
		return;
	HOLDS(payload == rec + sizeof(head));
	delrec_head(head, rt, ri, n, rec + 8);
	HOLDS(memcmp(head, rec, sizeof(head)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r;

	rd_init(&r, data, len);
	if (rd_u8(&r) & 1)
		check_out(&r);
	else
		check_del(&r);
	return 0;
}
