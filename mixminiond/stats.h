/*
 * Statistics: the reference's events, added up over a StatsInterval and over restarts.
 */
#ifndef MIXMINIOND_STATS_H
#define MIXMINIOND_STATS_H

#include "loop.h"
#include "mixminiond.h"

enum stats_event {
	EV_RECEIVED_PACKET,
	EV_RECEIVED_CONNECTION,
	EV_ATTEMPTED_CONNECT,
	EV_SUCCESSFUL_CONNECT,
	EV_FAILED_CONNECT,
	EV_ATTEMPTED_RELAY,
	EV_SUCCESSFUL_RELAY,
	EV_FAILED_RELAY,
	EV_UNRETRIABLE_RELAY,
	EV_ATTEMPTED_DELIVERY,
	EV_SUCCESSFUL_DELIVERY,
	EV_FAILED_DELIVERY,
	EV_UNRETRIABLE_DELIVERY,
	N_EVENTS
};
extern const char *const event_names[N_EVENTS];

struct event_source {
	enum stats_event event;
	enum proc_id p;
	const char *counter;
};
extern const struct event_source event_sources[];
extern const size_t n_event_sources;
#define EVENT_SOURCES_MAX 40

struct stats {
	int64_t since; /* the interval began */
	int64_t saved; /* what follows was right */
	int64_t counted; /* seconds of it during which somebody counted */
	uint64_t event[N_EVENTS];
	uint64_t total[EVENT_SOURCES_MAX]; /* of each source, when it was last asked */
};

/* --- events.c --- */

/* A counter of a process stands at total now. */
void stats_count(struct stats *s, enum proc_id p, const char *counter, uint64_t total);
/*
 * When the interval may be written: it has passed, and for three quarters of its length somebody
 * counted (a record of ten minutes would say more about people than one of a day). Whole hours are
 * rounded to the hour, five minutes down or up to 55 up, as the reference does.
 */
int64_t stats_due(const struct stats *s, int64_t interval, int64_t now);

/* --- statsfile.c --- */

/* What was pending when the node last ran, or a new interval. */
void stats_load(struct stats *s, const struct server_conf *c, int64_t now);
/* Asks all processes. quiet: without a word where one does not answer. */
void stats_ask(struct stats *s, const struct server_conf *c, int64_t now, int quiet);
void stats_save(const struct stats *s, const struct server_conf *c);
/* Appends the interval to StatsFile, and begins the next. -1 with errno: it goes on. */
int stats_rotate(struct stats *s, const struct server_conf *c, int64_t now);
/* As the reference prints it. */
void stats_format(struct buf *out, const struct stats *s, int64_t now);

/* --- collector.c: the same as time goes by, and the metrics --- */

struct collector;
struct collector *collector_new(struct loop *l, const struct server_conf *c);
/* Another configuration is in force. */
void collector_conf(struct collector *x, const struct server_conf *c);
/* Asks once more, and writes down what is pending: before the others stop. */
void collector_save(struct collector *x);
void collector_free(struct collector *x);
/* A process had to be started again. */
void collector_restarted(struct collector *x, enum proc_id p);

/* --- metrics.c --- */

/* Prometheus's text format 0.0.4. */
void metrics_format(
    struct buf *out, const struct server_conf *c, const unsigned restarts[P_COUNT]);

#endif
