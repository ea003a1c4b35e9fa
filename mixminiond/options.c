#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "options.h"

#define MAX_OPTIONS 32

enum {
	OPT_DAEMON = 256,
	OPT_NODAEMON,
	OPT_ECHO,
	OPT_SEVERITY,
	OPT_UID_BASE,
	OPT_UNCONFINED,
	OPT_PASSPHRASE_FD
};

static const struct {
	unsigned taken;
	struct option o;
} all[] = {
	{ TAKES_FILE, { "config", required_argument, NULL, 'f' } },
	{ TAKES_QUIET, { "quiet", no_argument, NULL, 'Q' } },
	{ TAKES_UIDS, { "uid-base", required_argument, NULL, OPT_UID_BASE } },
	{ TAKES_KEYS, { "unconfined", no_argument, NULL, OPT_UNCONFINED } },
	{ TAKES_KEYS, { "passphrase-fd", required_argument, NULL, OPT_PASSPHRASE_FD } },
	{ TAKES_START, { "daemon", no_argument, NULL, OPT_DAEMON } },
	{ TAKES_START, { "nodaemon", no_argument, NULL, OPT_NODAEMON } },
	{ TAKES_START, { "echo", no_argument, NULL, OPT_ECHO } },
	{ TAKES_START, { "severity", required_argument, NULL, OPT_SEVERITY } },
};

static const char *command;

static int
bad(const char *what, const char *value)
{
	fprintf(stderr, "mixminiond %s: %s \"%s\" (mixminiond -h shows the usage)\n", command,
	    what, value);
	return -1;
}

static int
take(struct options *o, int ch)
{
	const char *err = NULL;

	switch (ch) {
	case 'f': o->conf_file = optarg; return 0;
	case 'Q': o->quiet = 1; return 0;
	case OPT_DAEMON: o->daemonize = 1; return 0;
	case OPT_NODAEMON: o->daemonize = 0; return 0;
	case OPT_ECHO: o->echo = 1; return 0;
	case OPT_UNCONFINED: o->unconfined = 1; return 0;
	case OPT_SEVERITY:
		o->severity = log_parselevel(optarg);
		return o->severity == -1 ? bad("unknown severity", optarg) : 0;
	case OPT_UID_BASE:
		o->uid_base = (uid_t)strtonum(optarg, 1000, 2000000000, &err);
		return err != NULL ? bad("--uid-base from 1000 up, not", optarg) : 0;
	case OPT_PASSPHRASE_FD:
		o->passphrase_fd = (int)strtonum(optarg, 0, 1023, &err);
		return err != NULL ? bad("--passphrase-fd takes a number, not", optarg) : 0;
	default: return -1; /* getopt has said it */
	}
}

/* The table as getopt_long wants it. */
static void
choose(struct option table[MAX_OPTIONS], unsigned takes, const struct options_more *more)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].taken & takes)
			table[n++] = all[i].o;
	for (const struct option *v = more != NULL ? more->v : NULL; v != NULL && v->name != NULL;
	    v++) {
		if (n == MAX_OPTIONS - 1)
			fatalx("too many options");
		table[n++] = *v;
	}
	table[n] = (struct option){ NULL, 0, NULL, 0 };
}

int
options_parse(struct options *o, unsigned takes, const struct options_more *more, int argc,
    char **argv)
{
	const char *letters = takes & TAKES_QUIET ? "f:Q" : "f:";
	struct option table[MAX_OPTIONS];
	int ch;

	command = argv[0];
	choose(table, takes, more);
	*o = (struct options){ .daemonize = -1, .severity = -1, .passphrase_fd = -1 };
	while ((ch = getopt_long(argc, argv, letters, table, NULL)) != -1)
		if ((ch >= OPTIONS_MORE ? more->take(ch, optarg) : take(o, ch)) == -1)
			return -1;
	return optind < argc ? bad("unexpected argument", argv[optind]) : 0;
}
