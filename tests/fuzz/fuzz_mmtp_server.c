/*
 * The server's side of MMTP. The input is a script, because packets are long: right and damaged
 * frames, and literal octets. The same stream in other pieces must give the same events.
 */
#include "fuzz.h"
#include "mmtp.h"

#define MAX_FRAMES 6

/* One more element of the stream; 0 at the end of the script. */
static int
script_step(struct rd *r, struct buf *stream, unsigned *frames)
{
	static uint8_t packet[PACKET_LEN];
	uint8_t op = rd_u8(r);
	size_t start = stream->len, n;

	if (r->bad)
		return 0;
	if (op == 0) {
		buf_str(stream, MMTP_HELLO);
	} else if (op < 5 && (*frames)++ < MAX_FRAMES) {
		memset(packet, rd_u8(r), sizeof(packet));
		mmtp_frame(stream, NULL, packet, op & 1);
		if (op > 2)
			stream->p[start + rd_u16(r) % MMTP_FRAME_LEN] ^= rd_u8(r);
	} else {
		n = op < rd_left(r) ? op : rd_left(r);
		buf_put(stream, rd_bytes(r, n), n);
	}
	return 1;
}

/* A digest of everything that was said. */
static void
run(const struct buf *stream, size_t piece, uint8_t md[HASH_LEN])
{
	struct mmtp_server s;
	struct buf said = { 0 };
	enum mmtp_sevent ev = MMTP_S_MORE;
	size_t pos = 0;

	mmtp_server_init(&s);
	while (pos < stream->len && ev != MMTP_S_ERROR) {
		size_t n = stream->len - pos < piece ? stream->len - pos : piece, used;

		used = mmtp_server_feed(&s, stream->p + pos, n, &ev);
		HOLDS(used <= n && (used > 0 || ev == MMTP_S_ERROR));
		HOLDS(ev != MMTP_S_MORE || used == n);
		pos += used;
		if (ev == MMTP_S_MORE)
			continue;
		buf_printf(&said, "%d", ev);
		if (ev == MMTP_S_PACKET) {
			buf_printf(&said, " at %zu, %d %d;", pos, s.junk, s.digest_ok);
			buf_put(&said, s.packet, PACKET_LEN);
		}
	}
	HOLDS((ev == MMTP_S_ERROR) == (s.why != NULL));
	sha1(md, said.p, said.len);
	buf_free(&said);
	mmtp_server_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t a[HASH_LEN], b[HASH_LEN];
	struct buf stream = { 0 };
	unsigned frames = 0;
	size_t piece;
	struct rd r;

	rd_init(&r, data, len);
	piece = 1 + rd_u16(&r);
	while (script_step(&r, &stream, &frames))
		;
	run(&stream, SIZE_MAX, a);
	run(&stream, piece, b);
	HOLDS(memcmp(a, b, HASH_LEN) == 0);
	run(&stream, 1, b);
	HOLDS(memcmp(a, b, HASH_LEN) == 0);
	buf_free(&stream);
	return 0;
}
