/*
 * What the files of mmtpd share: counters, limits, and the daemon they all work for.
 */
#ifndef MMTPD_H
#define MMTPD_H

#include "bandwidth.h"
#include "conf.h"
#include "daemon.h"

/* STATS prints them in this order; counters.c has the names. */
enum mmtpd_count {
	C_PACKETS_RECEIVED,
	C_JUNK_RECEIVED,
	C_REJECTED_DIGEST,
	C_REJECTED_STORAGE,
	C_COMMIT_SLOWEST,
	C_CONN_ACCEPTED,
	C_CONN_REFUSED_LIMIT,
	C_CONN_REFUSED_ADDRESS,
	C_CONN_REFUSED_RULE,
	C_CONN_LEGACY,
	C_CONN_CLOSED_DONE,
	C_CONN_CLOSED_CUT,
	C_CONN_CLOSED_HANDSHAKE,
	C_CONN_CLOSED_TLS,
	C_CONN_CLOSED_PROTOCOL,
	C_CONN_CLOSED_DIGEST,
	C_CONN_CLOSED_IDLE,
	C_CONN_CLOSED_SLOW,
	C_CONN_CLOSED_UNREAD,
	C_CONN_CLOSED_LIFETIME,
	C_CERTIFICATES,
	C_CERTIFICATE_FAILURES,
	C_PACKETS_QUEUED,
	C_PACKETS_SENT,
	C_PACKETS_REJECTED_BY_PEER,
	C_PACKETS_GIVEN_UP,
	C_DROPS_BAD_RECORD,
	C_DROPS_OWN_ADDRESS,
	C_OUT_ATTEMPTS,
	C_OUT_CONNECTED,
	C_OUT_FAILED_RESOLVE,
	C_OUT_FAILED_CONNECT,
	C_OUT_FAILED_RULE,
	C_OUT_FAILED_TLS,
	C_OUT_FAILED_IDENTITY,
	C_OUT_FAILED_PROTOCOL,
	C_OUT_FAILED_TIMEOUT,
	C_OUT_LOST,
	C_COUNT
};

extern struct counter mmtpd_counters[C_COUNT + 1];

static inline void
count(enum mmtpd_count c)
{
	mmtpd_counters[c].n++;
}

/* What RELOAD may change of a running daemon. */
struct mmtpd_limits {
	size_t max_incoming;
	size_t max_per_address;
	size_t max_outgoing;
	int64_t idle_ms; /* without an octet of progress */
	int64_t frame_ms; /* for one whole frame, from its first octet */
	int64_t handshake_ms; /* TLS and the protocol line */
	int64_t lifetime_ms; /* minion-spec 4: 15 minutes */
};

extern struct bandwidth mmtpd_bandwidth;

void mmtpd_limits_set(struct mmtpd_limits *l, const struct server_conf *conf);

#endif
