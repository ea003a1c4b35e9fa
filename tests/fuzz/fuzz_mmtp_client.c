/*
 * The client's side of MMTP. The script: sending, right and wrong answers, literal octets, fed in
 * pieces.
 */
#include "fuzz.h"
#include "mmtp.h"

static uint8_t packet[PACKET_LEN];

static void
feed(struct mmtp_client *c, const uint8_t *p, size_t len, size_t piece)
{
	enum mmtp_cevent ev = MMTP_C_MORE;
	size_t pos = 0;

	while (pos < len && ev != MMTP_C_ERROR) {
		size_t n = len - pos < piece ? len - pos : piece;
		unsigned before = c->outstanding;
		size_t used = mmtp_client_feed(c, p + pos, n, &ev);

		HOLDS(used <= n && (used > 0 || ev == MMTP_C_ERROR));
		HOLDS(ev != MMTP_C_MORE || used == n);
		HOLDS(c->outstanding == before - (ev == MMTP_C_ACKED || ev == MMTP_C_REJECTED));
		HOLDS(c->outstanding <= MMTP_MAX_WINDOW && c->first < MMTP_MAX_WINDOW);
		pos += used;
	}
	HOLDS(ev != MMTP_C_ERROR || c->why != NULL);
}

static void
acks_of(struct mmtp_acks *acks, uint8_t fill, int junk)
{
	struct buf frame = { 0 };

	memset(packet, fill, sizeof(packet));
	mmtp_frame(&frame, acks, packet, junk);
	buf_free(&frame);
}

static void
answer(struct mmtp_client *c, uint8_t fill, uint8_t kind, size_t piece)
{
	struct mmtp_acks acks;

	acks_of(&acks, fill, kind & 1);
	feed(c, kind & 2 ? acks.rejected : acks.received, MMTP_ACK_LEN, piece);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mmtp_client c;
	struct mmtp_acks acks;
	unsigned sent = 0;
	size_t piece;
	struct rd r;

	rd_init(&r, data, len);
	piece = 1 + rd_u8(&r);
	mmtp_client_init(&c);
	while (rd_left(&r) > 0) {
		uint8_t op = rd_u8(&r), fill;
		size_t n;

		if (op == 0) {
			feed(&c, (const uint8_t *)MMTP_HELLO, strlen(MMTP_HELLO), piece);
		} else if (op < 3 && sent++ < 40) {
			acks_of(&acks, rd_u8(&r), op & 1);
			(void)mmtp_client_sent(&c, &acks);
		} else if (op < 5 && sent++ < 40) {
			fill = rd_u8(&r);
			answer(&c, fill, rd_u8(&r), piece);
		} else {
			n = op < rd_left(&r) ? op : rd_left(&r);
			feed(&c, rd_bytes(&r, n), n, piece);
		}
	}
	return 0;
}
