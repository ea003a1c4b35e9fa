/*
 * Handing packets to a server by MMTP over TLS: blocking, with a timeout for every step.
 */
#ifndef MIXMINION_SENDER_H
#define MIXMINION_SENDER_H

#include "mix.h"
#include "routing.h"
#include "tls.h"

/* What is to be sent to one server. */
struct sender_job {
	struct mix_addr to; /* an all-zero key id: any (ping of an address) */
	enum tls_kind kind; /* decided before connecting, never after a failure */
	int64_t timeout; /* seconds without progress */
	size_t n;
	/* Packet i, valid until the next call; NULL: it is gone, go on without it. */
	const uint8_t *(*packet)(void *ctx, size_t i);
	/* Packet i is the server's responsibility now. */
	void (*acked)(void *ctx, size_t i);
	void *ctx;
	size_t nacked; /* result */
	size_t nrejected; /* result */
};

/*
 * 0 if every packet was received or is gone; else -1 with a reason, and job->nacked says how many
 * were received.
 */
int sender_send(struct sender_job *job, struct errmsg *e);
/* Sends padding instead; 0 if it was received. */
int sender_ping(struct sender_job *job, struct errmsg *e);

#endif
