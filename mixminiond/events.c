/*
 * The events that the reference counts, from the counters of our processes.
 */
#include <string.h>

#include "stats.h"

const char *const event_names[N_EVENTS] = {
	[EV_RECEIVED_PACKET] = "ReceivedPacket",
	[EV_RECEIVED_CONNECTION] = "ReceivedConnection",
	[EV_ATTEMPTED_CONNECT] = "AttemptedConnect",
	[EV_SUCCESSFUL_CONNECT] = "SuccessfulConnect",
	[EV_FAILED_CONNECT] = "FailedConnect",
	[EV_ATTEMPTED_RELAY] = "AttemptedRelay",
	[EV_SUCCESSFUL_RELAY] = "SuccessfulRelay",
	[EV_FAILED_RELAY] = "FailedRelay",
	[EV_UNRETRIABLE_RELAY] = "UnretriableRelay",
	[EV_ATTEMPTED_DELIVERY] = "AttemptedDelivery",
	[EV_SUCCESSFUL_DELIVERY] = "SuccessfulDelivery",
	[EV_FAILED_DELIVERY] = "FailedDelivery",
	[EV_UNRETRIABLE_DELIVERY] = "UnretriableDelivery",
};

/* A counter that stands for more than one event has a row for each. */
const struct event_source event_sources[] = {
	{ EV_RECEIVED_PACKET, P_MMTPD, "packets_received" },
	{ EV_RECEIVED_CONNECTION, P_MMTPD, "conn_accepted" },
	{ EV_ATTEMPTED_CONNECT, P_MMTPD, "out_attempts" },
	{ EV_SUCCESSFUL_CONNECT, P_MMTPD, "out_connected" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_resolve" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_connect" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_rule" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_tls" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_identity" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_protocol" },
	{ EV_FAILED_CONNECT, P_MMTPD, "out_failed_timeout" },
	{ EV_ATTEMPTED_RELAY, P_MMTPD, "packets_sent" },
	{ EV_ATTEMPTED_RELAY, P_MMTPD, "packets_rejected_by_peer" },
	{ EV_ATTEMPTED_RELAY, P_MMTPD, "packets_given_up" },
	{ EV_SUCCESSFUL_RELAY, P_MMTPD, "packets_sent" },
	{ EV_FAILED_RELAY, P_MMTPD, "packets_rejected_by_peer" },
	{ EV_UNRETRIABLE_RELAY, P_MMTPD, "packets_given_up" },
	{ EV_ATTEMPTED_DELIVERY, P_DELIVERD, "delivered" },
	{ EV_ATTEMPTED_DELIVERY, P_DELIVERD, "deferred" },
	{ EV_ATTEMPTED_DELIVERY, P_DELIVERD, "failed_permanent" },
	{ EV_ATTEMPTED_DELIVERY, P_DELIVERD, "given_up" },
	{ EV_SUCCESSFUL_DELIVERY, P_DELIVERD, "delivered" },
	{ EV_FAILED_DELIVERY, P_DELIVERD, "deferred" },
	{ EV_UNRETRIABLE_DELIVERY, P_DELIVERD, "failed_permanent" },
	{ EV_UNRETRIABLE_DELIVERY, P_DELIVERD, "given_up" },
};
const size_t n_event_sources = sizeof(event_sources) / sizeof(event_sources[0]);

_Static_assert(sizeof(event_sources) / sizeof(event_sources[0]) <= EVENT_SOURCES_MAX,
    "EVENT_SOURCES_MAX");

/* A process that was restarted counts from zero again. */
void
stats_count(struct stats *s, enum proc_id p, const char *counter, uint64_t total)
{
	for (size_t i = 0; i < n_event_sources; i++) {
		const struct event_source *src = &event_sources[i];

		if (src->p != p || strcmp(src->counter, counter) != 0)
			continue;
		s->event[src->event] += total >= s->total[i] ? total - s->total[i] : total;
		s->total[i] = total;
	}
}

int64_t
stats_due(const struct stats *s, int64_t interval, int64_t now)
{
	int64_t counted = s->counted + (now - s->saved), enough = interval / 4 * 3;
	int64_t due = s->since + interval, rest;

	if (counted < enough && due < now + enough - counted)
		due = now + enough - counted;
	if (due < now)
		due = now;
	if (interval % 3600 != 0)
		return due;
	rest = due % 86400;
	return due - rest + (rest + 55 * 60) / 3600 * 3600;
}
