/* The MMTP state machines: octet by octet, in random pieces, and with every kind of wrong input. */
#include "t.h"

#include "crypto.h"
#include "mmtp.h"

static uint8_t packet[PACKET_LEN];

static void
fill_packet(unsigned seed)
{
	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)(i * 7 + seed + (i >> 8));
}

/* What a server machine said while it was fed: one letter an event. */
struct trace {
	char s[64];
	size_t n;
	char why[128];
};

static void
note(struct trace *t, char c)
{
	if (t->n < sizeof(t->s) - 1)
		t->s[t->n++] = c;
}

static char
server_letter(const struct mmtp_server *s, enum mmtp_sevent ev)
{
	switch (ev) {
	case MMTP_S_HELLO: return 'H';
	case MMTP_S_PACKET:
		if (memcmp(s->packet, packet, PACKET_LEN) != 0)
			return '?';
		return s->digest_ok ? (s->junk ? 'J' : 'S') : (s->junk ? 'j' : 's');
	case MMTP_S_ERROR: return 'E';
	default: return '.';
	}
}

/* Feeds all of in; piece 0 means pieces of random sizes. */
static void
run_server(struct trace *t, const struct buf *in, size_t piece)
{
	struct mmtp_server s;
	size_t pos = 0;

	memset(t, 0, sizeof(*t));
	mmtp_server_init(&s);
	while (pos < in->len) {
		size_t n = piece != 0 ? piece : 1 + (size_t)rand() % 5000;
		enum mmtp_sevent ev;

		if (n > in->len - pos)
			n = in->len - pos;
		pos += mmtp_server_feed(&s, in->p + pos, n, &ev);
		if (ev != MMTP_S_MORE)
			note(t, server_letter(&s, ev));
		if (ev == MMTP_S_ERROR) {
			strlcpy(t->why, s.why, sizeof(t->why));
			break;
		}
	}
	mmtp_server_free(&s);
}

static void
expect_server(const struct buf *in, const char *want)
{
	struct trace t;

	run_server(&t, in, 1);
	CHECK_STR(t.s, want);
	run_server(&t, in, 1 << 20);
	CHECK_STR(t.s, want);
	for (int i = 0; i < 20; i++) {
		run_server(&t, in, 0);
		CHECK_STR(t.s, want);
	}
}

static void
test_server_dialogue(void)
{
	struct buf in = { 0 };

	fill_packet(1);
	buf_str(&in, MMTP_HELLO);
	mmtp_frame(&in, NULL, packet, 0);
	mmtp_frame(&in, NULL, packet, 1);
	mmtp_frame(&in, NULL, packet, 0);
	expect_server(&in, "HSJS");
	buf_free(&in);
}

static void
test_server_wrong_digests(void)
{
	struct buf in = { 0 };
	size_t at;

	fill_packet(2);
	buf_str(&in, MMTP_HELLO);
	mmtp_frame(&in, NULL, packet, 0);
	in.p[in.len - 1] ^= 1;
	mmtp_frame(&in, NULL, packet, 1);
	in.p[in.len - HASH_LEN] ^= 0x80;
	/* the digest of the other kind is a wrong one */
	at = in.len;
	mmtp_frame(&in, NULL, packet, 0);
	memcpy(in.p + at, "JUNK", 4);
	mmtp_frame(&in, NULL, packet, 0);
	expect_server(&in, "HsjjS");
	buf_free(&in);
}

static void
greet(const char *line, const char *want)
{
	struct buf in = { 0 };

	buf_str(&in, line);
	expect_server(&in, want);
	buf_free(&in);
}

static void
test_server_greetings(void)
{
	greet("MMTP 0.3\r\n", "H");
	greet("MMTP 0.1,0.3\r\n", "H");
	greet("MMTP 0.3,1.0\r\n", "H");
	greet("MMTP 0.1,0.3,1.0\r\n", "H");
	greet("MMTP 1.0\r\n", "E");
	greet("MMTP 0.33\r\n", "E");
	greet("MMTP 10.3\r\n", "E");
	greet("MMTP \r\n", "E");
	greet("MMTP\r\n", "E");
	greet("MMTP 0.1, 0.3\r\n", "E");
	greet("MMTP  0.3\r\n", "E");
	greet("MMTP 0.3\n", "E");
	greet("MMTP 0.3\r\r\n", "E");
	greet("MMTP 0.3\r", "");
	greet("mmtp 0.3\r\n", "E");
	greet("GET / HTTP/1.0\r\n", "E");
	greet("\r\n", "E");
	greet("MMTP 0.3\x80\r\n", "E");
	greet("MM", "");
}

static void
test_server_long_line(void)
{
	struct buf in = { 0 };

	buf_str(&in, "MMTP 0.3");
	while (in.len < MMTP_MAX_LINE - 2)
		buf_str(&in, ",");
	in.len = MMTP_MAX_LINE - 2;
	buf_str(&in, "\r\n");
	expect_server(&in, "H");
	in.len -= 2;
	buf_str(&in, ",\r\n");
	expect_server(&in, "E");
	buf_free(&in);
}

static void
test_server_wrong_words(void)
{
	static const char *const words[] = { "SENT\r\n", "SEND\n\n", "JUNK \r", "send\r\n",
		"RECEIV", "\r\nSEND", "SEND\r\r" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct buf in = { 0 };

		fill_packet(3);
		buf_str(&in, MMTP_HELLO);
		mmtp_frame(&in, NULL, packet, 0);
		buf_str(&in, words[i]);
		expect_server(&in, "HSE");
		buf_free(&in);
	}
}

