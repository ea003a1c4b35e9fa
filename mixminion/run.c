/* One command from its words to its exit status. */
#include <stdio.h>
#include <sysexits.h>

#include "cli.h"
#include "crypto.h"
#include "result.h"
#include "ui.h"

static int
unknown(const char *name)
{
	const char *instead = cli_moved(name);

	if (instead != NULL)
		return ui_fail(
		    EX_USAGE, "%s is no command of the client: type %s", name, instead);
	return ui_fail(EX_USAGE, "no command \"%s\"; see mixminion help", name);
}

/* With --json standard output is for the one object. */
static int
check_json(const struct cli *cli, const struct command *cmd)
{
	if (cli->json && (cmd->takes & CLI_OUTPUT) != 0 && cli->output == NULL)
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
		return unknown(argv[0]);
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
