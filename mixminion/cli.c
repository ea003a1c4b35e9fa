#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "bytes.h"
#include "cli.h"
#include "nearest.h"
#include "ui.h"

enum opt {
	O_HELP = 1,
	O_VERBOSE,
	O_QUIET,
	O_CONFIG,
	O_STATUS_FD,
	O_DOWNLOAD,
	O_TO,
	O_REPLY,
	O_REPLY_FD,
	O_PATH,
	O_HOPS,
	O_INPUT,
	O_OUTPUT,
	O_SUBJECT,
	O_FROM,
	O_IN_REPLY_TO,
	O_REFERENCES,
	O_FRAGMENTS,
	O_QUEUE,
	O_NO_QUEUE,
	O_PASS_FD,
	O_FORCE,
	O_COUNT,
	O_BINARY,
	O_IDENTITY,
	O_LIFETIME,
	O_RECOMMENDED,
	O_WITH_TIME,
	O_NO_COLLAPSE,
	O_SEPARATOR,
	O_CASCADE,
	O_CASCADE_FEATURES,
	O_JUSTIFY,
	O_FEATURE,
	O_LIST_FEATURES,
	O_OLD_RECOMMENDED,
	O_JSON,
	O_DAYS,
	O_PURGE,
	O_AS_REPLY,
	O_ENCRYPT_TO,
	O_BITS,
	O_DEBUG_SHLEX,
	O_CHECK,
	O_WAIT,
	O_NOPTS
};

static const struct spec {
	enum opt id;
	char letter; /* 0: none */
	const char *name;
	int arg;
	unsigned group; /* 0: every command */
} specs[] = {
	{ O_HELP, 'h', "help", 0, 0 },
	{ O_VERBOSE, 'v', "verbose", 0, 0 },
	{ O_QUIET, 'Q', "quiet", 0, 0 },
	{ O_CONFIG, 'f', "config", 1, 0 },
	{ O_STATUS_FD, 0, "status-fd", 1, 0 },
	{ O_JSON, 0, "json", 0, 0 },
	{ O_DOWNLOAD, 'D', "download-directory", 1, CLI_DIR },
	{ O_TO, 't', "to", 1, CLI_DEST },
	{ O_REPLY, 'R', "reply-block", 1, CLI_REPLY },
	{ O_REPLY_FD, 0, "reply-block-fd", 1, CLI_REPLY },
	{ O_PATH, 'P', "path", 1, CLI_PATH },
	{ O_HOPS, 'H', "hops", 1, CLI_PATH },
	{ O_INPUT, 'i', "input", 1, CLI_INPUT },
	{ O_OUTPUT, 'o', "output", 1, CLI_OUTPUT },
	{ O_SUBJECT, 0, "subject", 1, CLI_HEADERS },
	{ O_FROM, 0, "from", 1, CLI_HEADERS },
	{ O_IN_REPLY_TO, 0, "in-reply-to", 1, CLI_HEADERS },
	{ O_REFERENCES, 0, "references", 1, CLI_HEADERS },
	{ O_FRAGMENTS, 0, "deliver-fragments", 0, CLI_HEADERS },
	{ O_QUEUE, 0, "queue", 0, CLI_SENDING },
	{ O_NO_QUEUE, 0, "no-queue", 0, CLI_SENDING },
	{ O_PASS_FD, 0, "passphrase-fd", 1, CLI_PASS },
	{ O_FORCE, 'F', "force", 0, CLI_FORCE },
	{ O_COUNT, 'n', "count", 1, CLI_COUNT },
	{ O_BINARY, 'b', "binary", 0, CLI_SURB },
	{ O_IDENTITY, 0, "identity", 1, CLI_SURB | CLI_KEYGEN },
	{ O_LIFETIME, 0, "lifetime", 1, CLI_SURB },
	{ O_RECOMMENDED, 'r', "recommended", 0, CLI_LIST },
	{ O_WITH_TIME, 'T', "with-time", 0, CLI_LIST },
	{ O_NO_COLLAPSE, 0, "no-collapse", 0, CLI_LIST },
	{ O_SEPARATOR, 's', "separator", 1, CLI_LIST },
	{ O_CASCADE, 'c', "cascade", 0, CLI_LIST },
	{ O_CASCADE_FEATURES, 'C', "cascade-features", 0, CLI_LIST },
	{ O_JUSTIFY, 'J', "justify", 0, CLI_LIST },
	{ O_FEATURE, 'F', "feature", 1, CLI_LIST },
	{ O_LIST_FEATURES, 0, "list-features", 0, CLI_LIST },
	{ O_OLD_RECOMMENDED, 'R', NULL, 0, CLI_LIST },
	{ O_DAYS, 'd', "days", 1, CLI_DAYS },
	{ O_PURGE, 'P', "purge", 0, CLI_PURGE },
	{ O_AS_REPLY, 'R', "reply", 0, CLI_COUNTING },
	{ O_ENCRYPT_TO, 0, "encrypt-to", 1, CLI_ENCRYPT },
	{ O_BITS, 0, "bits", 1, CLI_KEYGEN },
	{ O_DEBUG_SHLEX, 0, "debug-shlex", 0, CLI_SHELL },
	{ O_CHECK, 0, "check", 0, CLI_TEST },
	{ O_WAIT, 0, "wait", 1, CLI_TEST },
};
#define NSPECS (sizeof(specs) / sizeof(specs[0]))

