/*
 * mixminiond.conf: the table of options, and reading them.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "confload.h"

#define MAX_CONF_LEN	  (1024 * 1024)
#define MAX_SYNTAX_FAULTS 64
#define DAY	     86400
#define HOUR	     3600

#define N(a) (sizeof(a) / sizeof((a)[0]))

static int
set_schedule(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct conf_schedule *sch = dst;

	(void)o;
	return conv_schedule(&sch->intervals, &sch->n, s, e);
}

static void
release_schedule(void *dst)
{
	struct conf_schedule *sch = dst;

	free(sch->intervals);
	*sch = (struct conf_schedule){ NULL, 0 };
}

static int
set_algorithm(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	static const struct {
		const char *name;
		enum mix_algorithm algorithm;
	} names[] = {
		{ "timed", MIX_TIMED },
		{ "cottrell", MIX_DYNAMIC },
		{ "mixmaster", MIX_DYNAMIC },
		{ "dynamicpool", MIX_DYNAMIC },
		{ "binomial", MIX_BINOMIAL },
		{ "binomialcottrell", MIX_BINOMIAL },
		{ "binomialdynamicpool", MIX_BINOMIAL },
	};
	enum mix_algorithm *a = dst;

	(void)o;
	for (size_t i = 0; i < N(names); i++)
		if (strcasecmp(names[i].name, s) == 0) {
			*a = names[i].algorithm;
			return 0;
		}
	return err_set(e, "\"%.32s\" is none of Timed, DynamicPool, BinomialDynamicPool", s);
}

static int
set_mode(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	(void)o;
	(void)dst;
	if (strcasecmp(s, "relay") != 0)
		return err_set(e, "only the mode \"relay\" is supported");
	return 0;
}

static int
set_smtp_tls(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	static const char *const names[] = { [SMTPTLS_OFF] = "off", [SMTPTLS_TRY] = "try",
		[SMTPTLS_REQUIRED] = "required", [SMTPTLS_IMPLICIT] = "implicit" };
	enum conf_smtp_tls *tls = dst;

	(void)o;
	for (size_t i = 0; i < N(names); i++)
		if (strcasecmp(names[i], s) == 0) {
			*tls = (enum conf_smtp_tls)i;
			return 0;
		}
	return err_set(e, "\"%.32s\" is none of off, try, required, implicit", s);
}

static int
set_pin(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	uint8_t pin[DELIVERY_PIN_LEN];

	(void)o;
	if (hex_decode(pin, sizeof(pin), s, strlen(s)) == -1)
		return err_set(e, "a pin is the SHA-256 of a public key: %zu hexadecimal digits",
		    2 * sizeof(pin));
	opt_list_add(dst, s);
	return 0;
}

static void
release_list(void *dst)
{
	opt_list_free(dst);
}

/* Sections without which there is no node. */
static int
set_enabled(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	int on;

	(void)dst;
	if (conv_bool(&on, s, e) == -1)
		return -1;
	return on ? 0 : err_set(e, "[%s] cannot be switched off", o->section);
}

/* Both go to one list: their order counts. */
static int
set_rule(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct addr_rule r;

	if (addr_rule_parse(&r, s, strcmp(o->key, "Allow") == 0, e) == -1)
		return -1;
	addr_rules_add(dst, &r);
	return 0;
}

static void
release_rules(void *dst)
{
	addr_rules_free(dst);
}

static const struct opt_type RULE = { set_rule, release_rules };
static const struct opt_type SCHEDULE = { set_schedule, release_schedule };
static const struct opt_type ALGORITHM = { set_algorithm, NULL };
static const struct opt_type MODE = { set_mode, NULL };
static const struct opt_type SMTP_TLS = { set_smtp_tls, NULL };
static const struct opt_type PIN = { set_pin, release_list };
static const struct opt_type ENABLED = { set_enabled, NULL };

#define AT(field) offsetof(struct server_conf, field)
#define NOTHING	  OPT_NOWHERE
#define NOT_YET	  "is not supported yet and has no effect"

