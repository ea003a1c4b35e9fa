#include <string.h>

#include "log.h"
#include "pool.h"
#include "routing.h"

/*
 * outgoing/: "OUT1", port, key id, length of the host name, host name, zeros.
 * deliver/: "DEL1", routing type, length of the routing info, application key, routing info, zeros.
 * Integers are big-endian. What is not used must be zero: one record has one form.
 */
#define OUT_HEAD   512
#define OUT_FIXED  (4 + 2 + HASH_LEN + 2)
#define DEL_HEAD   4096
#define DEL_FIXED  (4 + 2 + 2 + KEY_LEN)
#define DEL_MAX_RI (DEL_HEAD - DEL_FIXED)

static int
all_zero(struct rd *r)
{
	uint8_t seen = 0;

	while (rd_left(r) > 0)
		seen |= rd_u8(r);
	return seen == 0;
}

void
outrec_head(uint8_t head[OUT_HEAD], const struct mix_addr *to)
{
	size_t len = strlen(to->host);
	uint8_t *p = head;

	memset(head, 0, OUT_HEAD);
	memcpy(p, "OUT1", 4);
	put_be16(p + 4, to->port);
	memcpy(p + 6, to->keyid, HASH_LEN);
	put_be16(p + 6 + HASH_LEN, (uint16_t)len);
	memcpy(p + OUT_FIXED, to->host, len);
}

int
outrec_parse(struct mix_addr *to, const uint8_t **packet, const uint8_t rec[OUTREC_LEN])
{
	struct rd r;
	const uint8_t *magic;
	size_t len;

	memset(to, 0, sizeof(*to));
	rd_init(&r, rec, OUT_HEAD);
	magic = rd_bytes(&r, 4);
	if (memcmp(magic, "OUT1", 4) != 0)
		return -1;
	to->port = rd_u16(&r);
	rd_copy(&r, to->keyid, HASH_LEN);
	len = rd_u16(&r);
	if (len > MAX_HOSTNAME)
		return -1;
	rd_copy(&r, to->host, len);
	if (to->port == 0 || !host_plausible(to->host, len) || !all_zero(&r))
		return -1;
	*packet = rec + OUT_HEAD;
	return 0;
}

void
delrec_head(uint8_t head[DEL_HEAD], uint16_t rt, const uint8_t *ri, size_t rilen,
    const uint8_t app_key[KEY_LEN])
{
	if (rilen > DEL_MAX_RI)
		fatalx("routing information of %zu octets in a delivery record", rilen);
	memset(head, 0, DEL_HEAD);
	memcpy(head, "DEL1", 4);
	put_be16(head + 4, rt);
	put_be16(head + 6, (uint16_t)rilen);
	memcpy(head + 8, app_key, KEY_LEN);
	if (rilen > 0)
		memcpy(head + DEL_FIXED, ri, rilen);
}

int
delrec_parse(uint16_t *rt, const uint8_t **ri, size_t *rilen, const uint8_t **payload,
    const uint8_t rec[DELREC_LEN])
{
	struct rd r;

	rd_init(&r, rec, DEL_HEAD);
	if (memcmp(rd_bytes(&r, 4), "DEL1", 4) != 0)
		return -1;
	*rt = rd_u16(&r);
	*rilen = rd_u16(&r);
	rd_bytes(&r, KEY_LEN);
	if (*rilen > DEL_MAX_RI)
		return -1;
	*ri = rd_bytes(&r, *rilen);
	if (*rt < RT_MIN_EXIT || !all_zero(&r))
		return -1;
	*payload = rec + DEL_HEAD;
	return 0;
}
