#include "t.h"

#include "conf.h"

#define MINIMAL                                                                      \
	"[Server]\nBaseDir: /b\nNickname: N\nContact-Email: n@n.example\nMode: relay\n"

#define MMTP                                                            \
	"[Incoming/MMTP]\nEnabled: yes\nHostname: n.example\n"          \
	"[Outgoing/MMTP]\nEnabled: yes\n"

static int nfaults;

static void
count(const char *s)
{
	(void)s;
	nfaults++;
}

static struct server_conf *
parse(const char *text, struct errmsg *e)
{
	nfaults = 0;
	return conf_parse("f", text, strlen(text), count, e);
}

/* Refused with exactly one fault, which says why. */
static int
refused(const char *text, const char *why)
{
	struct errmsg e;
	struct server_conf *c = parse(text, &e);

	if (c != NULL || nfaults != 1 || strstr(e.s, why) == NULL) {
		printf("# %d faults, \"%s\" (want \"%s\")\n", nfaults, c == NULL ? e.s : "", why);
		conf_free(c);
		return 0;
	}
	return 1;
}

static int
warned(const struct server_conf *c, const char *what)
{
	for (size_t i = 0; i < c->nwarnings; i++)
		if (strstr(c->warnings[i], what) != NULL)
			return 1;
	return 0;
}

static void
test_defaults(void)
{
	struct errmsg e;
	struct server_conf *c = parse(MINIMAL MMTP, &e);
	struct buf why = { 0 };

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK_STR(c->key_dir, "/b/keys");
	CHECK_STR(c->work_dir, "/b/work");
	CHECK_STR(c->queue_dir, "/b/work/queues");
	CHECK_STR(c->run_dir, "/b/run");
	CHECK_STR(c->pid_file, "/b/pid");
	CHECK_STR(c->log_file, "/b/log");
	CHECK_STR(c->stats_file, "/b/stats");
	CHECK(c->log_level == LOGL_WARN && c->log_stats == 1 && c->stats_interval == 86400);
	CHECK(c->file_paranoia == 1 && !c->echo_messages && !c->daemonize);
	CHECK(c->identity_key_bits == 2048 && c->key_lifetime == 30 * 86400);
	CHECK(c->key_overlap == 86400 && c->mix_algorithm == MIX_BINOMIAL);
	CHECK(c->mix_interval == 1800 && c->mix_pool_min == 5 && c->timeout == 300);
	CHECK(c->mix_pool_rate > 0.59 && c->mix_pool_rate < 0.61 && c->max_bandwidth == 0);
	CHECK(c->port == 48099 && c->listen_port == 48099 && c->max_incoming == 512);
	CHECK_STR(c->ip, "0.0.0.0");
	CHECK(c->listen_ip == NULL && c->listen_ip6 == NULL && c->legacy_tls == 0);
	CHECK(c->retry.n == 42 && c->max_connections == 16 && c->max_skew == 600 && !c->publish);
	CHECK(!c->mbox.enabled && !c->smtp.enabled && !c->frag_enabled && c->mbox.retry.n == 21);
	CHECK(c->mbox.max_size == 102400 && c->frag_max_interval == 172800);
	CHECK_STR(c->smtp.subject_line, "Type III Anonymous Message");
	CHECK(c->nwarnings == 0);
	conf_insecurities(c, &why);
	CHECK_STR(buf_cstr(&why), "");
	buf_free(&why);
	conf_free(c);
}