/* What all sections have in common that make mails. */
#define MAILS(s, m)                                                                                \
	{ s, "Enabled", &OPT_BOOL, AT(m.enabled), "no", 0, 0, OPT_REQUIRED, NULL },                \
	{ s, "Advertise", &OPT_BOOL, AT(m.advertise), "yes", 0, 0, 0, NULL },                      \
	{ s, "ReturnAddress", &OPT_MAILBOX, AT(m.return_address), NULL, 0, 0, 0, NULL },           \
	{ s, "Retry", &SCHEDULE, AT(m.retry), "every 7 hours for 6 days", 0, 0, 0, NULL },         \
	{ s, "SMTPHelo", &OPT_HOST, AT(m.smtp_helo), NULL, 0, 0, 0, NULL },                        \
	{ s, "SMTPTLS", &SMTP_TLS, AT(m.smtp_tls), "try", 0, 0, 0, NULL },                         \
	{ s, "SMTPCAFile", &OPT_PATH, AT(m.smtp_ca_file), NULL, 0, 0, 0, NULL },                   \
	{ s, "SMTPPin", &PIN, AT(m.smtp_pins), NULL, 0, 0, OPT_MANY, NULL },                       \
	{ s, "SMTPUser", &OPT_STRING, AT(m.smtp_user), NULL, 0, 255, 0, NULL },                    \
	{ s, "SMTPPasswordFile", &OPT_PATH, AT(m.smtp_password_file), NULL, 0, 0, 0, NULL },       \
	{ s, "MaxConnections", &OPT_LONG, AT(m.max_connections), "4", 1,                           \
	    DELIVERY_MAX_CONNECTIONS, 0, NULL },                                                   \
	{ s, "MaximumSize", &OPT_SIZE, AT(m.max_size), "100K", 0, 0, 0, NULL },                    \
	{ s, "AllowFromAddress", &OPT_BOOL, AT(m.allow_from), "yes", 0, 0, 0, NULL },              \
	{ s, "SubjectLine", &OPT_STRING, AT(m.subject_line), "Type III Anonymous Message", 0, 900, \
	    0, NULL },                                                                             \
	{ s, "X-Abuse", &OPT_STRING, AT(m.x_abuse), NULL, 0, 900, 0, NULL },                       \
	{ s, "Comments", &OPT_STRING, AT(m.comments), NULL, 0, 900, 0, NULL },                     \
	{ s, "Message", &OPT_STRING, AT(m.message), NULL, 0, 16384, 0, NULL },                     \
	{ s, "FromTag", &OPT_STRING, AT(m.from_tag), "[Anon]", 0, 128, 0, NULL }

/* [Delivery/MBOX] and [Delivery/SMTP]: how a mail leaves. */
#define DELIVERY(s, m)                                                                             \
	MAILS(s, m),                                                                               \
	{ s, "SMTPServer", &OPT_HOSTPORT, AT(m.smtp_server), NULL, 0, 0, 0, NULL },                \
	{ s, "SendmailCommand", &OPT_COMMAND, AT(m.sendmail_command), NULL, 0, 0, 0, NULL }

#define PINGING(key, type, def)                                                            \
	{ "Pinging", key, type, NOTHING, def, 0, 0, OPT_UNUSED, NOT_YET }

