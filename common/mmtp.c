#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "log.h"
#include "mmtp.h"

#define WORD_LEN   6 /* "SEND\r\n" */
#define HELLO_LEN  (sizeof(MMTP_HELLO) - 1)
#define GREETING   "MMTP "
#define S_SEND	   "SEND\r\n"
#define S_JUNK	   "JUNK\r\n"
#define S_RECEIVED "RECEIVED\r\n"
#define S_REJECTED "REJECTED\r\n"

static void
put_ack(uint8_t out[MMTP_ACK_LEN], const char *word, const uint8_t md[HASH_LEN])
{
	memcpy(out, word, MMTP_ACK_LEN - HASH_LEN);
	memcpy(out + MMTP_ACK_LEN - HASH_LEN, md, HASH_LEN);
}

/* SHA-1(packet | word) for the frame and for its answers. */
static void
packet_digests(uint8_t frame[HASH_LEN], struct mmtp_acks *acks, const uint8_t *packet, int junk)
{
	const char *const words[] = { junk ? "JUNK" : "SEND", junk ? "RECEIVED JUNK" : "RECEIVED",
		"REJECTED" };
	uint8_t md[3][HASH_LEN];

	sha1_words(md, packet, PACKET_LEN, words, 3);
	memcpy(frame, md[0], HASH_LEN);
	put_ack(acks->received, S_RECEIVED, md[1]);
	put_ack(acks->rejected, S_REJECTED, md[2]);
}

void
mmtp_frame(struct buf *out, struct mmtp_acks *acks, const uint8_t packet[PACKET_LEN], int junk)
{
	struct mmtp_acks unused;
	uint8_t md[HASH_LEN];

	packet_digests(md, acks != NULL ? acks : &unused, packet, junk);
	buf_str(out, junk ? S_JUNK : S_SEND);
	buf_put(out, packet, PACKET_LEN);
	buf_put(out, md, HASH_LEN);
}

/* --- the server's side --- */

enum { SRV_LINE, SRV_FRAME, SRV_DEAD };

void
mmtp_server_init(struct mmtp_server *s)
{
	memset(s, 0, sizeof(*s));
	s->state = SRV_LINE;
	if ((s->frame = malloc(MMTP_FRAME_LEN)) == NULL)
		fatal("mmtp: no memory for a packet");
	s->packet = s->frame + WORD_LEN;
}

void
mmtp_server_free(struct mmtp_server *s)
{
	if (s->frame != NULL)
		wipe(s->frame, MMTP_FRAME_LEN);
	free(s->frame);
	memset(s, 0, sizeof(*s));
	s->state = SRV_DEAD;
}

static enum mmtp_sevent
server_error(struct mmtp_server *s, const char *why)
{
	s->state = SRV_DEAD;
	s->why = why;
	return MMTP_S_ERROR;
}

/* 1 if the comma list has our version in it. */
static int
version_offered(const uint8_t *p, size_t len)
{
	static const char ours[] = MMTP_VERSION_STR;
	const size_t n = sizeof(ours) - 1;

	for (size_t at = 0; at + n <= len; at++)
		if (memcmp(p + at, ours, n) == 0 && (at == 0 || p[at - 1] == ',') &&
		    (at + n == len || p[at + n] == ','))
			return 1;
	return 0;
}

static enum mmtp_sevent
server_line_done(struct mmtp_server *s)
{
	const size_t at = sizeof(GREETING) - 1;

	if (!version_offered(s->frame + at, s->have - 2 - at))
		return server_error(s, "no common protocol version");
	s->state = SRV_FRAME;
	s->have = 0;
	return MMTP_S_HELLO;
}

/* The client's line, octet by octet: a wrong one is refused as soon as it can be told. */
static enum mmtp_sevent
server_line_octet(struct mmtp_server *s, uint8_t c)
{
	int after_cr = s->have > 0 && s->frame[s->have - 1] == '\r';

	if (s->have >= MMTP_MAX_LINE)
		return server_error(s, "protocol line too long");
	s->frame[s->have++] = c;
	if (s->have < sizeof(GREETING))
		return c == (uint8_t)GREETING[s->have - 1]
			   ? MMTP_S_MORE
			   : server_error(s, "not a protocol line of MMTP");
	if (after_cr)
		return c == '\n' ? server_line_done(s)
				 : server_error(s, "a protocol line that does not end with CRLF");
	if (c != '\r' && (c <= 0x20 || c >= 0x7f))
		return server_error(s, "foreign octets in the protocol line");
	return MMTP_S_MORE;
}