/* What a home that another implementation wrote looks like. */
static void
test_a_small_node(void)
{
	static const char text[] = "[Host]\nShredCommand: rm -f\nFileParanoia: no\n"
	    "[Server]\nBaseDir: /b\nLogLevel: DEBUG\nEchoMessages: no\nDaemon: no\n"
	    "IdentityKeyBits: 2048\nPublicKeyLifetime: 30 days\nNickname: A\n"
	    "Contact-Email: A@localhost.example\nMixAlgorithm: Timed\nMixInterval: 10 seconds\n"
	    "Mode: relay\n[DirectoryServers]\nPublish: no\n[Incoming/MMTP]\nEnabled: yes\n"
	    "IP: 127.0.0.1\nHostname: 127.0.0.1\nPort: 5001\nListenIP: 127.0.0.1\n"
	    "[Outgoing/MMTP]\nEnabled: yes\nRetry: every 10 seconds for 5 minutes\n"
	    "[Delivery/MBOX]\nEnabled: yes\nAddressFile: addresses\n"
	    "ReturnAddress: A@localhost.example\nRemoveContact: A@localhost.example\n"
	    "SMTPServer: 127.0.0.1:2525\nMaximumSize: 100K\n"
	    "[Delivery/SMTP]\nEnabled: yes\nSMTPServer: 127.0.0.1:2525\n"
	    "ReturnAddress: A@localhost.example\nMaximumSize: 100K\n"
	    "[Delivery/Fragmented]\nEnabled: yes\nMaximumSize: 1M\nMaximumInterval: 1 day\n";
	struct errmsg e;
	struct server_conf *c = parse(text, &e);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(c->file_paranoia == 0 && c->mix_interval == 10 && c->retry.n == 30);
	CHECK_STR(c->mbox.smtp_server, "127.0.0.1:2525");
	CHECK_STR(c->address_file, "/b/addresses");
	CHECK(c->frag_max_size == 1 << 20 && c->listen_port == 5001);
	CHECK(warned(c, "f:2: ShredCommand"));
	CHECK(warned(c, "MixInterval"));
	conf_free(c);
}

static void
test_unknown_and_misplaced(void)
{
	CHECK(refused(MINIMAL "Color: red\n" MMTP, "f:6: unknown option Color in [Server]"));
	CHECK(refused(MINIMAL "Port: 1\n" MMTP,
	    "f:6: Port does not belong in [Server], but in [Incoming/MMTP]"));
	CHECK(refused(MINIMAL MMTP "[Sever]\n", "f:11: unknown section [Sever]"));
	CHECK(refused(MINIMAL "Nickname: M\n" MMTP, "f:6: Nickname stands here for the second"));
	CHECK(refused(MINIMAL MMTP "[Server]\n", "f:11: [Server] stands here for the second"));
	CHECK(refused(MINIMAL MMTP "junk\n", "f:11: not an entry"));
}

static void
test_required(void)
{
	CHECK(refused(MMTP, "f: the section [Server] is missing"));
	CHECK(refused("[Server]\nMode: relay\nNickname: N\n" MMTP, "f:1: [Server] needs Contact"));
	CHECK(refused(MINIMAL "[Incoming/MMTP]\nHostname: h\n[Outgoing/MMTP]\nEnabled: yes\n",
	    "f:6: [Incoming/MMTP] needs Enabled"));
	CHECK(refused(MINIMAL MMTP "[Delivery/SMTP]\nEnabled: yes\n", "needs ReturnAddress"));
	CHECK(refused(MINIMAL MMTP "[Delivery/MBOX]\nEnabled: yes\nReturnAddress: a@b.example\n"
	    "AddressFile: x\n", "f:11: [Delivery/MBOX] needs RemoveContact"));
	CHECK(refused(MINIMAL MMTP "[Delivery/Fragmented]\nEnabled: yes\nMaximumSize: 1M\n",
	    "needs [Delivery/MBOX] or"));
}

#define SMTP(more) MINIMAL MMTP "[Delivery/SMTP]\nEnabled: yes\nReturnAddress: a@b.example\n" more
#define PIN "SMTPPin: 0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef\n"

