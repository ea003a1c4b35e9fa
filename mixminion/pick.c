#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "pick.h"
#include "ui.h"
#include "unknown.h"

int
pick_list(struct client *c, struct queue *q, struct queued **items, size_t *n)
{
	struct errmsg e;
	int r;

	if (home_lock(&c->home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	r = queue_list(q, items, n, &e);
	home_unlock(&c->home);
	if (r == -1)
		return ui_fail(EX_IOERR, "%s", e.s);
	if (queue_foreign(q) > 0)
		ui_warn("%zu packets in the queue were put there by another program: flush them "
		    "with it",
		    queue_foreign(q));
	return 0;
}

/* The packet goes to that server, named by nickname or by host. */
static int
is_for(const struct client *c, const struct queued *item, const char *server)
{
	const char *name = client_nickname(c, item->to.keyid);

	return strcasecmp(item->to.host, server) == 0 ||
	    (name != NULL && strcasecmp(name, server) == 0);
}

static int
known(const struct client *c, const char *server)
{
	for (size_t i = 0; i < c->dir->nall; i++)
		if (strcasecmp(c->dir->all[i]->nickname, server) == 0 ||
		    strcasecmp(c->dir->all[i]->hostname, server) == 0)
			return 1;
	return 0;
}

static int
check_names(const struct client *c, const struct cli *cli, const struct queued *items, size_t n)
{
	struct errmsg e;

	for (int a = 0; a < cli->argc; a++) {
		size_t i;

		for (i = 0; i < n && !is_for(c, &items[i], cli->argv[a]); i++)
			continue;
		if (i == n && !known(c, cli->argv[a])) {
			unknown_server(&e, c->dir, cli->argv[a]);
			return ui_fail(EX_NOHOST, "%s", e.s);
		}
	}
	return 0;
}

int
pick_servers(const struct client *c, const struct cli *cli, struct queued *items, size_t *n)
{
	size_t kept = 0;
	int r = check_names(c, cli, items, *n);

	if (r != 0 || cli->argc == 0)
		return r;
	for (size_t i = 0; i < *n; i++)
		for (int a = 0; a < cli->argc; a++)
			if (is_for(c, &items[i], cli->argv[a])) {
				items[kept++] = items[i];
				break;
			}
	*n = kept;
	return 0;
}