static void
test_server_stays_dead(void)
{
	struct mmtp_server s;
	enum mmtp_sevent ev;

	mmtp_server_init(&s);
	CHECK(mmtp_server_feed(&s, (const uint8_t *)"X", 1, &ev) == 1 && ev == MMTP_S_ERROR);
	CHECK(
	    mmtp_server_feed(&s, (const uint8_t *)MMTP_HELLO, 10, &ev) == 0 && ev == MMTP_S_ERROR);
	mmtp_server_free(&s);
}

static void
test_server_half_packet_says_nothing(void)
{
	struct buf in = { 0 };

	fill_packet(4);
	buf_str(&in, MMTP_HELLO);
	mmtp_frame(&in, NULL, packet, 0);
	in.len--;
	expect_server(&in, "H");
	buf_free(&in);
}

static int
send_packet(struct mmtp_client *c, int junk)
{
	struct buf frame = { 0 };
	struct mmtp_acks acks;

	mmtp_frame(&frame, &acks, packet, junk);
	buf_free(&frame);
	return mmtp_client_sent(c, &acks);
}

static void
run_client(struct trace *t, const struct buf *in, unsigned outstanding, size_t piece)
{
	static const char letters[] = ".HAR E";
	struct mmtp_client c;
	size_t pos = 0;

	memset(t, 0, sizeof(*t));
	mmtp_client_init(&c);
	for (unsigned i = 0; i < outstanding; i++) {
		fill_packet(i);
		CHECK(send_packet(&c, i % 2) == 0);
	}
	while (pos < in->len) {
		size_t n = piece != 0 ? piece : 1 + (size_t)rand() % 40;
		enum mmtp_cevent ev;

		if (n > in->len - pos)
			n = in->len - pos;
		pos += mmtp_client_feed(&c, in->p + pos, n, &ev);
		if (ev == MMTP_C_ERROR) {
			note(t, 'E');
			break;
		}
		if (ev != MMTP_C_MORE)
			note(t, letters[ev]);
	}
}

static void
expect_client(const struct buf *in, unsigned outstanding, const char *want)
{
	struct trace t;

	run_client(&t, in, outstanding, 1);
	CHECK_STR(t.s, want);
	run_client(&t, in, outstanding, 1 << 20);
	CHECK_STR(t.s, want);
	for (int i = 0; i < 20; i++) {
		run_client(&t, in, outstanding, 0);
		CHECK_STR(t.s, want);
	}
}

enum answer { RECEIVED, RECEIVED_JUNK, REJECTED };

static void
put_ack(struct buf *in, unsigned i, enum answer a)
{
	struct buf frame = { 0 };
	struct mmtp_acks acks;

	fill_packet(i);
	mmtp_frame(&frame, &acks, packet, a == RECEIVED_JUNK);
	buf_put(in, a == REJECTED ? acks.rejected : acks.received, MMTP_ACK_LEN);
	buf_free(&frame);
}

static void
test_client_dialogue(void)
{
	struct buf in = { 0 };

	buf_str(&in, MMTP_HELLO);
	put_ack(&in, 0, RECEIVED);
	put_ack(&in, 1, RECEIVED_JUNK);
	put_ack(&in, 2, REJECTED);
	put_ack(&in, 3, REJECTED);
	expect_client(&in, 4, "HAARR");
	expect_client(&in, MMTP_MAX_WINDOW, "HAARR");
	expect_client(&in, 3, "HAARE");
	buf_free(&in);
}

static void
test_client_wrong_answers(void)
{
	struct buf in = { 0 };

	buf_str(&in, "MMTP 0.4\r\n");
	expect_client(&in, 1, "E");
	buf_reset(&in);
	buf_str(&in, "MMTP 0.3\n");
	expect_client(&in, 1, "E");
	buf_reset(&in);
	buf_str(&in, MMTP_HELLO);
	put_ack(&in, 1, RECEIVED); /* the next packet's, out of order */
	expect_client(&in, 2, "HE");
	buf_reset(&in);
	buf_str(&in, MMTP_HELLO);
	put_ack(&in, 0, RECEIVED_JUNK); /* of the other kind */
	expect_client(&in, 1, "HE");
	buf_reset(&in);
	buf_str(&in, MMTP_HELLO);
	put_ack(&in, 0, RECEIVED);
	in.p[in.len - 1] ^= 1;
	expect_client(&in, 1, "HE");
	buf_reset(&in);
	buf_str(&in, MMTP_HELLO);
	put_ack(&in, 0, RECEIVED);
	in.len--;
	expect_client(&in, 1, "H");
	buf_free(&in);
}

static void
test_client_window(void)
{
	struct mmtp_client c;
	struct buf in = { 0 };
	enum mmtp_cevent ev;

	mmtp_client_init(&c);
	CHECK(
	    mmtp_client_feed(&c, (const uint8_t *)MMTP_HELLO, 10, &ev) == 10 && ev == MMTP_C_READY);
	for (unsigned i = 0; i < 5 * MMTP_MAX_WINDOW; i++) {
		fill_packet(i);
		CHECK(send_packet(&c, 0) == 0);
		if (i < MMTP_MAX_WINDOW - 1)
			continue;
		CHECK(send_packet(&c, 0) == -1);
		buf_reset(&in);
		put_ack(&in, i - (MMTP_MAX_WINDOW - 1), RECEIVED);
		CHECK(
		    mmtp_client_feed(&c, in.p, in.len, &ev) == MMTP_ACK_LEN && ev == MMTP_C_ACKED);
	}
	CHECK(c.outstanding == MMTP_MAX_WINDOW - 1);
	buf_free(&in);
}

TESTS(T(test_server_dialogue), T(test_server_wrong_digests), T(test_server_greetings),
    T(test_server_long_line), T(test_server_wrong_words), T(test_server_stays_dead),
    T(test_server_half_packet_says_nothing), T(test_client_dialogue), T(test_client_wrong_answers),
    T(test_client_window))