/* A whole number from 0 to max; -1 after saying what is wrong. */
static long
number(const struct spec *s, const char *arg, long max)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || n > max) {
		(void)ui_fail(EX_USAGE, "--%s expects a number, not \"%s\"", s->name, arg);
		return -1;
	}
	return n;
}

static int
set_download(struct cli *cli, const char *arg)
{
	static const char *const words[2][6] = { { "no", "0", "false", "n", "f", NULL },
		{ "yes", "1", "true", "y", "t", "force" } };

	for (int yes = 0; yes < 2; yes++)
		for (size_t i = 0; i < 6 && words[yes][i] != NULL; i++) {
			if (strcasecmp(arg, words[yes][i]) != 0)
				continue;
			if (cli->download == !yes)
				return ui_fail(EX_USAGE, "-D %s contradicts an earlier -D", arg);
			cli->download = yes;
			return 0;
		}
	return ui_fail(EX_USAGE, "-D expects yes or no, not \"%s\"", arg);
}

/* A value that may be given once. */
static int
once(const char **to, const struct spec *s, const char *arg)
{
	if (*to != NULL)
		return ui_fail(EX_USAGE, "--%s is given twice", s->name);
	*to = arg;
	return 0;
}

static int
append(const char **list, size_t *n, const struct spec *s, const char *arg)
{
	if (*n == CLI_MAX_SOURCES)
		return ui_fail(EX_USAGE, "--%s is given too often", s->name);
	list[(*n)++] = arg;
	return 0;
}

static int
add_reply(struct cli *cli, const struct spec *s, const char *arg)
{
	struct cli_source *r = &cli->reply[cli->nreply];
	long fd = s->id == O_REPLY_FD ? number(s, arg, 65535) : 0;

	if (fd == -1)
		return EX_USAGE;
	if (cli->nreply == CLI_MAX_SOURCES)
		return ui_fail(EX_USAGE, "--%s is given too often", s->name);
	*r = (struct cli_source) { s->id == O_REPLY ? arg : NULL, (int)fd };
	cli->nreply++;
	return 0;
}

static int
set_number(struct cli *cli, const struct spec *s, const char *arg)
{
	long n = number(s, arg, s->id == O_LIFETIME ? 3650 : 1000000);

	if (n == -1)
		return EX_USAGE;
	switch (s->id) {
	case O_STATUS_FD:
		if (ui_set_status_fd((int)n) == -1)
			return ui_fail(EX_USAGE, "--status-fd: %ld is not open for writing", n);
		return 0;
	case O_PASS_FD:
		cli->passphrase_fd = (int)n;
		return 0;
	case O_COUNT:
		cli->count = n;
		return 0;
	case O_DAYS:
		cli->days = n;
		return 0;
	case O_BITS:
		cli->bits = n;
		return 0;
	default:
		cli->lifetime = n;
		return 0;
	}
}

static int
set_flag(struct cli *cli, enum opt id)
{
	int *const flags[O_NOPTS] = {
		[O_HELP] = &cli->help,
		[O_VERBOSE] = &cli->verbose,
		[O_QUIET] = &cli->quiet,
		[O_FRAGMENTS] = &cli->deliver_fragments,
		[O_QUEUE] = &cli->queue,
		[O_NO_QUEUE] = &cli->no_queue,
		[O_FORCE] = &cli->force,
		[O_BINARY] = &cli->binary,
		[O_RECOMMENDED] = &cli->recommended,
		[O_WITH_TIME] = &cli->with_time,
		[O_NO_COLLAPSE] = &cli->no_collapse,
		[O_CASCADE] = &cli->cascade,
		[O_JUSTIFY] = &cli->justify,
		[O_LIST_FEATURES] = &cli->list_features,
		[O_OLD_RECOMMENDED] = &cli->recommended,
		[O_JSON] = &cli->json,
		[O_PURGE] = &cli->purge,
		[O_AS_REPLY] = &cli->as_reply,
		[O_DEBUG_SHLEX] = &cli->debug_shlex,
		[O_CHECK] = &cli->check,
	};

	if (id == O_OLD_RECOMMENDED)
		ui_warn("-R is deprecated; use -r (--recommended) instead");
	if (id == O_CASCADE_FEATURES)
		cli->cascade = 2;
	else
		*flags[id] = 1;
	return 0;
}

