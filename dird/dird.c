/*
 * dird: a directory server. See dird(8).
 */
#include <stdio.h>
#include <string.h>

#include "dird.h"

static const char usage[] =
    "usage: dird init|start|mirror|reload|stop|fingerprint [options]\n"
    "       dird list|status|stats [-f file]\n"
    "       dird show|approve|reject|ban|remove [-f file] nickname|fingerprint ...\n"
    "       dird core|sign|http|fetch [-1hnU] [-f file] [-l level] [-p fd] [-s directory]\n"
    "Keeps the directory of a Type III anonymous remailer network: takes descriptors, votes with\n"
    "other directory servers, publishes what more than half of them agree on.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "init", command_init },
	{ "fingerprint", command_fingerprint },
	{ "start", command_start },
	{ "mirror", command_start },
	{ "reload", command_reload },
	{ "stop", command_stop },
	{ "list", command_ask },
	{ "show", command_ask },
	{ "approve", command_ask },
	{ "reject", command_ask },
	{ "ban", command_ask },
	{ "remove", command_ask },
	{ "status", command_ask },
	{ "stats", command_ask },
	{ "core", role_core },
	{ "sign", role_sign },
	{ "http", role_http },
	{ "fetch", role_fetch },
};

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "%s", usage);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		printf("%s", usage);
		return 0;
	}
	fprintf(stderr, "dird: no such command: \"%s\"\n%s", argv[1], usage);
	return EXIT_USAGE;
}
