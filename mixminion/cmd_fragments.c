/* list-fragments, reassemble, purge-fragments: long messages that wait for their rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "client.h"
#include "contents.h"
#include "fragstore.h"
#include "log.h"
#include "result.h"
#include "ui.h"

#define SHOWN 6 /* octets of an id that are shown; a command takes any beginning */

/* What one run of a command works on. */
struct work {
	const struct cli *cli;
	struct client client;
	struct fragstore store;
	struct fraginfo *list;
	size_t n;
};

static int
work_open(struct work *w, struct cli *cli)
{
	struct errmsg e;
	int r;

	w->cli = cli;
	if ((r = client_open(&w->client, cli, CLIENT_NO_DIR)) != 0)
		return r;
	if (home_lock(&w->client.home, &e) == -1 ||
	    fragstore_open(&w->store, &w->client.home, &e) == -1 ||
	    fragstore_list(&w->store, &w->list, &w->n, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	if (fragstore_foreign(&w->store) > 0)
		ui_warn("%zu fragments were put there by another program: they are left alone",
		    fragstore_foreign(&w->store));
	return 0;
}

static void
work_close(struct work *w)
{
	free(w->list);
	fragstore_close(&w->store);
	client_close(&w->client);
	free(w);
}

static struct work *
work_new(void)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		fatal("calloc");
	w->client.home.lock_fd = -1;
	return w;
}

static void
print(const struct fraginfo *f)
{
	char hex[2 * MSGID_LEN + 1];

	hex_encode(hex, f->id, MSGID_LEN);
	printf("%.*s: to <%s>. %zu bytes (%zu/%zu packets received)\n", 2 * SHOWN, hex,
	    f->identity, f->size, f->have, f->need);
}

static void
print_json(struct json *j, const struct fraginfo *f, size_t n)
{
	char hex[2 * MSGID_LEN + 1];

	json_begin(j, "messages", '[');
	for (size_t i = 0; i < n; i++) {
		hex_encode(hex, f[i].id, MSGID_LEN);
		json_begin(j, NULL, '{');
		json_string(j, "id", hex);
		json_string(j, "identity", f[i].identity);
		json_number(j, "size", (int64_t)f[i].size);
		json_number(j, "have", (int64_t)f[i].have);
		json_number(j, "need", (int64_t)f[i].need);
		json_end(j, '{');
	}
	json_end(j, '[');
}

int
cmd_list_fragments(struct cli *cli)
{
	struct work *w = work_new();
	int r = work_open(w, cli);

	if (r == 0 && result() != NULL)
		print_json(result(), w->list, w->n);
	else if (r == 0 && w->n == 0)
		puts("(No fragments being reassembled)");
	for (size_t i = 0; r == 0 && result() == NULL && i < w->n; i++)
		print(&w->list[i]);
	if (r == 0 && fflush(stdout) != 0)
		r = ui_fail(EX_IOERR, "standard output cannot be written");
	work_close(w);
	return r;
}

/* The one message whose id begins so; NULL after saying why. */
static const struct fraginfo *
find(const struct work *w, const char *id)
{
	const struct fraginfo *found = NULL;
	char hex[2 * MSGID_LEN + 1];

	for (size_t i = 0; i < w->n; i++) {
		hex_encode(hex, w->list[i].id, MSGID_LEN);
		if (id[0] == '\0' || strncasecmp(hex, id, strlen(id)) != 0)
			continue;
		if (found != NULL) {
			(void)ui_fail(EX_USAGE, "several messages begin with \"%s\"", id);
			return NULL;
		}
		found = &w->list[i];
	}
	if (found == NULL)
		(void)ui_fail(EX_USAGE, "no message \"%s\"; see mixminion list-fragments", id);
	return found;
}

static int
reassemble_one(struct work *w, const struct fraginfo *f, const char *id, struct buf *out)
{
	struct buf msg = { 0 };
	struct errmsg e;
	int r;

	if (fragstore_get(&w->store, f->id, &msg, &e) == -1)
		r = ui_fail(EX_DATAERR, "message %s: %s", id, e.s);
	else
		r = contents_add(out, msg.p, msg.len, id, w->cli->force);
	buf_wipe(&msg);
	return r;
}

/* All are found and put together before anything is written, and written before they go. */
static int
each(struct work *w, int reassemble, int purge)
{
	const struct fraginfo *f;
	struct buf out = { 0 };
	int r = 0;

	for (int i = 0; r == 0 && i < w->cli->argc; i++) {
		if ((f = find(w, w->cli->argv[i])) == NULL)
			r = EX_USAGE;
		else if (reassemble)
			r = reassemble_one(w, f, w->cli->argv[i], &out);
	}
	if (r == 0 && reassemble)
		r = contents_write(&out, w->cli);
	for (int i = 0; r == 0 && purge && i < w->cli->argc; i++)
		fragstore_purge(&w->store, find(w, w->cli->argv[i])->id);
	if (r == 0 && purge)
		result_number("removed", w->cli->argc);
	buf_wipe(&out);
	return r;
}

static int
with_messages(struct cli *cli, int reassemble, int purge)
{
	struct work *w;
	int r;

	if (cli->argc == 0)
		return ui_fail(EX_USAGE, "which messages? mixminion list-fragments shows them");
	w = work_new();
	r = work_open(w, cli);
	if (r == 0)
		r = each(w, reassemble, purge);
	work_close(w);
	return r;
}

int
cmd_reassemble(struct cli *cli)
{
	return with_messages(cli, 1, cli->purge);
}

int
cmd_purge_fragments(struct cli *cli)
{
	return with_messages(cli, 0, 1);
}