static int
set_value(struct cli *cli, const struct spec *s, const char *arg)
{
	switch (s->id) {
	case O_CONFIG:
		return once(&cli->config, s, arg);
	case O_PATH:
		return once(&cli->path, s, arg);
	case O_INPUT:
		return once(&cli->input, s, arg);
	case O_OUTPUT:
		return once(&cli->output, s, arg);
	case O_SUBJECT:
		return once(&cli->subject, s, arg);
	case O_FROM:
		return once(&cli->from, s, arg);
	case O_IN_REPLY_TO:
		return once(&cli->in_reply_to, s, arg);
	case O_REFERENCES:
		return once(&cli->references, s, arg);
	case O_IDENTITY:
		return once(&cli->identity, s, arg);
	case O_ENCRYPT_TO:
		return once(&cli->encrypt_to, s, arg);
	case O_WAIT:
		return once(&cli->wait, s, arg);
	case O_SEPARATOR:
		return once(&cli->separator, s, arg);
	case O_FEATURE:
		return append(cli->features, &cli->nfeatures, s, arg);
	case O_TO:
		return append(cli->to, &cli->nto, s, arg);
	case O_DOWNLOAD:
		return set_download(cli, arg);
	case O_REPLY:
	case O_REPLY_FD:
		return add_reply(cli, s, arg);
	case O_HOPS:
		return ui_fail(EX_USAGE, "-H is deprecated; use -P '*%s' instead", arg);
	default:
		return set_number(cli, s, arg);
	}
}

/* The options that cmd takes, in the forms that getopt_long wants. */
static void
build_tables(const struct command *cmd, char *letters, struct option *longs)
{
	*letters++ = ':';
	for (size_t i = 0; i < NSPECS; i++) {
		const struct spec *s = &specs[i];

		if (s->group != 0 && (cmd->takes & s->group) == 0)
			continue;
		if (s->name != NULL)
			*longs++ = (struct option) { s->name, s->arg, NULL, 256 + (int)i };
		if (s->letter == 0)
			continue;
		*letters++ = s->letter;
		if (s->arg)
			*letters++ = ':';
	}
	*letters = '\0';
	memset(longs, 0, sizeof(*longs));
}

static const struct spec *
spec_of(const struct command *cmd, int c)
{
	if (c >= 256)
		return &specs[c - 256];
	for (size_t i = 0; i < NSPECS; i++)
		if (specs[i].letter == c &&
		    (specs[i].group == 0 || (cmd->takes & specs[i].group) != 0))
			return &specs[i];
	return NULL;
}

static int
unknown_option(const struct command *cmd, const char *arg)
{
	struct buf name = { 0 }, text = { 0 };
	struct nearest near = { 0 };
	int r;

	buf_put(&name, arg, strcspn(arg, "="));
	near.typed = buf_cstr(&name) + strspn(buf_cstr(&name), "-");
	for (size_t i = 0; i < NSPECS && strncmp(arg, "--", 2) == 0; i++)
		if (specs[i].name != NULL &&
		    (specs[i].group == 0 || (cmd->takes & specs[i].group) != 0))
			nearest_offer(&near, specs[i].name);
	nearest_say(&text, &near);
	r = ui_fail(EX_USAGE, "%s has no option \"%s\"%s%s%s", cmd->name, arg, buf_cstr(&text),
	    near.n > 0 ? "" : "; see mixminion help ", near.n > 0 ? "" : cmd->name);
	buf_free(&name);
	buf_free(&text);
	return r;
}

/* What getopt_long has stopped at: word, or the letter that it leaves in optopt. */
static int
bad_option(const struct command *cmd, const char *word)
{
	char letter[] = { '-', (char)optopt, '\0' };

	if (optopt > UCHAR_MAX)
		return ui_fail(EX_USAGE, "option --%s takes no value", specs[optopt - 256].name);
	return unknown_option(cmd, optopt != 0 ? letter : word);
}

static int
check(const struct cli *cli, const struct command *cmd)
{
	if (cli->quiet && cli->verbose)
		return ui_fail(EX_USAGE, "-Q and -v contradict one another");
	if (cli->queue && cli->no_queue)
		return ui_fail(EX_USAGE, "--queue and --no-queue contradict one another");
	if (cli->argc > 0 && (cmd->takes & CLI_ARGS) == 0)
		return ui_fail(EX_USAGE, "%s takes no arguments, but \"%s\" is one%s", cmd->name,
		    cli->argv[0], cmd->takes & CLI_INPUT ? " (did you mean -i?)" : "");
	return 0;
}

int
cli_parse(struct cli *cli, const struct command *cmd, int argc, char **argv)
{
	struct option longs[NSPECS + 1];
	char letters[2 * NSPECS + 2];
	int c, r;

	memset(cli, 0, sizeof(*cli));
	cli->name = argv[0];
	cli->download = cli->passphrase_fd = -1;
	cli->count = cli->lifetime = cli->days = cli->bits = -1;
	build_tables(cmd, letters, longs);
	optind = 0; /* begins anew, in GNU getopt */
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct spec *s;

		if (c == '?')
			return bad_option(cmd, argv[optind - 1]);
		if (c == ':')
			return ui_fail(
			    EX_USAGE, "option \"%s\" expects a value", argv[optind - 1]);
		s = spec_of(cmd, c);
		r = s->arg ? set_value(cli, s, optarg) : set_flag(cli, s->id);
		if (r != 0)
			return r;
	}
	cli->argc = argc - optind;
	cli->argv = argv + optind;
	return cli->help ? 0 : check(cli, cmd);
}
