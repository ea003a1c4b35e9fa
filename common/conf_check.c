/*
 * mixminiond.conf: what follows from several options together, what does not go together, and
 * what makes a configuration an insecure one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
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
check_delivery_paths(struct conf_delivery *d, const char *base_dir)
{
	if (d->smtp_ca_file != NULL)
		resolve(&d->smtp_ca_file, base_dir);
	if (d->smtp_password_file != NULL)
		resolve(&d->smtp_password_file, base_dir);
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
	if (c->metrics_socket != NULL)
		resolve(&c->metrics_socket, c->base_dir);
	if (c->metrics_file != NULL)
		resolve(&c->metrics_file, c->base_dir);
	check_delivery_paths(&c->mbox, c->base_dir);
	check_delivery_paths(&c->smtp, c->base_dir);
	if (c->address_file != NULL)
		resolve(&c->address_file, c->base_dir);
	if (c->blacklist_file != NULL)
		resolve(&c->blacklist_file, c->base_dir);
	if (c->mailbox_dir != NULL)
		resolve(&c->mailbox_dir, c->base_dir);
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
check_directory(struct server_conf *c, struct opt_reader *r)
{
	if (c->publish && c->server_urls.n + c->publish_urls.n + c->directory_servers.n == 0)
		options_warn(r, options_line(r, "DirectoryServers", "Publish"),
		    "Publish has no effect without a ServerURL, PublishURL or DirectoryServer");
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

/*
 * A line that ends "." is the end of a mail for a sendmail without -i, and without -f the envelope
 * names the user of deliverd-run at this machine.
 */
static void
check_sendmail(const struct conf_delivery *d, const char *section, struct opt_reader *r)
{
	struct command c;
	const char *name;
	int i = 0, f = 0;

	if (d->sendmail_command == NULL || command_split(&c, d->sendmail_command, NULL) == -1)
		return;
	name = strrchr(c.word[0], '/') != NULL ? strrchr(c.word[0], '/') + 1 : c.word[0];
	for (size_t n = 1; n < c.n; n++) {
		i |= strcmp(c.word[n], "-i") == 0 || strcmp(c.word[n], "-oi") == 0;
		f |= strncmp(c.word[n], "-f", 2) == 0;
	}
	if (strcmp(name, "sendmail") == 0 && !(i && f))
		options_warn(r, options_line(r, section, "SendmailCommand"),
		    "SendmailCommand of [%s] lacks %s", section,
		    !i ? "-i: a line that is a single dot would end a mail"
		       : "-f ADDRESS: the envelope names this machine and a user of it");
	command_free(&c);
}

/* What is known about the mail server, and given to it, only counts under TLS that must be. */
static void
check_smtp(struct conf_delivery *d, const char *section, struct opt_reader *r)
{
	static const char *const secure[] = { "SMTPCAFile", "SMTPPin", "SMTPUser",
		"SMTPPasswordFile" };
	size_t i, n = sizeof(secure) / sizeof(secure[0]);

	for (i = 0; i < n && !options_given(r, section, secure[i]); i++)
		;
	if (i < n && d->smtp_tls != SMTPTLS_REQUIRED && d->smtp_tls != SMTPTLS_IMPLICIT)
		options_fault(r, options_line(r, section, secure[i]),
		    "%s needs SMTPTLS: required (or implicit) in [%s]", secure[i], section);
	if ((d->smtp_user == NULL) != (d->smtp_password_file == NULL))
		options_fault(r, options_line(r, section, "SMTPUser"),
		    "[%s] needs both of SMTPUser and SMTPPasswordFile, or neither", section);
	if (d->smtp_ca_file != NULL && d->smtp_pins.n > 0)
		options_fault(r, options_line(r, section, "SMTPPin"),
		    "[%s] has both SMTPPin and SMTPCAFile: one of them", section);
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
	check_sendmail(d, section, r);
	check_smtp(d, section, r);
	round_size(&d->max_size, section, r);
	check_schedule(&d->retry, section, r);
}

/* As with the reference: who gives no Message gets one that says where to complain. */
static void
default_message(struct server_conf *c)
{
	if (asprintf(&c->mbox.message,
		"This is an anonymous message. The remailer %s delivers such messages to your "
		"address. If you want no more of them, write to %s.",
		c->nickname, c->remove_contact) == -1)
		fatal("out of memory");
}

static void
check_mbox(struct server_conf *c, struct opt_reader *r)
{
	check_delivery(&c->mbox, "Delivery/MBOX", r);
	if (!c->mbox.enabled)
		return;
	need(r, "Delivery/MBOX", "AddressFile", c->address_file);
	need(r, "Delivery/MBOX", "RemoveContact", c->remove_contact);
	if (c->mbox.message == NULL && c->nickname != NULL && c->remove_contact != NULL)
		default_message(c);
}

