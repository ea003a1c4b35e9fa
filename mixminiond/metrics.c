/*
 * For the operator alone: errors and resources, in the form that Prometheus reads. What would tell
 * how much traffic there is stays out, unless MetricsTraffic asks for it; a counter that nobody has
 * looked at is traffic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto.h"
#include "stats.h"

/* Parts of names that stand for something that went wrong. */
static const char *const errors[] = { "refused", "rejected", "drops_", "failed", "failures",
	"given_up", "_bad", "bad_", "no_room", "later_", "_later", "quarantined", "unreachable",
	"deferred", "lost", "overcompressed", "contradicting", "too_many", "expired", "clock_doubt",
	"conn_closed_handshake", "conn_closed_tls", "conn_closed_protocol", "conn_closed_slow",
	"conn_closed_unread" };

static int
is_error(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strstr(name, errors[i]) != NULL)
			return 1;
	return 0;
}

/* 0, 1, 10, 100, ...: the greatest that is not above n. */
static unsigned long long
bin(unsigned long long n)
{
	unsigned long long b = 1;

	if (n == 0)
		return 0;
	while (n / 10 >= b)
		b *= 10;
	return b;
}

struct lines {
	struct buf errors, times, traffic, queues, up;
};

static void
put_counter(struct lines *l, enum proc_id p, const char *name, unsigned long long n, int traffic)
{
	if (strstr(name, "slowest_ms") != NULL)
		buf_printf(&l->times, "mixminion_commit_seconds{process=\"%s\"} %llu.%03llu\n",
		    proc_names[p], n / 1000, n % 1000);
	else if (is_error(name))
		buf_printf(&l->errors,
		    "mixminion_errors_total{process=\"%s\",reason=\"%s\"} %llu\n", proc_names[p],
		    name, n);
	else if (traffic)
		buf_printf(&l->traffic,
		    "mixminion_traffic_total{process=\"%s\",counter=\"%s\"} %llu\n", proc_names[p],
		    name, n);
}

static void
put_queue(struct lines *l, enum proc_id p, const char *name, unsigned long long n)
{
	if (strncmp(name, "destination", strlen("destination")) == 0)
		return;
	buf_printf(&l->queues, "mixminion_queue_at_least{process=\"%s\",queue=\"%s\"} %llu\n",
	    proc_names[p], name, bin(n));
}

/* "name value" lines of one process. 1 if it answered. */
static int
take(struct lines *l, const struct server_conf *c, enum proc_id p, enum verb v)
{
	struct buf text = { 0 };
	int ok = ask_text(c, p, v, &text) == 0;
	char *at = buf_cstr(&text), *line, *value;
	unsigned long long n;

	while (ok && (line = strsep(&at, "\n")) != NULL) {
		if ((value = strchr(line, ' ')) == NULL)
			continue;
		*value++ = '\0';
		n = strtoull(value, NULL, 10);
		if (v == V_QUEUE)
			put_queue(l, p, line, n);
		else
			put_counter(l, p, line, n, c->metrics_traffic);
	}
	buf_free(&text);
	return ok;
}

static void
put_family(struct buf *out, const char *name, const char *type, const char *help, struct buf *lines)
{
	if (lines->len > 0)
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s", name, help, name, type,
		    buf_cstr(lines));
	buf_free(lines);
}

static void
put_restarts(struct buf *out, const unsigned restarts[P_COUNT])
{
	struct buf lines = { 0 };

	for (enum proc_id p = 0; p < P_COUNT; p++)
		buf_printf(&lines, "mixminion_restarts_total{process=\"%s\"} %u\n", proc_names[p],
		    restarts[p]);
	put_family(out, "mixminion_restarts_total", "counter", "Starts after an unexpected end.",
	    &lines);
}

void
metrics_format(struct buf *out, const struct server_conf *c, const unsigned restarts[P_COUNT])
{
	struct lines l = { 0 };

	for (enum proc_id p = 0; p < P_COUNT; p++) {
		int up;

		if (!proc_wanted(c, p))
			continue;
		up = take(&l, c, p, V_STATS) && take(&l, c, p, V_QUEUE);
		buf_printf(&l.up, "mixminion_up{process=\"%s\"} %d\n", proc_names[p], up);
	}
	put_family(out, "mixminion_up", "gauge", "1 if the process answers.", &l.up);
	put_restarts(out, restarts);
	put_family(out, "mixminion_errors_total", "counter", "What went wrong, by reason.",
	    &l.errors);
	put_family(out, "mixminion_queue_at_least", "gauge",
	    "What lies in a queue, rounded down to a power of ten.", &l.queues);
	put_family(out, "mixminion_commit_seconds", "gauge",
	    "The slowest group commit of the last minutes.", &l.times);
	put_family(out, "mixminion_traffic_total", "counter",
	    "What passed: the descriptor says that this is told.", &l.traffic);
}
