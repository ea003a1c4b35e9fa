/* update-servers: a new directory now. */
#include <stdio.h>
#include <sysexits.h>

#include "client.h"
#include "result.h"
#include "ui.h"

int
cmd_update_servers(struct cli *cli)
{
	struct client c;
	int r;

	cli->download = 1;
	if ((r = client_open(&c, cli, CLIENT_FRESH_DIR)) != 0)
		return r;
	if (c.dir->dir == NULL) {
		r = ui_fail(EX_DATAERR, "%s", c.dir->why_no_dir);
	} else if (result() != NULL) {
		result_number("servers", (int64_t)c.dir->dir->nservers);
		result_number("directory_valid_until", c.dir->dir->valid_until);
	} else {
		puts("Directory updated");
	}
	client_close(&c);
	return r;
}
