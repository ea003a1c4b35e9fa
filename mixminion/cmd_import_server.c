/* import-server: descriptors from files, verified and kept. */
#include <sysexits.h>

#include "client.h"
#include "result.h"
#include "ui.h"

int
cmd_import_server(struct cli *cli)
{
	char nickname[MAX_NICKNAME + 1];
	struct client c;
	struct errmsg e;
	int status;

	if (cli->argc == 0)
		return ui_fail(EX_USAGE, "which descriptor? mixminion import-server FILE...");
	status = client_open(&c, cli, CLIENT_NO_DIR);
	if (status != 0)
		return status;
	if (home_lock(&c.home, &e) == -1)
		status = ui_fail(EX_CANTCREAT, "%s", e.s);
	if (result() != NULL)
		json_begin(result(), "imported", '[');
	for (int i = 0; status == 0 && i < cli->argc; i++) {
		if (clientdir_import(c.conf, cli->argv[i], c.now, nickname, &e) == -1)
			status = ui_fail(EX_DATAERR, "%s", e.s);
		else if (result() != NULL)
			json_string(result(), NULL, nickname);
		else
			ui_info("imported the descriptor of server %s", nickname);
	}
	if (result() != NULL)
		json_end(result(), '[');
	client_close(&c);
	return status;
}
