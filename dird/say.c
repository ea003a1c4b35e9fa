/*
 * The operator's commands, as they come to the control socket: "list", "approve NAME", ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "dproto.h"
#include "vote.h"

#define STEP	 30000
#define MAX_SAID 4096

struct said {
	struct buf out;
	int failed;
};

/* --- what is said --- */

static void
line_of(struct buf *out, const struct server *s, int64_t now)
{
	int64_t until = 0;
	char date[11] = "-", hex[2 * HASH_LEN + 1];

	for (size_t i = 0; i < s->ndescs; i++)
		if (s->descs[i]->valid_until > until)
			until = s->descs[i]->valid_until;
	if (s->ndescs > 0)
		fmt_date(date, until);
	hex_upper(hex, s->keyid, HASH_LEN);
	buf_printf(out, "%-9s %-24s %s %2zu descriptors, until %s%s\n",
	    server_state_name(s->state), s->nickname, hex, s->ndescs, date,
	    s->ndescs > 0 && until < now ? " (expired)" : "");
}

static int
compare(const void *a, const void *b)
{
	const struct server *const *x = a, *const *y = b;

	if ((*x)->state != (*y)->state)
		return (*x)->state < (*y)->state ? -1 : 1;
	return strcasecmp((*x)->nickname, (*y)->nickname);
}

static void
say_list(struct said *s, const char *arg)
{
	struct server **sorted = calloc(core.store.n + 1, sizeof(struct server *));

	(void)arg;
	if (sorted == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < core.store.n; i++)
		sorted[i] = core.store.v[i];
	qsort(sorted, core.store.n, sizeof(struct server *), compare);
	for (size_t i = 0; i < core.store.n; i++)
		line_of(&s->out, sorted[i], daemon_now());
	if (core.store.n == 0)
		buf_str(&s->out, "no server is known yet\n");
	free(sorted);
}

static struct server *
named(struct said *s, const char *name)
{
	struct server *found = store_named(&core.store, name);

	if (found == NULL) {
		buf_printf(&s->out, "%.100s: no such server; \"dird list\" shows all\n", name);
		s->failed = 1;
	}
	return found;
}

static void
say_show(struct said *s, const char *name)
{
	const struct server *found = named(s, name);

	if (found != NULL)
		server_format(&s->out, found);
}

static void
set_state(struct said *s, const char *name, enum server_state state)
{
	struct server *found = named(s, name);
	struct errmsg e;

	if (found == NULL)
		return;
	if (store_set_state(&core.store, found, state, daemon_now(), &e) == -1) {
		buf_printf(&s->out, "%s\n", e.s);
		s->failed = 1;
		return;
	}
	buf_printf(&s->out, "%s is %s now\n", found->nickname, server_state_name(state));
	core_changed();
}

static void
say_approve(struct said *s, const char *name)
{
	const struct server *found = named(s, name);

	if (found == NULL)
		return;
	if (store_rival(&core.store, found) != NULL) {
		buf_printf(&s->out, "another identity is called %s: remove or reject it first\n",
		    found->nickname);
		s->failed = 1;
		return;
	}
	set_state(s, name, SRV_APPROVED);
}

static void
say_reject(struct said *s, const char *name)
{
	set_state(s, name, SRV_REJECTED);
}

static void
say_ban(struct said *s, const char *name)
{
	set_state(s, name, SRV_BANNED);
}

static void
say_remove(struct said *s, const char *name)
{
	struct server *found = named(s, name);
	struct errmsg e;

	if (found == NULL)
		return;
	if (store_remove(&core.store, found, &e) == -1) {
		buf_printf(&s->out, "%s\n", e.s);
		s->failed = 1;
		return;
	}
	buf_printf(&s->out, "%.100s is forgotten: it may come again as a new one\n", name);
	core_changed();
}

static void
say_status(struct said *s, const char *arg)
{
	(void)arg;
	buf_printf(&s->out, "%zu servers, %zu of them waiting.\n", core.store.n,
	    core.store.nwaiting);
	if (!core.conf->mirror)
		phases_report(&s->out);
	else
		buf_printf(&s->out, "A mirror. %s\n",
		    core.report.len > 0 ? buf_cstr(&core.report) : "It has nothing yet.");
}

static void
say_stats(struct said *s, const char *arg)
{
	(void)arg;
	for (size_t i = 0; i < CC_COUNT; i++)
		buf_printf(&s->out, "%s %llu\n", core.counters[i].name,
		    (unsigned long long)core.counters[i].n);
}

static const struct {
	const char *word;
	int takes; /* a name */
	void (*say)(struct said *s, const char *arg);
} commands[] = {
	{ "list", 0, say_list },
	{ "status", 0, say_status },
	{ "stats", 0, say_stats },
	{ "show", 1, say_show },
	{ "approve", 1, say_approve },
	{ "reject", 1, say_reject },
	{ "ban", 1, say_ban },
	{ "remove", 1, say_remove },
};

static void
obey(struct said *s, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *arg = text + len + (text[len] == ' ');

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i].word) == len && strncmp(commands[i].word, text, len) == 0 &&
		    commands[i].takes == (*arg != '\0')) {
			commands[i].say(s, arg);
			return;
		}
	buf_printf(&s->out, "no such command\n");
	s->failed = 1;
}

/* --- the socket --- */

static void
answer(struct ipc_conn *c, uint32_t id, const struct said *s)
{
	size_t at = 0, len;

	do {
		struct said_rep rep = { .status = s->failed ? ST_FAIL : ST_OK };
		struct buf b = { 0 };

		len = s->out.len - at < STEP ? s->out.len - at : STEP;
		rep.end = at + len == s->out.len;
		buf_put(&b, &rep, sizeof(rep));
		buf_put(&b, s->out.p + at, len);
		ipc_send(c, V_DIRD_SAY, id, b.p, b.len);
		buf_free(&b);
		at += len;
	} while (at < s->out.len);
}

static int
on_say(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct said s = { .failed = 0 };
	struct buf text = { 0 };

	buf_put(&text, body, len);
	obey(&s, buf_cstr(&text));
	answer(c, id, &s);
	buf_free(&text);
	buf_free(&s.out);
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ V_DIRD_SAY, 1, MAX_SAID, on_say },
	{ 0, 0, 0, NULL },
};

void
say_init(void)
{
	int fd = daemon_socket(SOCK_DIRD_CONTROL, 0);

	if (fd != -1)
		ipc_listen(core.role.d.loop, fd, "control", verbs, 4, NULL, NULL);
}
