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
    "       mixminiond stop | reload | stats | collect | check-conf [-h] [-f FILE]\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "start", command_start },
	{ "stop", command_stop },
	{ "reload", command_reload },
	{ "stats", command_stats },
	{ "collect", command_collect },
	{ "check-conf", command_check_conf },
	{ "init", command_init },
	{ "doctor", command_doctor },
};

static const char *const later[] = { "republish", "DELKEYS", "upgrade" };

static int
usage(FILE *to)
{
	fputs(usage_text, to);
	if (!sandbox_built_in())
		fputs(
		    "This build is for tests: it has no system call filter and no Landlock.\n", to);
	return to == stdout ? 0 : EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	log_init("mixminiond", LOGL_INFO);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		/* -h of a command shows the same few lines. */
		for (int a = 2; a < argc; a++)
			if (strcmp(argv[a], "-h") == 0 || strcmp(argv[a], "--help") == 0)
				return usage(stdout);
		return commands[i].run(argc - 1, argv + 1);
	}
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strcmp(argv[1], later[i]) == 0) {
			fprintf(stderr, "mixminiond: %s comes with a later version\n", later[i]);
			return EXIT_USAGE;
		}
	fprintf(stderr, "mixminiond: unknown command \"%s\"\n", argv[1]);
	return usage(stderr);
}