/* A password, and what is known of the server, only mean something under TLS that has to be. */
static void
test_smtp_security(void)
{
	struct server_conf *c;
	struct errmsg e;
	const char *text = SMTP("SMTPTLS: Implicit\nSMTPHelo: h.example\n" PIN PIN
	    "SMTPUser: u\nSMTPPasswordFile: pw\nMaxConnections: 16\n");

	CHECK((c = conf_parse("f", text, strlen(text), NULL, &e)) != NULL);
	CHECK(c->smtp.smtp_tls == SMTPTLS_IMPLICIT && c->smtp.smtp_pins.n == 2 &&
	    c->smtp.max_connections == 16);
	CHECK_STR(c->smtp.smtp_helo, "h.example");
	CHECK(strcmp(c->smtp.smtp_password_file + strlen(c->base_dir), "/pw") == 0);
	conf_free(c);
	text = SMTP("");
	CHECK((c = conf_parse("f", text, strlen(text), NULL, &e)) != NULL);
	CHECK(c->smtp.smtp_tls == SMTPTLS_TRY && c->smtp.max_connections == 4);
	conf_free(c);
	CHECK(refused(SMTP("SMTPTLS: yes\n"), "f:14: SMTPTLS: \"yes\" is none of off, try"));
	CHECK(refused(SMTP(PIN), "f:14: SMTPPin needs SMTPTLS: required"));
	CHECK(refused(SMTP("SMTPTLS: try\nSMTPUser: u\nSMTPPasswordFile: p\n"),
	    "f:15: SMTPUser needs SMTPTLS: required"));
	CHECK(refused(SMTP("SMTPTLS: required\nSMTPUser: u\n"), "needs both of SMTPUser and"));
	CHECK(refused(SMTP("SMTPTLS: required\nSMTPCAFile: x\n" PIN), "f:16: [Delivery/SMTP] has"));
	CHECK(refused(SMTP("SMTPTLS: required\nSMTPPin: 00\n"), "f:15: SMTPPin: a pin is the"));
	CHECK(refused(SMTP("MaxConnections: 17\n"), "f:14: MaxConnections"));
}

static void
test_values_are_checked(void)
{
	CHECK(refused(MINIMAL "IdentityKeyBits: 1024\n" MMTP, "f:6: IdentityKeyBits: 1024 is out"));
	CHECK(refused(MINIMAL "PublicKeyOverlap: 5 hours\n" MMTP, "too short"));
	CHECK(refused(MINIMAL "PublicKeyOverlap: 73 hours\n" MMTP, "too long"));
	CHECK(refused(MINIMAL "PublicKeyLifetime: 23 hours\n" MMTP, "too short"));
	CHECK(refused(MINIMAL "MaxBandwidth: 4095\n" MMTP, "too small"));
	CHECK(refused(MINIMAL "LogLevel: LOUD\n" MMTP, "LOUD"));
	CHECK(refused(MINIMAL "MixAlgorithm: Stop\n" MMTP, "Stop"));
	CHECK(refused(MINIMAL "Comments:\n" MMTP, "f:6: Comments: the value is empty"));
	CHECK(refused(MINIMAL "MixPoolRate: 0\nMixAlgorithm: Binomial\n" MMTP, "MixPoolRate"));
	CHECK(refused(MINIMAL "KeyDir: \"x\n" MMTP, "quotes"));
	CHECK(refused(MINIMAL MMTP "MaxConnections: 0\n", "f:11: MaxConnections"));
	CHECK(refused(MINIMAL MMTP "Deny: 1.2.3\n", "Deny"));
	CHECK(refused(MINIMAL MMTP "Deny: * 5-4\n", "Deny"));
	CHECK(refused("[Server]\nBaseDir: b\nNickname: N\nContact-Email: n@n.example\nMode: relay\n"
	    MMTP, "f:2: BaseDir"));
	CHECK(refused("[Server]\nBaseDir: /b\nNickname: 1\nContact-Email: n@n.example\n"
	    "Mode: relay\n" MMTP, "f:3: Nickname"));
	CHECK(refused("[Server]\nBaseDir: /b\nNickname: N\nContact-Email: n\nMode: relay\n" MMTP,
	    "f:4: Contact-Email"));
	CHECK(refused("[Server]\nBaseDir: /b\nNickname: N\nContact-Email: n@n.example\n"
	    "Mode: local\n" MMTP, "f:5: Mode"));
}