static const struct conf_option table[] = {
	{ "Host", "ShredCommand", &OPT_COMMAND, AT(shred_command), NULL, 0, 0, OPT_UNUSED,
	    "has no effect: files are overwritten by the daemons themselves" },
	{ "Host", "EntropySource", &OPT_PATH, AT(entropy_source), NULL, 0, 0, OPT_UNUSED,
	    "has no effect: randomness comes from the kernel" },
	{ "Host", "TrustedUser", &OPT_LIST, AT(trusted_users), NULL, 0, 0, OPT_MANY, NULL },
	{ "Host", "FileParanoia", &OPT_BOOL, AT(file_paranoia), "yes", 0, 0, 0, NULL },

	{ "Server", "BaseDir", &OPT_PATH, AT(base_dir), NULL, 0, 0, 0, NULL },
	{ "Server", "Homedir", &OPT_PATH, AT(home_dir), NULL, 0, 0, OPT_OBSOLETE,
	    "is the old name of BaseDir" },
	{ "Server", "KeyDir", &OPT_PATH, AT(key_dir), "keys", 0, 0, 0, NULL },
	{ "Server", "WorkDir", &OPT_PATH, AT(work_dir), "work", 0, 0, 0, NULL },
	{ "Server", "QueueDir", &OPT_PATH, AT(queue_dir), NULL, 0, 0, 0, NULL },
	{ "Server", "PidFile", &OPT_PATH, AT(pid_file), "pid", 0, 0, 0, NULL },
	{ "Server", "LogFile", &OPT_PATH, AT(log_file), "log", 0, 0, 0, NULL },
	{ "Server", "StatsFile", &OPT_PATH, AT(stats_file), "stats", 0, 0, 0, NULL },
	{ "Server", "LogLevel", &OPT_LEVEL, AT(log_level), "WARN", 0, 0, 0, NULL },
	{ "Server", "EchoMessages", &OPT_BOOL, AT(echo_messages), "no", 0, 0, 0, NULL },
	{ "Server", "Daemon", &OPT_BOOL, AT(daemonize), "no", 0, 0, 0, NULL },
	{ "Server", "LogStats", &OPT_BOOL, AT(log_stats), "yes", 0, 0, 0, NULL },
	{ "Server", "StatsInterval", &OPT_INTERVAL, AT(stats_interval), "1 day", 60, 0, 0, NULL },
	{ "Server", "MetricsSocket", &OPT_PATH, AT(metrics_socket), NULL, 0, 0, 0, NULL },
	{ "Server", "MetricsFile", &OPT_PATH, AT(metrics_file), NULL, 0, 0, 0, NULL },
	{ "Server", "MetricsTraffic", &OPT_BOOL, AT(metrics_traffic), "no", 0, 0, 0, NULL },
	{ "Server", "EncryptIdentityKey", &OPT_BOOL, AT(encrypt_identity_key), "no", 0, 0, 0,
	    NULL },
	{ "Server", "EncryptPrivateKey", &OPT_BOOL, AT(encrypt_private_key), "no", 0, 0, 0, NULL },
	{ "Server", "IdentityKeyBits", &OPT_UINT, AT(identity_key_bits), "2048", 2048, 4096, 0,
	    NULL },
	{ "Server", "PublicKeyLifetime", &OPT_INTERVAL, AT(key_lifetime), "30 days", DAY, 0, 0,
	    NULL },
	{ "Server", "PublicKeyOverlap", &OPT_INTERVAL, AT(key_overlap), "24 hours", 6 * HOUR,
	    72 * HOUR, 0, NULL },
	{ "Server", "Mode", &MODE, NOTHING, NULL, 0, 0, OPT_REQUIRED, NULL },
	{ "Server", "Nickname", &OPT_NICKNAME, AT(nickname), NULL, 0, 0, OPT_REQUIRED, NULL },
	{ "Server", "Contact-Email", &OPT_MAILBOX, AT(contact_email), NULL, 0, 256, OPT_REQUIRED,
	    NULL },
	{ "Server", "Contact-Fingerprint", &OPT_STRING, AT(contact_fingerprint), NULL, 0, 128, 0,
	    NULL },
	{ "Server", "Comments", &OPT_STRING, AT(comments), NULL, 0, 1024, 0, NULL },
	{ "Server", "ModulePath", &OPT_STRING, AT(module_path), NULL, 0, 0, 0, NULL },
	{ "Server", "Module", &CONF_MODULE, AT(modules), NULL, 0, 0, OPT_MANY, NULL },
	{ "Server", "CommandTimeout", &OPT_INTERVAL, AT(command_timeout), "5 min", 1, HOUR, 0,
	    NULL },
	{ "Server", "CommandMemory", &OPT_SIZE, AT(command_memory), "256M", 1 << 20, 0, 0, NULL },
	{ "Server", "MixAlgorithm", &ALGORITHM, AT(mix_algorithm), "BinomialDynamicPool", 0, 0, 0,
	    NULL },
	{ "Server", "MixInterval", &OPT_INTERVAL, AT(mix_interval), "30 min", 1, 0, 0, NULL },
	{ "Server", "MixPoolRate", &OPT_FRACTION, AT(mix_pool_rate), "60%", 0, 0, 0, NULL },
	{ "Server", "MixPoolMinSize", &OPT_LONG, AT(mix_pool_min), "5", 0, 1000000, 0, NULL },
	{ "Server", "Timeout", &OPT_INTERVAL, AT(timeout), "5 min", 1, 0, 0, NULL },
	{ "Server", "MaxBandwidth", &OPT_SIZE, AT(max_bandwidth), NULL, 4096, 0, 0, NULL },
	{ "Server", "MaxBandwidthSpike", &OPT_SIZE, AT(max_bandwidth_spike), NULL, 4096, 0, 0,
	    NULL },

	PINGING("Enabled", &OPT_BOOL, "yes"),
	PINGING("RecomputeInterval", &OPT_INTERVAL, "30 min"),
	PINGING("ServerPingPeriod", &OPT_INTERVAL, "2 hours"),
	PINGING("DullChainPingPeriod", &OPT_INTERVAL, "4 days"),
	PINGING("ChainPingPeriod", &OPT_INTERVAL, "1 day"),
	PINGING("ServerProbePeriod", &OPT_INTERVAL, "1 hour"),
	PINGING("RetainData", &OPT_INTERVAL, "30 days"),
	PINGING("RetainResults", &OPT_INTERVAL, "1 year"),

	{ "DirectoryServers", "Publish", &OPT_BOOL, AT(publish), "no", 0, 0, 0, NULL },
	{ "DirectoryServers", "ServerURL", &OPT_URLS, AT(server_urls), NULL, 0, 0, OPT_MANY, NULL },
	{ "DirectoryServers", "PublishURL", &OPT_URLS, AT(publish_urls), NULL, 0, 0, OPT_MANY,
	    NULL },
	{ "DirectoryServers", "DirectoryServer", &OPT_DIRSERVERS, AT(directory_servers), NULL, 0,
	    0, OPT_MANY, NULL },
	{ "DirectoryServers", "Proxy", &OPT_PROXY, AT(dir_proxy), NULL, 0, 0, 0, NULL },
	{ "DirectoryServers", "FetchInterval", &OPT_INTERVAL, AT(fetch_interval), "1 day", 1, 0, 0,
	    NULL },
	{ "DirectoryServers", "MaxSkew", &OPT_INTERVAL, AT(max_skew), "10 minutes", 0, 0, 0, NULL },

	{ "Incoming/MMTP", "Enabled", &ENABLED, NOTHING, NULL, 0, 0, OPT_REQUIRED, NULL },
	{ "Incoming/MMTP", "IP", &OPT_IP4, AT(ip), "0.0.0.0", 0, 0, 0, NULL },
	{ "Incoming/MMTP", "Hostname", &OPT_HOST, AT(hostname), NULL, 0, 0, 0, NULL },
	{ "Incoming/MMTP", "Port", &OPT_PORT, AT(port), "48099", 0, 0, 0, NULL },
	{ "Incoming/MMTP", "ListenIP", &OPT_IP4, AT(listen_ip), NULL, 0, 0, 0, NULL },
	{ "Incoming/MMTP", "ListenIP6", &OPT_IP6, AT(listen_ip6), NULL, 0, 0, 0, NULL },
	{ "Incoming/MMTP", "ListenPort", &OPT_PORT, AT(listen_port), NULL, 0, 0, 0, NULL },
	{ "Incoming/MMTP", "MaxIncoming", &OPT_LONG, AT(max_incoming), "512", 1, 65536, 0, NULL },
	{ "Incoming/MMTP", "LegacyTLS", &OPT_YES, AT(legacy_tls), "no", 0, 0, 0, NULL },
	{ "Incoming/MMTP", "Allow", &RULE, AT(incoming_rules), NULL, 0, 0, OPT_MANY, NULL },
	{ "Incoming/MMTP", "Deny", &RULE, AT(incoming_rules), NULL, 0, 0, OPT_MANY, NULL },

	{ "Outgoing/MMTP", "Enabled", &ENABLED, NOTHING, NULL, 0, 0, OPT_REQUIRED, NULL },
	{ "Outgoing/MMTP", "Retry", &SCHEDULE, AT(retry),
	    "every 1 hour for 1 day, every 7 hours for 5 days", 0, 0, 0, NULL },
	{ "Outgoing/MMTP", "MaxConnections", &OPT_LONG, AT(max_connections), "16", 1, 65536, 0,
	    NULL },
	{ "Outgoing/MMTP", "LegacyTLS", &OPT_YES, AT(legacy_tls), "no", 0, 0, 0, NULL },
	{ "Outgoing/MMTP", "Allow", &RULE, AT(outgoing_rules), NULL, 0, 0, OPT_MANY, NULL },
	{ "Outgoing/MMTP", "Deny", &RULE, AT(outgoing_rules), NULL, 0, 0, OPT_MANY, NULL },

	DELIVERY("Delivery/MBOX", mbox),
	{ "Delivery/MBOX", "AddressFile", &OPT_PATH, AT(address_file), NULL, 0, 0, 0, NULL },
	{ "Delivery/MBOX", "RemoveContact", &OPT_STRING, AT(remove_contact), NULL, 0, 256, 0,
	    NULL },
	{ "Delivery/MBOX", "MailboxDir", &OPT_PATH, AT(mailbox_dir), NULL, 0, 0, 0, NULL },
	DELIVERY("Delivery/SMTP", smtp),
	{ "Delivery/SMTP", "BlacklistFile", &OPT_PATH, AT(blacklist_file), NULL, 0, 0, 0, NULL },
	{ "Delivery/SMTP", "RecipientLimit", &CONF_RATE, AT(recipient_limit), NULL, 0, 0, 0, NULL },
	{ "Delivery/SMTP", "DomainLimit", &CONF_RATE, AT(domain_limit), NULL, 0, 0, 0, NULL },

	MAILS("Delivery/SMTP-Via-Mixmaster", mix2),
	{ "Delivery/SMTP-Via-Mixmaster", "MixCommand", &OPT_COMMAND, AT(mix_command), NULL, 0, 0,
	    OPT_REQUIRED, NULL },
	{ "Delivery/SMTP-Via-Mixmaster", "Server", &CONF_CHAIN, AT(mix_server), NULL, 0, 256,
	    OPT_REQUIRED, NULL },

	{ "Delivery/Fragmented", "Enabled", &OPT_BOOL, AT(frag_enabled), "no", 0, 0, OPT_REQUIRED,
	    NULL },
	{ "Delivery/Fragmented", "MaximumSize", &OPT_SIZE, AT(frag_max_size), NULL, 0, 0,
	    OPT_REQUIRED, NULL },
	{ "Delivery/Fragmented", "MaximumSpace", &OPT_SIZE, AT(frag_max_space), "1G", 1 << 20, 0, 0,
	    NULL },
	{ "Delivery/Fragmented", "MaximumInterval", &OPT_INTERVAL, AT(frag_max_interval), "2 days",
	    60, 0, 0, NULL },
};

