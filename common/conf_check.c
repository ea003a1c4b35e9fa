/*
 * mixminiond.conf: what follows from several options together, what does not go together, and
 * what makes a configuration an insecure one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confload.h"
#include "routing.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400
#define KB     1024

#define DEFAULT_BASE_DIR "/var/spool/minion"

static char *
copy(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

/* A relative path is taken from dir. */
static void
resolve(char **path, const char *dir)
{
	char *full;

	if (**path == '/')
		return;
	if (asprintf(&full, "%s/%s", dir, *path) == -1)
		fatal("out of memory");
	free(*path);
	*path = full;
}

static void
check_base_dir(struct server_conf *c, struct opt_reader *r)
{
	if (c->base_dir == NULL && c->home_dir != NULL)
		c->base_dir = copy(c->home_dir);
	if (c->base_dir == NULL) {
		if (!options_given(r, "Server", "BaseDir"))
			options_warn(r, 0, "no BaseDir in [Server]: using %s", DEFAULT_BASE_DIR);
		c->base_dir = copy(DEFAULT_BASE_DIR);
	}
	if (*c->base_dir != '/')
		options_fault(r, options_line(r, "Server", "BaseDir"),
		    "BaseDir: \"%s\" does not begin with '/'", c->base_dir);
}

static void
check_paths(struct server_conf *c, struct opt_reader *r)
{
	char **below[] = { &c->key_dir, &c->work_dir, &c->pid_file, &c->log_file, &c->stats_file };

	check_base_dir(c, r);
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		resolve(below[i], c->base_dir);
	if (c->queue_dir == NULL) {
		c->queue_dir = copy("queues");
		resolve(&c->queue_dir, c->work_dir);
	}
	resolve(&c->queue_dir, c->base_dir);
	c->run_dir = copy("run");
	resolve(&c->run_dir, c->base_dir);
	if (c->address_file != NULL)
		resolve(&c->address_file, c->base_dir);
	if (c->blacklist_file != NULL)
		resolve(&c->blacklist_file, c->base_dir);
}

static void
check_mixing(struct server_conf *c, struct opt_reader *r)
{
	if (c->mix_interval < 30 * MINUTE)
		options_warn(r, options_line(r, "Server", "MixInterval"),
		    "MixInterval is under 30 minutes: mixing is weak");
	if (c->mix_algorithm == MIX_TIMED) {
		if (options_given(r, "Server", "MixPoolRate") ||
		    options_given(r, "Server", "MixPoolMinSize"))
			options_warn(r, options_line(r, "Server", "MixAlgorithm"),
			    "MixPoolRate and MixPoolMinSize have no effect with Timed mixing");
		return;
	}
	if (c->mix_pool_rate <= 0)
		options_fault(r, options_line(r, "Server", "MixPoolRate"),
		    "MixPoolRate: with nothing in it no packet would ever leave");
	else if (c->mix_pool_rate < 0.05)
		options_warn(r, options_line(r, "Server", "MixPoolRate"),
		    "MixPoolRate is under 5%%: packets will wait for very long");
}

static void
check_bandwidth(struct server_conf *c, struct opt_reader *r)
{
	if (c->max_bandwidth_spike != 0 && c->max_bandwidth_spike < c->max_bandwidth)
		options_fault(r, options_line(r, "Server", "MaxBandwidthSpike"),
		    "MaxBandwidthSpike is smaller than MaxBandwidth");
}

static void
check_incoming(struct server_conf *c, struct opt_reader *r)
{
	char name[MAX_HOSTNAME + 1] = "";

	if (c->listen_port == 0)
		c->listen_port = c->port;
	if (c->hostname != NULL || options_given(r, "Incoming/MMTP", "Hostname"))
		return;
	gethostname(name, sizeof(name) - 1);
	if (!host_plausible(name, strlen(name)))
		options_fault(r, options_line(r, "Incoming/MMTP", "Hostname"),
		    "[Incoming/MMTP] needs Hostname: this machine's own name is of no use");
	c->hostname = copy(name);
}

