/*
 * One queue a destination (host, port, key id): which of them is to be connected to, and when.
 */
#ifndef MMTPD_OUTQUEUE_H
#define MMTPD_OUTQUEUE_H

#include "linkkey.h"
#include "mmtpd.h"
#include "modern.h"
#include "outnames.h"
#include "pool.h"
#include "lookup.h"
#include "routing.h"

struct outconn;
struct outqueue;

struct outdest {
	TAILQ_ENTRY(outdest) entry;
	LIST_ENTRY(outdest) same_bucket;
	struct outqueue *q;
	struct mix_addr addr;
	struct outpkt_list pkts; /* waiting; what a connection has in flight is the connection's */
	size_t n; /* waiting and in flight */
	int64_t next_try; /* loop_now, as the next three; 0 for never */
	int64_t first_failure, last_failure; /* since a connection last did its work */
	int64_t worked; /* when it last took a packet */
	struct outconn *conn; /* NULL: none */
};

/* What everything that sends needs. */
struct out_env {
	struct daemon *d;
	struct pool *pool; /* outgoing/ */
	int own_dirfd; /* outgoing/own: quarantine */
	const struct mmtpd_limits *limits;
	struct lookup *lookup;
	struct modern *modern; /* NULL without LegacyTLS */
	SSL_CTX *ctx, *ctx_either; /* the latter NULL without LegacyTLS */
	const uint8_t *own_keyid;
};

struct outqueue *outqueue_new(const struct out_env *env);
/* Takes over the schedule and the limits of a new configuration. */
void outqueue_reload(struct outqueue *q, const struct server_conf *conf);
void outqueue_report(const struct outqueue *q, struct buf *out);
const struct out_env *outqueue_env(const struct outqueue *q);

/* No new connections and no new frames; what is in flight gets its answer. */
void outqueue_stop(struct outqueue *q);
int outqueue_stopping(const struct outqueue *q);
size_t outqueue_connections(const struct outqueue *q);

/* --- from the scanner --- */
/*
 * A file that is new to the queue is known from now on, and outqueue_place or _forget is to
 * follow; NULL: known already.
 */
struct outpkt *outqueue_note(struct outqueue *q, const char *name);
void outqueue_place(struct outqueue *q, struct outpkt *p, const struct mix_addr *to);
/* Not (or no longer) to be sent: only forgotten; the file is the caller's business. */
void outqueue_forget(struct outqueue *q, struct outpkt *p);

/* --- from a connection --- */
/*
 * The next packet, with its record read into rec (OUTREC_LEN); NULL if there is none. It is the
 * connection's from here on.
 */
struct outpkt *outdest_take(struct outdest *to, uint8_t *rec, const uint8_t **packet);
/* Acknowledged: wiped and gone. */
void outdest_sent(struct outdest *to, struct outpkt *p);
/* Not acknowledged; last: behind all others (it was refused). */
void outdest_return(struct outdest *to, struct outpkt *p, int last);

enum out_end {
	OUT_DONE, /* by our own choice */
	OUT_AGAIN, /* it broke after some packets had been acknowledged: soon again */
	OUT_FAILED, /* the schedule goes on */
	OUT_WAIT /* our own trouble: nothing is counted against the packets */
};

/* The connection is over and everything has been returned; conn is freed by its own file. */
void outdest_ended(struct outdest *to, enum out_end how);
/* 1 if others wait for a connection and there may be no more of them. */
int outqueue_crowded(const struct outqueue *q);

#endif