/* Mixmaster takes no sender of ours, but a mail has one. */
static void
check_mix2(struct server_conf *c, struct opt_reader *r)
{
	static const char section[] = "Delivery/SMTP-Via-Mixmaster";
	struct conf_delivery *d = &c->mix2;
	const char *at = c->contact_email != NULL ? strrchr(c->contact_email, '@') : NULL;

	if (!d->enabled)
		return;
	if (c->smtp.enabled)
		options_fault(r, options_line(r, section, "Enabled"),
		    "[%s] and [Delivery/SMTP] are for the same messages: one of them", section);
	if (d->return_address == NULL && at != NULL &&
	    asprintf(&d->return_address, "nobody%s", at) == -1)
		fatal("out of memory");
	round_size(&d->max_size, section, r);
	check_schedule(&d->retry, section, r);
}

static void
check_modules(struct server_conf *c, struct opt_reader *r)
{
	const struct conf_modules *m = &c->modules;
	unsigned line = options_line(r, "Server", "Module");

	if (m->foreign)
		options_warn(r, line,
		    "Module: a Python class of the reference has no effect; a module here is "
		    "\"0xTYPE PROGRAM [ARGUMENT ...]\"");
	for (size_t i = 0; i < m->n; i++) {
		uint16_t rt = m->v[i].rtype;

		for (size_t j = 0; j < i; j++)
			if (m->v[j].rtype == rt)
				options_fault(r, line, "two modules for the exit type 0x%04x", rt);
		if ((rt == RT_MBOX && c->mbox.enabled) ||
		    (rt == RT_SMTP && (c->smtp.enabled || c->mix2.enabled)))
			options_fault(r, line,
			    "a module for the exit type 0x%04x, whose own section is enabled", rt);
	}
}

int
conf_runs_commands(const struct server_conf *c)
{
	return (c->mbox.enabled && c->mbox.sendmail_command != NULL) ||
	    (c->smtp.enabled && c->smtp.sendmail_command != NULL) || c->mix2.enabled ||
	    c->modules.n > 0;
}

static void
check_fragmented(struct server_conf *c, struct opt_reader *r)
{
	if (!c->frag_enabled)
		return;
	if (!c->mbox.enabled && !c->smtp.enabled && !c->mix2.enabled && c->modules.n == 0)
		options_fault(r, options_line(r, "Delivery/Fragmented", "Enabled"),
		    "[Delivery/Fragmented] needs [Delivery/MBOX] or [Delivery/SMTP] or "
		    "a module: what is put together could not be delivered");
	if (c->frag_max_size > 0)
		round_size(&c->frag_max_size, "Delivery/Fragmented", r);
	if (c->frag_max_space < 4 * c->frag_max_size) {
		options_warn(r, options_line(r, "Delivery/Fragmented", "MaximumSpace"),
		    "MaximumSpace of [Delivery/Fragmented] is raised to four times MaximumSize");
		c->frag_max_space = 4 * c->frag_max_size;
	}
}

void
conf_check(struct server_conf *c, struct opt_reader *r)
{
	check_paths(c, r);
	check_mixing(c, r);
	check_bandwidth(c, r);
	check_directory(c, r);
	check_incoming(c, r);
	check_schedule(&c->retry, "Outgoing/MMTP", r);
	check_mbox(c, r);
	check_delivery(&c->smtp, "Delivery/SMTP", r);
	check_mix2(c, r);
	check_modules(c, r);
	check_fragmented(c, r);
}

static int
differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

void
conf_fixed(const struct server_conf *a, const struct server_conf *b, struct errmsg *out)
{
	const struct {
		int differs;
		const char *name;
	} fixed[] = {
		{ differ(a->base_dir, b->base_dir), "BaseDir" },
		{ differ(a->key_dir, b->key_dir), "KeyDir" },
		{ differ(a->work_dir, b->work_dir), "WorkDir" },
		{ differ(a->queue_dir, b->queue_dir), "QueueDir" },
		{ differ(a->pid_file, b->pid_file), "PidFile" },
		{ differ(a->listen_ip, b->listen_ip) ||
			(a->listen_ip == NULL && differ(a->ip, b->ip)),
		    "ListenIP" },
		{ differ(a->listen_ip6, b->listen_ip6), "ListenIP6" },
		{ a->listen_port != b->listen_port, "ListenPort" },
	};
	size_t at = 0;

	out->s[0] = '\0';
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].differs)
			at += (size_t)snprintf(out->s + at, sizeof(out->s) - at, "%s%s",
			    at > 0 ? ", " : "", fixed[i].name);
}

#define PORT_SMTP	 25
#define PORT_SUBMISSIONS 465 /* RFC 8314 */

char *
conf_mail_host(const struct conf_delivery *d, uint16_t *port)
{
	const char *server = d->smtp_server, *end = *server == '[' ? strchr(server, ']') : NULL;
	const char *colon = strchr(end != NULL ? end : server, ':');
	char *host = copy(end != NULL ? server + 1 : server);

	host[strcspn(host, end != NULL ? "]" : ":")] = '\0';
	if (colon != NULL)
		*port = (uint16_t)atoi(colon + 1);
	else
		*port = d->smtp_tls == SMTPTLS_IMPLICIT ? PORT_SUBMISSIONS : PORT_SMTP;
	return host;
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
		{ c->metrics_traffic && (c->metrics_socket != NULL || c->metrics_file != NULL),
		    "Traffic counters are exported" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].holds)
			buf_printf(out, "%s%s", out->len == 0 ? "" : "; ", reasons[i].reason);
}
