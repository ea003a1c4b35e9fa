/* inspect-queue and clean-queue: what waits, and getting rid of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "client.h"
#include "downlog.h"
#include "infofmt.h"
#include "log.h"
#include "pick.h"
#include "result.h"
#include "ui.h"

#define DEFAULT_DAYS 60

/* The packets for one server. */
struct waiting {
	const struct mix_addr *to;
	const char *name; /* its nickname, or NULL */
	size_t n;
	int64_t oldest;
	int64_t down; /* since when; 0: it is not known to be */
};

static void
count_one(const struct client *c, struct waiting *w, size_t *n, const struct queued *item)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (w[i].to->port == item->to.port && strcmp(w[i].to->host, item->to.host) == 0 &&
		    memcmp(w[i].to->keyid, item->to.keyid, HASH_LEN) == 0)
			break;
	if (i == *n)
		w[(*n)++] = (struct waiting) { &item->to, client_nickname(c, item->to.keyid), 0,
			item->since, downlog_since(&c->home, item->to.keyid) };
	w[i].n++;
	if (item->since < w[i].oldest)
		w[i].oldest = item->since;
}

static const char *
label(const struct waiting *w)
{
	return w->name != NULL ? w->name : w->to->host;
}

static int
compare(const void *a, const void *b)
{
	return strcasecmp(label(a), label(b));
}

static void
print_json(struct json *j, const struct waiting *w, size_t n)
{
	json_begin(j, "servers", '[');
	for (size_t i = 0; i < n; i++) {
		json_begin(j, NULL, '{');
		json_string(j, "nickname", w[i].name);
		json_string(j, "host", w[i].to->host);
		json_number(j, "port", w[i].to->port);
		json_number(j, "packets", (int64_t)w[i].n);
		json_number(j, "oldest", w[i].oldest);
		json_number(j, "down", w[i].down);
		json_end(j, '{');
	}
	json_end(j, '[');
}

static void
print(const struct waiting *w, size_t n, int64_t now)
{
	if (n == 0)
		puts("(No packets in queue)");
	for (size_t i = 0; i < n; i++) {
		long long days = (long long)(now - w[i].oldest) / DAY;
		char age[24] = "<1", date[20];

		if (days >= 1)
			(void)snprintf(age, sizeof(age), "%lld", days);
		printf("%2zu packets for %s (oldest is %s days old)\n", w[i].n, label(&w[i]), age);
		if (w[i].down != 0) {
			fmt_time(date, w[i].down);
			ui_info("%s is down since %s UTC.", label(&w[i]), date);
		}
	}
}

static int
inspect(struct client *c, struct queue *q)
{
	struct queued *items = NULL;
	struct waiting *w;
	size_t n = 0, nw = 0;
	int r = pick_list(c, q, &items, &n);

	if (r != 0)
		return r;
	w = calloc(n + 1, sizeof(*w));
	if (w == NULL)
		fatal("calloc");
	for (size_t i = 0; i < n; i++)
		count_one(c, w, &nw, &items[i]);
	qsort(w, nw, sizeof(*w), compare);
	if (result() != NULL)
		print_json(result(), w, nw);
	else
		print(w, nw, c->now);
	free(w);
	free(items);
	return fflush(stdout) == 0 ? 0 : ui_fail(EX_IOERR, "standard output cannot be written");
}

/* Servers named without -d: all that is theirs. */
static int64_t
limit(const struct client *c, const struct cli *cli)
{
	long days = cli->days >= 0 ? cli->days : cli->argc > 0 ? 0 : DEFAULT_DAYS;

	return c->now - (int64_t)days * DAY;
}

static int
remove_old(struct client *c, struct queue *q, const struct queued *items, size_t n, int64_t before)
{
	struct errmsg e;
	size_t removed = 0;
	int r = 0;

	if (home_lock(&c->home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (items[i].since > before)
			continue;
		if (queue_remove(q, &items[i]) == -1)
			r = ui_fail(EX_IOERR, "a packet of the queue cannot be removed");
		else
			removed++;
	}
	home_unlock(&c->home);
	ui_info("Removed: %zu packets.", removed);
	result_number("removed", (int64_t)removed);
	return r;
}

static int
clean(struct client *c, struct queue *q, const struct cli *cli)
{
	struct queued *items = NULL;
	size_t n = 0;
	int r = pick_list(c, q, &items, &n);

	if (r == 0 && (r = pick_servers(c, cli, items, &n)) == 0)
		r = remove_old(c, q, items, n, limit(c, cli));
	free(items);
	return r;
}

static int
with_queue(struct cli *cli, int cleaning)
{
	struct client c;
	struct queue q;
	struct errmsg e;
	int r = client_open(&c, cli, CLIENT_DIR);

	if (r != 0)
		return r;
	if (queue_open(&q, &c.home, &e) == -1) {
		r = ui_fail(EX_CANTCREAT, "%s", e.s);
	} else {
		r = cleaning ? clean(&c, &q, cli) : inspect(&c, &q);
		queue_close(&q);
	}
	client_close(&c);
	return r;
}

int
cmd_inspect_queue(struct cli *cli)
{
	return with_queue(cli, 0);
}

int
cmd_clean_queue(struct cli *cli)
{
	return with_queue(cli, 1);
}