static const char *const required[] = { "Server", "Incoming/MMTP", "Outgoing/MMTP", NULL };

/* The line of a fault of info_parse; 0 if it is none of a single line. */
static unsigned
line_of(const struct errmsg *why)
{
	unsigned line;

	return sscanf(why->s, "line %u: ", &line) == 1 ? line : 0;
}

/* Makes line number n (from 1) a blank one. 0 if it is the header of a section. */
static int
blank_line(struct buf *text, unsigned n)
{
	const uint8_t *end = text->p + text->len;
	uint8_t *at = text->p;

	while (--n > 0 && at < end) {
		while (at < end && *at != '\n' && *at != '\r')
			at++;
		at += at + 1 < end && at[0] == '\r' && at[1] == '\n' ? 2 : 1;
	}
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at >= end || *at == '[')
		return 0;
	while (at < end && *at != '\n' && *at != '\r')
		*at++ = ' ';
	return 1;
}

/*
 * Reports what is no entry, and goes on without such lines. 0 if the rest says enough to be looked
 * at: nobody knows to which section the lines below a broken header belong.
 */
static int
parse_text(struct info *in, const char *s, size_t len, struct opt_reader *r)
{
	struct buf text = { 0 };
	struct errmsg why;
	int ok;

	buf_put(&text, s, len);
	while ((ok = info_parse(in, (char *)text.p, text.len, INFO_CONFIG, &why) == 0) == 0) {
		options_syntax_fault(r, &why);
		if (r->faults == NULL || r->nfaults >= MAX_SYNTAX_FAULTS || line_of(&why) == 0 ||
		    !blank_line(&text, line_of(&why)))
			break;
	}
	buf_free(&text);
	return ok;
}

