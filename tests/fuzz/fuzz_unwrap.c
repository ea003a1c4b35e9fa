/* A packet whose RSA block decrypted to the first 214 octets; the header digest is made right. */
#include "fuzz.h"
#include "packet.h"

#define DIGEST_AT (2 + KEY_LEN)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct unwrapped u;
	static uint8_t packet[PACKET_LEN];
	uint8_t block[PK_MAX_DATA_LEN];
	enum unwrap r;
	struct rd rd;

	rd_init(&rd, data, len);
	fuzz_fixed(&rd, block, sizeof(block));
	memset(packet, 0, PK_ENC_LEN);
	fuzz_fixed(&rd, packet + PK_ENC_LEN, sizeof(packet) - PK_ENC_LEN);
	sha1(block + DIGEST_AT, packet + PK_ENC_LEN, HEADER_LEN - PK_ENC_LEN);
	r = packet_unwrap(packet, block, &u);
	HOLDS((unsigned)r < UNWRAP_NRESULTS && strcmp(unwrap_name(r), "?") != 0);
	HOLDS(r != UNWRAP_BAD_DIGEST);
	if (r == UNWRAP_RELAY)
		HOLDS(host_plausible(u.addr.host, strlen(u.addr.host)));
	if (r == UNWRAP_EXIT)
		HOLDS(u.rilen <= HEADER_LEN && u.rtype >= RT_MIN_EXIT);
	return 0;
}
