/*
 * mixminiond: starts and stops a Type III node, reloads it, shows its counters.
 */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mixminiond.h"
#include "sandbox.h"

static const char usage_text[] =
    "usage: mixminiond start [-hQ] [-f FILE] [--daemon | --nodaemon] [--echo] [--severity=LEVEL]\n"
    "                        [--uid-base=N] [--unconfined] [--passphrase-fd=N]\n"
    "       mixminiond init [-h] [-f FILE] [--nickname=NAME] [--contact=ADDRESS]\n"
    "                       [--hostname=HOST] [--base-dir=DIR] [--port=N]\n"
    "                       [--smtp-server=HOST] [--uid-base=N]\n"
    "                       [--encrypt-keys] [--passphrase-fd=N] [--unconfined]\n"
    "       mixminiond doctor [-h] [-f FILE] [--uid-base=N]\n"
    "       mixminiond queue list | show | clean [-h] [-f FILE]\n"
    "       mixminiond DELKEYS | upgrade [-hQ] [-f FILE] [--uid-base=N] [--unconfined]\n"
    "       mixminiond stop | reload | republish | confirm-clock | stats | collect |\n"
    "                  check-conf [-hQ] [-f FILE]\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "start", command_start },
	{ "stop", command_stop },
	{ "reload", command_reload },
	{ "stats", command_stats },
	{ "republish", command_republish },
	{ "confirm-clock", command_confirm_clock },
	{ "queue", command_queue },
	{ "DELKEYS", command_delkeys },
	{ "upgrade", command_upgrade },
	{ "collect", command_collect },
	{ "check-conf", command_check_conf },
	{ "init", command_init },
	{ "doctor", command_doctor },
};

static int
usage(FILE *to)
{
	fputs(usage_text, to);
	if (!sandbox_built_in())
		fputs(
		    "This build is for tests: it has no system call filter and no Landlock.\n", to);
	return to == stdout ? 0 : EXIT_USAGE;
}

/* As the reference's "mixminion server-start" has it. */
static const char *
plain_name(const char *name)
{
	return strncmp(name, "server-", strlen("server-")) == 0 ? name + strlen("server-") : name;
}

int
main(int argc, char **argv)
{
	const char *name;

	log_init("mixminiond", LOGL_INFO);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	name = plain_name(argv[1]);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		/* -h of a command shows the same few lines. */
		for (int a = 2; a < argc; a++)
			if (strcmp(argv[a], "-h") == 0 || strcmp(argv[a], "--help") == 0)
				return usage(stdout);
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "mixminiond: unknown command \"%s\"\n", argv[1]);
	return usage(stderr);
}