static struct server_conf *
parse_all(const char *name, const struct chunk *text, void (*faults)(const char *),
    void (*warned)(const char *), struct errmsg *e)
{
	struct server_conf *c = calloc(1, sizeof(*c));
	struct info in;
	struct opt_reader r = { .file = name, .table = table, .n = N(table), .required = required,
		.in = &in, .base = c, .faults = faults, .warned = warned, .e = e };

	if (c == NULL || (c->file = strdup(name)) == NULL)
		fatal("out of memory");
	if (parse_text(&in, text->p, text->len, &r)) {
		options_read(&r);
		conf_check(c, &r);
		info_free(&in);
	}
	c->warnings = r.warnings.v;
	c->nwarnings = r.warnings.n;
	if (r.nfaults == 0)
		return c;
	conf_free(c);
	return NULL;
}

struct server_conf *
conf_parse(const char *name, const char *text, size_t len, void (*faults)(const char *),
    struct errmsg *e)
{
	const struct chunk all = { text, len };

	return parse_all(name, &all, faults, NULL, e);
}

void
conf_free(struct server_conf *c)
{
	struct opt_list warnings;

	if (c == NULL)
		return;
	warnings = (struct opt_list){ c->warnings, c->nwarnings };
	opt_list_free(&warnings);
	options_release(table, N(table), c);
	free(c->run_dir);
	free(c->file);
	free(c);
}

