#include <signal.h>
#include <sysexits.h>

#include "cli.h"
#include "log.h"
#include "ui.h"

int
main(int argc, char **argv)
{
	/* A server that closes is an error of one call, not the end of the program. */
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("mixminion", LOGL_WARN);
	if (argc < 2)
		return ui_fail(EX_USAGE, "no command; see mixminion help");
	return cli_run(argc - 1, argv + 1);
}
