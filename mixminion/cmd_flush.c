/* flush: another attempt for what waits in the queue. */
#include <stdlib.h>
#include <sysexits.h>

#include "client.h"
#include "deliver.h"
#include "log.h"
#include "pick.h"
#include "result.h"
#include "ui.h"

static int
flush_items(struct client *c, struct queue *q, const struct queued *items, size_t n,
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
	result_number("sent", (int64_t)(n - left));
	result_number("left", (int64_t)left);
	if (left > 0)
		return ui_fail(EX_TEMPFAIL, "%zu packets stay in the queue", left);
	return 0;
}

int
cmd_flush(struct cli *cli)
{
	struct queued *items = NULL;
	struct client c;
	struct queue q;
	struct errmsg e;
	size_t n = 0;
	int r = client_open(&c, cli, CLIENT_DIR);

	if (r != 0)
		return r;
	if (queue_open(&q, &c.home, &e) == -1) {
		r = ui_fail(EX_CANTCREAT, "%s", e.s);
	} else {
		if ((r = pick_list(&c, &q, &items, &n)) == 0 &&
		    (r = pick_servers(&c, cli, items, &n)) == 0)
			r = flush_items(&c, &q, items, n, cli->count);
		free(items);
		queue_close(&q);
	}
	client_close(&c);
	return r;
}
