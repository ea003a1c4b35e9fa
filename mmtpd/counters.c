#include "loop.h"
#include "mmtpd.h"

#define LIFETIME_MS	(15 * 60 * 1000)
#define HANDSHAKE_MS	(60 * 1000)
#define FRAME_MS	(120 * 1000)
#define MIN_PER_ADDRESS 16

struct counter mmtpd_counters[C_COUNT + 1] = {
	[C_PACKETS_RECEIVED] = { "packets_received", 0 },
	[C_JUNK_RECEIVED] = { "junk_received", 0 },
	[C_REJECTED_DIGEST] = { "packets_rejected_digest", 0 },
	[C_REJECTED_STORAGE] = { "packets_rejected_storage", 0 },
	[C_COMMIT_SLOWEST] = { "commit_slowest_ms", 0 },
	[C_CONN_ACCEPTED] = { "conn_accepted", 0 },
	[C_CONN_REFUSED_LIMIT] = { "conn_refused_limit", 0 },
	[C_CONN_REFUSED_ADDRESS] = { "conn_refused_address_limit", 0 },
	[C_CONN_REFUSED_RULE] = { "conn_refused_rule", 0 },
	[C_CONN_LEGACY] = { "conn_legacy", 0 },
	[C_CONN_CLOSED_DONE] = { "conn_closed_done", 0 },
	[C_CONN_CLOSED_CUT] = { "conn_closed_cut", 0 },
	[C_CONN_CLOSED_HANDSHAKE] = { "conn_closed_handshake", 0 },
	[C_CONN_CLOSED_TLS] = { "conn_closed_tls", 0 },
	[C_CONN_CLOSED_PROTOCOL] = { "conn_closed_protocol", 0 },
	[C_CONN_CLOSED_DIGEST] = { "conn_closed_digest", 0 },
	[C_CONN_CLOSED_IDLE] = { "conn_closed_idle", 0 },
	[C_CONN_CLOSED_SLOW] = { "conn_closed_slow", 0 },
	[C_CONN_CLOSED_UNREAD] = { "conn_closed_unread", 0 },
	[C_CONN_CLOSED_LIFETIME] = { "conn_closed_lifetime", 0 },
	[C_CERTIFICATES] = { "certificates", 0 },
	[C_CERTIFICATE_FAILURES] = { "certificate_failures", 0 },
	[C_PACKETS_QUEUED] = { "packets_queued", 0 },
	[C_PACKETS_SENT] = { "packets_sent", 0 },
	[C_PACKETS_REJECTED_BY_PEER] = { "packets_rejected_by_peer", 0 },
	[C_PACKETS_GIVEN_UP] = { "packets_given_up", 0 },
	[C_DROPS_BAD_RECORD] = { "drops_bad_record", 0 },
	[C_DROPS_OWN_ADDRESS] = { "drops_own_address", 0 },
	[C_OUT_ATTEMPTS] = { "out_attempts", 0 },
	[C_OUT_CONNECTED] = { "out_connected", 0 },
	[C_OUT_FAILED_RESOLVE] = { "out_failed_resolve", 0 },
	[C_OUT_FAILED_CONNECT] = { "out_failed_connect", 0 },
	[C_OUT_FAILED_RULE] = { "out_failed_rule", 0 },
	[C_OUT_FAILED_TLS] = { "out_failed_tls", 0 },
	[C_OUT_FAILED_IDENTITY] = { "out_failed_identity", 0 },
	[C_OUT_FAILED_PROTOCOL] = { "out_failed_protocol", 0 },
	[C_OUT_FAILED_TIMEOUT] = { "out_failed_timeout", 0 },
	[C_OUT_LOST] = { "out_lost", 0 },
};

struct bandwidth mmtpd_bandwidth;

void
mmtpd_limits_set(struct mmtpd_limits *l, const struct server_conf *conf)
{
	size_t in = conf->max_incoming > 0 ? (size_t)conf->max_incoming : 1;

	*l = (struct mmtpd_limits) {
		.max_incoming = in,
		/*
		 * One address may not take all places; a quarter leaves room for many users
		 * behind one.
		 */
		.max_per_address = in / 4 > MIN_PER_ADDRESS ? in / 4 : MIN_PER_ADDRESS,
		.max_outgoing = conf->max_connections > 0 ? (size_t)conf->max_connections : 1,
		.idle_ms = conf->timeout * 1000,
		.frame_ms = conf->timeout * 1000 < FRAME_MS ? conf->timeout * 1000 : FRAME_MS,
		.handshake_ms = HANDSHAKE_MS,
		.lifetime_ms = LIFETIME_MS,
	};
	bandwidth_set(
	    &mmtpd_bandwidth, conf->max_bandwidth, conf->max_bandwidth_spike, loop_now());
}