static int
word_possible(const uint8_t *frame, size_t have)
{
	size_t n = have < WORD_LEN ? have : WORD_LEN;

	return memcmp(frame, S_SEND, n) == 0 || memcmp(frame, S_JUNK, n) == 0;
}

/* The same work for SEND and for JUNK: they are not to be told apart by time (minion-spec 4). */
static enum mmtp_sevent
server_frame_done(struct mmtp_server *s)
{
	uint8_t md[HASH_LEN];

	s->junk = memcmp(s->frame, S_JUNK, WORD_LEN) == 0;
	packet_digests(md, &s->acks, s->packet, s->junk);
	s->digest_ok = ct_equal(md, s->packet + PACKET_LEN, HASH_LEN);
	s->have = 0;
	return MMTP_S_PACKET;
}

static size_t
server_frame_octets(struct mmtp_server *s, const uint8_t *p, size_t len, enum mmtp_sevent *ev)
{
	size_t before = s->have, room = MMTP_FRAME_LEN - before, n = len < room ? len : room;

	memcpy(s->frame + before, p, n);
	s->have += n;
	if (before < WORD_LEN && !word_possible(s->frame, s->have))
		*ev = server_error(s, "neither SEND nor JUNK");
	else if (s->have == MMTP_FRAME_LEN)
		*ev = server_frame_done(s);
	return n;
}

size_t
mmtp_server_feed(struct mmtp_server *s, const uint8_t *p, size_t len, enum mmtp_sevent *ev)
{
	size_t used = 0;

	*ev = s->state == SRV_DEAD ? MMTP_S_ERROR : MMTP_S_MORE;
	while (s->state == SRV_LINE && used < len && *ev == MMTP_S_MORE)
		*ev = server_line_octet(s, p[used++]);
	if (s->state == SRV_FRAME && used < len && *ev == MMTP_S_MORE)
		used += server_frame_octets(s, p + used, len - used, ev);
	return used;
}

/* --- the client's side --- */

enum { CLI_HELLO, CLI_ACKS, CLI_DEAD };

void
mmtp_client_init(struct mmtp_client *c)
{
	memset(c, 0, sizeof(*c));
	c->state = CLI_HELLO;
}

int
mmtp_client_sent(struct mmtp_client *c, const struct mmtp_acks *acks)
{

	if (c->outstanding == MMTP_MAX_WINDOW)
		return -1;
	c->expect[(c->first + c->outstanding++) % MMTP_MAX_WINDOW] = *acks;
	return 0;
}

static enum mmtp_cevent
client_error(struct mmtp_client *c, const char *why)
{
	c->state = CLI_DEAD;
	c->why = why;
	return MMTP_C_ERROR;
}

static enum mmtp_cevent
client_hello_octet(struct mmtp_client *c, uint8_t octet)
{
	if (octet != (uint8_t)MMTP_HELLO[c->have++])
		return client_error(c, "the server did not choose our protocol version");
	if (c->have < HELLO_LEN)
		return MMTP_C_MORE;
	c->state = CLI_ACKS;
	c->have = 0;
	return MMTP_C_READY;
}

static enum mmtp_cevent
client_ack_done(struct mmtp_client *c)
{
	unsigned at = c->first;
	enum mmtp_cevent ev;

	if (ct_equal(c->in, c->expect[at].received, MMTP_ACK_LEN))
		ev = MMTP_C_ACKED;
	else if (ct_equal(c->in, c->expect[at].rejected, MMTP_ACK_LEN))
		ev = MMTP_C_REJECTED;
	else
		return client_error(c, "a wrong acknowledgement");
	c->have = 0;
	c->first = (at + 1) % MMTP_MAX_WINDOW;
	c->outstanding--;
	return ev;
}

static enum mmtp_cevent
client_ack_octet(struct mmtp_client *c, uint8_t octet)
{
	if (c->outstanding == 0)
		return client_error(c, "an acknowledgement of nothing");
	c->in[c->have++] = octet;
	return c->have == MMTP_ACK_LEN ? client_ack_done(c) : MMTP_C_MORE;
}

size_t
mmtp_client_feed(struct mmtp_client *c, const uint8_t *p, size_t len, enum mmtp_cevent *ev)
{
	size_t used = 0;

	*ev = c->state == CLI_DEAD ? MMTP_C_ERROR : MMTP_C_MORE;
	while (used < len && *ev == MMTP_C_MORE) {
		if (c->state == CLI_HELLO)
			*ev = client_hello_octet(c, p[used++]);
		else
			*ev = client_ack_octet(c, p[used++]);
	}
	return used;
}