/* The reference's bounds for a schedule that makes sense. */
static void
check_schedule(const struct conf_schedule *s, const char *section, struct opt_reader *r)
{
	unsigned line = options_line(r, section, "Retry");
	int64_t total = 0, least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		total += s->intervals[i];
		if (s->intervals[i] < least)
			least = s->intervals[i];
	}
	if (total < DAY)
		options_warn(r, line, "Retry of [%s] gives up in less than a day", section);
	if (total > 14 * DAY)
		options_warn(r, line, "Retry of [%s] goes on for more than 14 days", section);
	if (least < 5 * MINUTE)
		options_warn(r, line, "Retry of [%s] has intervals under 5 minutes", section);
	if (s->n < 5)
		options_warn(r, line, "Retry of [%s] makes fewer than 5 attempts", section);
	if (s->n > 50)
		options_warn(r, line, "Retry of [%s] makes more than 50 attempts", section);
}

static void
need(struct opt_reader *r, const char *section, const char *key, const char *value)
{
	if (value == NULL && !options_given(r, section, key))
		options_fault(r, options_line(r, section, key), "[%s] needs %s", section, key);
}

/* Maximum-Size of a descriptor is in KB, and never under a packet's worth. */
static void
round_size(int64_t *size, const char *section, struct opt_reader *r)
{
	if (*size < 32 * KB) {
		options_warn(r, options_line(r, section, "MaximumSize"),
		    "MaximumSize of [%s] is raised to the least, 32 KB", section);
		*size = 32 * KB;
	} else if (*size % KB != 0) {
		*size += KB - *size % KB;
		options_warn(r, options_line(r, section, "MaximumSize"),
		    "MaximumSize of [%s] is rounded up to %lld KB", section,
		    (long long)(*size / KB));
	}
}

static void
check_delivery(struct conf_delivery *d, const char *section, struct opt_reader *r)
{
	if (!d->enabled)
		return;
	need(r, section, "ReturnAddress", d->return_address);
	if (d->smtp_server != NULL && d->sendmail_command != NULL)
		options_fault(r, options_line(r, section, "SendmailCommand"),
		    "[%s] has both SMTPServer and SendmailCommand: one of them", section);
	if (d->smtp_server == NULL && d->sendmail_command == NULL)
		d->smtp_server = copy("localhost");
	round_size(&d->max_size, section, r);
	check_schedule(&d->retry, section, r);
}

static void
check_mbox(struct server_conf *c, struct opt_reader *r)
{
	check_delivery(&c->mbox, "Delivery/MBOX", r);
	if (!c->mbox.enabled)
		return;
	need(r, "Delivery/MBOX", "AddressFile", c->address_file);
	need(r, "Delivery/MBOX", "RemoveContact", c->remove_contact);
}

static void
check_fragmented(struct server_conf *c, struct opt_reader *r)
{
	if (!c->frag_enabled)
		return;
	if (!c->mbox.enabled && !c->smtp.enabled)
		options_fault(r, options_line(r, "Delivery/Fragmented", "Enabled"),
		    "[Delivery/Fragmented] needs [Delivery/MBOX] or [Delivery/SMTP]: what is put "
		    "together could not be delivered");
	if (c->frag_max_size > 0)
		round_size(&c->frag_max_size, "Delivery/Fragmented", r);
}

void
conf_check(struct server_conf *c, struct opt_reader *r)
{
	check_paths(c, r);
	check_mixing(c, r);
	check_bandwidth(c, r);
	check_incoming(c, r);
	check_schedule(&c->retry, "Outgoing/MMTP", r);
	check_mbox(c, r);
	check_delivery(&c->smtp, "Delivery/SMTP", r);
	check_fragmented(c, r);
}

void
conf_insecurities(const struct server_conf *c, struct buf *out)
{
	const struct {
		int holds;
		const char *reason;
	} reasons[] = {
		{ c->log_level <= LOGL_DEBUG, "Log is too verbose" },
		{ c->log_stats && c->stats_interval < 2 * HOUR, "StatsInterval is too short" },
		{ c->mix_algorithm == MIX_TIMED, "Mix algorithm is not secure" },
		{ c->mix_algorithm != MIX_TIMED && c->mix_pool_min < 5,
		    "MixPoolMinSize is too small" },
		{ c->mix_interval < 30 * MINUTE, "Mix interval under 30 minutes" },
		{ c->legacy_tls, "Legacy TLS is allowed" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].holds)
			buf_printf(out, "%s%s", out->len == 0 ? "" : "; ", reasons[i].reason);
}