/* What exits alone have: programs, limits, Mixmaster, the space of fragments. */
static void
test_exit_options(void)
{
#define SMTP_ON "[Delivery/SMTP]\nEnabled: yes\nReturnAddress: a@b.example\n"
#define MIX2_ON                                                                                    \
	"[Delivery/SMTP-Via-Mixmaster]\nEnabled: yes\nMixCommand: mix\n"
	struct errmsg e;
	struct server_conf *c;

	CHECK(refused(MINIMAL "Module: 0xf001\n" MMTP, "f:6: Module: expected"));
	CHECK(refused(MINIMAL "Module: 0x0001 a\n" MMTP, "0x0001 is no exit type"));
	CHECK(refused(MINIMAL "Module: 0x0103 a\n" MMTP, "0x0103 is no exit type"));
	CHECK(refused(MINIMAL "Module: 0xf001 a; b\n" MMTP, "no shell reads a command"));
	CHECK(refused(MINIMAL "Module: 0xf001 a\nModule: 0xF001 b\n" MMTP, "two modules for"));
	CHECK(refused(MINIMAL "Module: 0x0100 a\n" MMTP SMTP_ON, "whose own section is enabled"));
	CHECK(refused(MINIMAL "CommandTimeout: 2 hours\n" MMTP, "too long"));
	CHECK(refused(MINIMAL MMTP SMTP_ON "SendmailCommand: a 'b'\n", "f:14: SendmailCommand"));
	CHECK(refused(MINIMAL MMTP SMTP_ON "RecipientLimit: many\n", "N per INTERVAL"));
	CHECK(refused(MINIMAL MMTP SMTP_ON "DomainLimit: 0 per day\n", "N per INTERVAL"));
	CHECK(refused(MINIMAL MMTP SMTP_ON "DomainLimit: 5 per walk\n", "not an interval"));
	CHECK(refused(MINIMAL MMTP MIX2_ON "Server: -S\n", "not the name of a remailer"));
	CHECK(refused(MINIMAL MMTP MIX2_ON "Server: a b\n", "not the name of a remailer"));
	CHECK(refused(MINIMAL MMTP SMTP_ON MIX2_ON "Server: a\n", "one of them"));
	c = parse(MINIMAL "Module: my.module.Class\nModule: 0xfffe x\n" MMTP SMTP_ON
		"SendmailCommand: sendmail -t\n"
		"RecipientLimit: 20 per day\nDomainLimit: 5 per 2 hours\n"
		"[Delivery/Fragmented]\nEnabled: yes\nMaximumSize: 1M\nMaximumSpace: 2M\n", &e);
	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(warned(c, "a Python class of the reference has no effect") && c->modules.n == 1);
	CHECK(warned(c, "lacks -i") && warned(c, "raised to four times"));
	CHECK(c->recipient_limit.n == 20 && c->recipient_limit.interval == 86400);
	CHECK(c->domain_limit.n == 5 && c->domain_limit.interval == 7200);
	CHECK(c->frag_max_space == 4 << 20 && c->command_timeout == 300);
	CHECK(conf_runs_commands(c));
	conf_free(c);
}

static void
test_all_faults_are_told(void)
{
	struct errmsg e;

	CHECK(parse(MINIMAL "A: 1\nB: 2\n" MMTP "C: 3\n", &e) == NULL);
	CHECK(nfaults == 3);
	CHECK_STR(e.s, "f:6: unknown option A in [Server]");
}

static int
takes_server(const char *value)
{
	struct server_conf *c;
	struct errmsg e;
	struct buf b = { 0 };
	int ok;

	buf_printf(&b, "%s%s[Delivery/SMTP]\nEnabled: yes\nReturnAddress: a@b.example\n"
	    "SMTPServer: %s\n", MINIMAL, MMTP, value);
	c = parse(buf_cstr(&b), &e);
	ok = c != NULL && strcmp(c->smtp.smtp_server, value) == 0;
	conf_free(c);
	buf_free(&b);
	return ok;
}

static void
test_smtp_server_forms(void)
{
	CHECK(takes_server("localhost"));
	CHECK(takes_server("mail.example:25"));
	CHECK(takes_server("[::1]"));
	CHECK(takes_server("[::1]:2525"));
	CHECK(!takes_server("::1"));
	CHECK(!takes_server("[::1"));
	CHECK(!takes_server("[::1]x"));
	CHECK(!takes_server("mail.example:"));
	CHECK(!takes_server("mail.example:0"));
	CHECK(!takes_server("mail.example:65536"));
	CHECK(!takes_server("mail example"));
}

static void
test_what_may_repeat_and_what_warns(void)
{
	struct errmsg e;
	struct server_conf *c = parse("[Host]\nTrustedUser: root\nTrustedUser: dev\n" MINIMAL MMTP
	    "LegacyTLS: yes\nDeny: 10.0.0.0/255.0.0.0 1-99\nAllow: *\n"
	    "[DirectoryServers]\nServerURL: http://a/\nServerURL: http://b/\n"
	    "[Pinging]\nEnabled: yes\n", &e);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(c->trusted_users.n == 2 && c->server_urls.n == 2 && c->legacy_tls == 1);
	CHECK_STR(c->server_urls.v[1], "http://b/");
	CHECK(c->outgoing_rules.n == 2 && !c->outgoing_rules.v[0].allow &&
	    c->outgoing_rules.v[1].allow && c->incoming_rules.n == 0);
	CHECK(warned(c, "Enabled is not supported yet"));
	conf_free(c);
}