/* The whole of an ordinary file; -1 with a reason. */
static int
read_whole(struct buf *b, const char *path, struct errmsg *e)
{
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return err_set(e, "%.256s: %s", path, strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size > MAX_CONF_LEN) {
		close(fd);
		return err_set(e, "%.256s: not an ordinary file of at most 1 MiB", path);
	}
	n = read(fd, buf_space(b, (size_t)st.st_size), (size_t)st.st_size);
	close(fd);
	if (n != st.st_size)
		return err_set(e, "%.256s: cannot be read", path);
	return 0;
}

struct server_conf *
conf_load_all(const char *path, void (*faults)(const char *), void (*warned)(const char *),
    struct errmsg *e)
{
	struct server_conf *c = NULL;
	struct buf b = { 0 };
	struct errmsg why;

	if (read_whole(&b, path, &why) == -1) {
		err_set(e, "%s", why.s);
		if (faults != NULL)
			faults(why.s);
	} else {
		c = parse_all(path, &(struct chunk){ b.p, b.len }, faults, warned, e);
	}
	buf_free(&b);
	return c;
}

struct server_conf *
conf_load(const char *path, void (*faults)(const char *), struct errmsg *e)
{
	return conf_load_all(path, faults, NULL, e);
}

char *
conf_find(void)
{
	static const char *const below_home[] = { ".mixminiond.conf", "etc/mixminiond.conf" };
	static const char *const elsewhere[] = { "/etc/mixminiond.conf",
		"/etc/mixminion/mixminiond.conf" };
	const char *home = getenv("HOME");
	char *path = NULL;

	for (size_t i = 0; home != NULL && i < N(below_home); i++) {
		if (asprintf(&path, "%s/%s", home, below_home[i]) == -1)
			fatal("out of memory");
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	for (size_t i = 0; i < N(elsewhere); i++)
		if (access(elsewhere[i], F_OK) == 0) {
			if ((path = strdup(elsewhere[i])) == NULL)
				fatal("out of memory");
			return path;
		}
	return NULL;
}
