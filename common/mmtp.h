/*
 * MMTP 0.3 (minion-spec 4) as two state machines without I/O: octets in, octets and events out.
 * TLS, timers and storage are the caller's.
 */
#ifndef COMMON_MMTP_H
#define COMMON_MMTP_H

#include "bytes.h"
#include "mix.h"

#define MMTP_HELLO	"MMTP 0.3\r\n"
#define MMTP_MAX_LINE	4096
#define MMTP_FRAME_LEN	(6 + PACKET_LEN + HASH_LEN)
#define MMTP_ACK_LEN	30
#define MMTP_MAX_WINDOW 16 /* unacknowledged packets that a client of ours sends ahead */

/* What may be answered to a frame. */
struct mmtp_acks {
	uint8_t received[MMTP_ACK_LEN];
	uint8_t rejected[MMTP_ACK_LEN];
};

/* Appends the frame of a packet or of padding; acks (may be NULL) gets its answers. */
void mmtp_frame(
    struct buf *out, struct mmtp_acks *acks, const uint8_t packet[PACKET_LEN], int junk);

/* --- the server's side of one connection --- */
enum mmtp_sevent {
	MMTP_S_MORE, /* nothing yet: feed more octets */
	MMTP_S_HELLO, /* send MMTP_HELLO */
	/* srv->packet holds one, acks its answers; junk and digest_ok tell which; take it, go on */
	MMTP_S_PACKET,
	MMTP_S_ERROR /* close; srv->why says why */
};

struct mmtp_server {
	int state;
	int junk;
	int digest_ok; /* a SEND or JUNK with a wrong digest is to be answered REJECTED */
	struct mmtp_acks acks;
	uint8_t *packet; /* PACKET_LEN octets */
	uint8_t *frame; /* MMTP_FRAME_LEN octets: what came so far */
	size_t have;
	const char *why;
};

void mmtp_server_init(struct mmtp_server *s); /* allocates one frame */
void mmtp_server_free(struct mmtp_server *s); /* wipes */
/*
 * Feeds up to len octets and stops at an event; returns the octets taken, which may be fewer than
 * len: feed the rest after the event is handled.
 */
size_t mmtp_server_feed(
    struct mmtp_server *s, const uint8_t *p, size_t len, enum mmtp_sevent *ev);

/* --- the client's side --- */
enum mmtp_cevent {
	MMTP_C_MORE,
	MMTP_C_READY, /* the server chose our version: frames may be sent */
	MMTP_C_ACKED, /* the oldest outstanding frame was received */
	MMTP_C_REJECTED, /* ... was rejected */
	MMTP_C_ERROR
};

struct mmtp_client {
	int state;
	uint8_t in[MMTP_ACK_LEN];
	size_t have;
	struct mmtp_acks expect[MMTP_MAX_WINDOW];
	unsigned first, outstanding;
	const char *why;
};

void mmtp_client_init(struct mmtp_client *c); /* the caller sends MMTP_HELLO first */
/* Remembers what to expect for a frame about to be sent (mmtp_frame); -1 if the window is full. */
int mmtp_client_sent(struct mmtp_client *c, const struct mmtp_acks *acks);
size_t mmtp_client_feed(
    struct mmtp_client *c, const uint8_t *p, size_t len, enum mmtp_cevent *ev);

#endif