static void
test_old_names_and_paths(void)
{
	struct errmsg e;
	struct server_conf *c = parse("[Server]\nHomedir: \"/old dir\"\nQueueDir: q\nKeyDir: /k\n"
	    "Nickname: N\nContact-Email: n@n.example\nMode: relay\n" MMTP, &e);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK_STR(c->base_dir, "/old dir");
	CHECK_STR(c->queue_dir, "/old dir/q");
	CHECK_STR(c->key_dir, "/k");
	CHECK(warned(c, "Homedir"));
	conf_free(c);
}

static void
test_missing_file(void)
{
	struct errmsg e;

	CHECK(conf_load("/nonexistent/mixminiond.conf", NULL, &e) == NULL);
	CHECK(strstr(e.s, "/nonexistent/mixminiond.conf: No such file") != NULL);
	CHECK(conf_load("/", NULL, &e) == NULL);
}

/* Tests are run from the top of the tree. */
static void
test_the_sample_loads(void)
{
	struct errmsg e = { "" };
	struct server_conf *c = conf_load("etc/mixminiond.conf", NULL, &e);

	CHECK_STR(e.s, "");
	CHECK(c != NULL && c->nwarnings == 0 && c->mix_algorithm == MIX_BINOMIAL);
	conf_free(c);
}

static struct buf told;

static void
tell(const char *s)
{
	buf_printf(&told, "%s\n", s);
}

/* Faults of all kinds in one file, each in its line, and nothing that only follows from one. */
static void
test_everything_is_told(void)
{
	static const char text[] = "[Server]\nBaseDir: relative\nNickname N N\nContact-Email: no\n"
				   "Mode: relay\nno*entry\x01here\nMixInterval: never\n"
				   "MaxBandwidth: 8K\nMaxBandwidthSpike: 4K\n"
				   "[Incoming/MMTP]\nEnabled: yes\nHostname: a b\n"
				   "[Outgoing/MMTP]\nEnabled: yes\nRetry: sometimes\n"
				   "[Delivery/MBOX]\nEnabled: yes\nReturnAddress: nobody\n"
				   "[Frobnicate]\n";
	static const int lines[] = { 6, 3, 4, 7, 12, 15, 18, 19, 2, 9, 16, 16 };
	struct errmsg e;
	char *at, *line, want[8];
	size_t n = 0;

	buf_reset(&told);
	CHECK(conf_parse("f", text, sizeof(text) - 1, tell, &e) == NULL);
	for (at = buf_cstr(&told); (line = strsep(&at, "\n")) != NULL && *line != '\0'; n++) {
		CHECK(n < sizeof(lines) / sizeof(lines[0]));
		snprintf(want, sizeof(want), "f:%d: ", n < 12 ? lines[n] : 0);
		if (strncmp(line, want, strlen(want)) != 0)
			printf("# \"%s\" (want %s)\n", line, want);
		CHECK(strncmp(line, want, strlen(want)) == 0);
	}
	CHECK(n == sizeof(lines) / sizeof(lines[0]));
	buf_free(&told);
	told = (struct buf){ 0 };
}

/* Below a broken header nobody knows where a line belongs. */
static void
test_a_broken_header_ends_it(void)
{
	struct errmsg e;

	nfaults = 0;
	CHECK(parse("[Server]\n=\n[Incoming\nHostname: x y\n", &e) == NULL && nfaults == 2);
	CHECK(strncmp(e.s, "f:2: ", 5) == 0);
}

TESTS(T(test_defaults), T(test_a_small_node), T(test_unknown_and_misplaced), T(test_required),
    T(test_smtp_security), T(test_values_are_checked), T(test_exit_options),
    T(test_all_faults_are_told), T(test_smtp_server_forms),
    T(test_what_may_repeat_and_what_warns), T(test_old_names_and_paths), T(test_missing_file),
    T(test_the_sample_loads), T(test_everything_is_told), T(test_a_broken_header_ends_it))
