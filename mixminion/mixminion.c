#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli.h"
#include "crypto.h"
#include "log.h"
#include "ui.h"

int
main(int argc, char **argv)
{
	const struct command *cmd;
	struct cli cli;
	int r;

	/* A server that closes is an error of one call, not the end of the program. */
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("mixminion", LOGL_WARN);
	if (argc < 2)
		return ui_fail(EX_USAGE, "no command; see mixminion help");
	cmd = cli_command(argv[1]);
	if (cmd == NULL)
		return ui_fail(EX_USAGE, "no command \"%s\"; see mixminion help", argv[1]);
	r = cli_parse(&cli, cmd, argc - 1, argv + 1);
	if (r != 0)
		return r;
	if (cli.help) {
		fputs(cmd->usage, stdout);
		return 0;
	}
	ui_setlevel(cli.quiet ? UI_QUIET : cli.verbose ? UI_VERBOSE : UI_NORMAL);
	crypto_init();
	return cmd->run(&cli);
}
