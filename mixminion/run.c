/* One command from its words to its exit status. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "crypto.h"
#include "nearest.h"
#include "result.h"
#include "ui.h"

#define SERVER_PROGRAM "mixminiond"

/*
 * "server-start" and the like, as the reference has them: of the other program, which lies beside
 * this one or where programs are looked for. Returns only if it is not there.
 */
static int
hand_over(int argc, char **argv)
{
	char path[512], name[] = SERVER_PROGRAM;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(SERVER_PROGRAM));
	char **args = calloc((size_t)argc + 2, sizeof(*args)), *slash;

	if (args == NULL)
		return ui_fail(EX_OSERR, "out of memory");
	args[0] = name;
	for (int i = 0; i < argc; i++)
		args[i + 1] = argv[i];
	if (n > 0) {
		path[n] = '\0';
		if ((slash = strrchr(path, '/')) != NULL)
			memcpy(slash + 1, SERVER_PROGRAM, sizeof(SERVER_PROGRAM));
		execv(path, args);
	}
	execvp(SERVER_PROGRAM, args);
	n = errno;
	free(args);
	return ui_fail(EX_USAGE, "%s: type %s (%s: %s)", argv[0], cli_moved(argv[0]),
	    SERVER_PROGRAM, strerror((int)n));
}

static int
unknown(const char *name)
{
	struct nearest near = { .typed = name };
	struct buf text = { 0 };
	int r;

	for (const struct command *c = commands; c->name != NULL; c++)
		nearest_offer(&near, c->name);
	nearest_say(&text, &near);
	r = ui_fail(EX_USAGE, "no command \"%s\"%s%s", name, buf_cstr(&text),
	    near.n > 0 ? "" : "; see mixminion help");
	buf_free(&text);
	return r;
}

/* With --json standard output is for the one object. */
static int
check_json(const struct cli *cli, const struct command *cmd)
{
	int contents = (cmd->takes & CLI_OUTPUT) != 0 && cmd->run != cmd_purge_fragments;

	if (cli->json && contents && cli->output == NULL)
		return ui_fail(EX_USAGE, "--json prints the result: name a file with -o");
	if (cli->json && cmd->prints)
		return ui_fail(EX_USAGE, "%s prints for people: no --json", cmd->name);
	return 0;
}

int
cli_run(int argc, char **argv)
{
	const struct command *cmd = cli_command(argv[0]);
	struct cli cli;
	int r;

	if (cmd == NULL)
		return cli_moved(argv[0]) != NULL ? hand_over(argc, argv) : unknown(argv[0]);
	if ((r = cli_parse(&cli, cmd, argc, argv)) != 0)
		return r;
	if (cli.help) {
		fputs(cmd->usage, stdout);
		return 0;
	}
	if ((r = check_json(&cli, cmd)) != 0)
		return r;
	ui_setlevel(cli.quiet ? UI_QUIET : cli.verbose ? UI_VERBOSE : UI_NORMAL);
	crypto_init();
	if (cli.json)
		result_begin(cmd->name);
	r = cmd->run(&cli);
	result_end(r);
	return r;
}
