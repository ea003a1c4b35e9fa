/* flush: another attempt for what waits in the queue. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "client.h"
#include "deliver.h"
#include "log.h"
#include "ui.h"

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

/* Keeps those for the servers named on the command line; all where none is named. */
static size_t
select_servers(const struct client *c, const struct cli *cli, struct queued *items, size_t n)
{
	size_t kept = 0;

	if (cli->argc == 0)
		return n;
	for (size_t i = 0; i < n; i++)
		for (int a = 0; a < cli->argc; a++)
			if (is_for(c, &items[i], cli->argv[a])) {
				items[kept++] = items[i];
				break;
			}
	return kept;
}

static int
check_servers(const struct client *c, const struct cli *cli, const struct queued *items,
    size_t n)
{
	for (int a = 0; a < cli->argc; a++) {
		size_t i;

		for (i = 0; i < n && !is_for(c, &items[i], cli->argv[a]); i++)
			continue;
		if (i == n && !known(c, cli->argv[a]))
			return ui_fail(
			    EX_NOHOST, "no server is known by the name %s", cli->argv[a]);
	}
	return 0;
}

static int
flush_items(const struct client *c, struct queue *q, const struct queued *items, size_t n,
    long count)
{
	struct parcel *p = calloc(n + 1, sizeof(*p));
	size_t left;

	if (p == NULL)
		fatal("calloc");
	for (size_t i = 0; i < n; i++)
		p[i].item = items[i];
	parcels_shuffle(p, n);
	if (count >= 0 && (size_t)count < n)
		n = (size_t)count;
	left = deliver(c, q, p, n);
	free(p);
	ui_info("Sent: %zu packets.", n - left);
	if (left > 0)
		return ui_fail(EX_TEMPFAIL, "%zu packets stay in the queue", left);
	return 0;
}

static int
flush_queue(struct client *c, const struct cli *cli, struct queue *q)
{
	struct queued *items = NULL;
	struct errmsg e;
	size_t n = 0;
	int r;

	if (home_lock(&c->home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	r = queue_list(q, &items, &n, &e);
	home_unlock(&c->home);
	if (r == -1)
		return ui_fail(EX_IOERR, "%s", e.s);
	if (queue_foreign(q) > 0)
		ui_warn("%zu packets in the queue were put there by another program: flush them "
		    "with it",
		    queue_foreign(q));
	r = check_servers(c, cli, items, n);
	if (r == 0) {
		n = select_servers(c, cli, items, n);
		r = flush_items(c, q, items, n, cli->count);
	}
	free(items);
	return r;
}

int
cmd_flush(struct cli *cli)
{
	struct client c;
	struct queue q;
	struct errmsg e;
	int r = client_open(&c, cli, 1);

	if (r != 0)
		return r;
	if (queue_open(&q, &c.home, &e) == -1) {
		r = ui_fail(EX_CANTCREAT, "%s", e.s);
	} else {
		r = flush_queue(&c, cli, &q);
		queue_close(&q);
	}
	client_close(&c);
	return r;
}
