/* send and queue. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "address.h"
#include "client.h"
#include "dispatch.h"
#include "log.h"
#include "message.h"
#include "pubkey.h"
#include "surbfile.h"
#include "ui.h"

/* What one run of the command works on. */
struct sending {
	const struct cli *cli;
	struct client client;
	struct address to;
	struct surbs surbs;
	struct route route;
	struct buf msg; /* headers and body */
	struct rsakey *key; /* --encrypt-to, or NULL */
	struct outbox out;
	struct errmsg why; /* of what failed last */
};

static int
check_usage(const struct cli *cli)
{
	int stdin_surb = 0;

	if (strcmp(cli->name, "queue") == 0 && cli->no_queue)
		return ui_fail(EX_USAGE, "queue cannot take --no-queue");
	if (cli->nto == 0 && cli->nreply == 0)
		return ui_fail(
		    EX_USAGE, "no recipient: give one with -t, or a reply block with -R");
	if (cli->nto != 0 && cli->nreply != 0)
		return ui_fail(EX_USAGE, "-t and -R exclude one another");
	if (cli->nreply != 0 && cli->encrypt_to != NULL)
		return ui_fail(EX_USAGE,
		    "--encrypt-to and -R exclude one another: answers are encrypted already");
	for (size_t i = 0; i < cli->nreply; i++)
		stdin_surb |= cli->reply[i].file != NULL && strcmp(cli->reply[i].file, "-") == 0;
	if (stdin_surb && (cli->input == NULL || strcmp(cli->input, "-") == 0))
		return ui_fail(EX_USAGE,
		    "message and reply block cannot both come from standard input: use -i FILE");
	return 0;
}

static int
parse_path(struct sending *s)
{
	int reply = s->cli->nreply != 0;
	const struct client_conf *conf = s->client.conf;
	const char *text = s->cli->path;
	struct errmsg e;

	if (text == NULL)
		text = reply ? conf->reply_path : conf->forward_path;
	s->route.spec = path_parse(text, reply ? PATH_REPLY : PATH_FORWARD, &e);
	if (s->route.spec == NULL)
		return ui_fail(EX_USAGE, "path \"%s\": %s", text, e.s);
	s->route.dir = s->client.dir;
	s->route.now = s->client.now;
	s->route.until = last_midnight(s->client.now + DAY);
	/* What is encrypted, the exit does not see. */
	s->route.has_from = s->cli->from != NULL && s->cli->encrypt_to == NULL;
	return 0;
}

/* Used twice, a block links what was sent with it and may give its maker away. */
static int
ask_about_foreign(void)
{
	static const char what[] = "UserDir/surbs/log is another program's, which may have used "
				   "these reply blocks";
	int yes;

	ui_warn("%s", what);
	yes = ui_confirm("Use them all the same? [y/N] ");
	if (yes == 1)
		return 0;
	return ui_fail(EX_DATAERR, "%s%s", what, yes == -1 ? ": -F uses them all the same" : "");
}

/* There is a block that can be used at all: asked before a message is typed for nothing. */
static int
check_surbs(struct sending *s)
{
	const struct surb *one;
	struct surblog l;
	struct errmsg e;
	size_t n;
	int foreign;

	if (home_lock(&s->client.home, &e) == -1 ||
	    surblog_open(&l, &s->client.home, s->client.now, &e) == -1) {
		home_unlock(&s->client.home);
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	}
	n = surbs_usable(&s->surbs, &l, s->client.now, &one, 1, 0);
	foreign = l.foreign;
	surblog_close(&l);
	home_unlock(&s->client.home);
	if (n == 0)
		return ui_fail(EX_DATAERR, "no reply block is left: all were used or have expired");
	return foreign && !s->cli->force ? ask_about_foreign() : 0;
}

/* Everything that can be found wrong before the message is read. */
static int
prepare(struct sending *s)
{
	struct errmsg e;
	int r;

	if ((r = parse_path(s)) != 0)
		return r;
	if (s->cli->nreply != 0) {
		if ((r = surbs_read_all(&s->surbs, s->cli)) != 0)
			return r;
		return check_surbs(s);
	}
	if (outgoing_check(&s->route, &s->to, &e) == -1)
		return ui_fail(EX_UNAVAILABLE, "%s", e.s);
	return 0;
}

static int
read_key(struct sending *s)
{
	struct errmsg e;

	if (s->cli->encrypt_to == NULL)
		return 0;
	if (!exit_has_tag(s->to.type))
		return ui_fail(EX_USAGE, "what goes to such an address cannot be encrypted");
	s->key = pubkey_read(s->cli->encrypt_to, &e);
	return s->key != NULL ? 0 : ui_fail(EX_NOINPUT, "%s", e.s);
}

/* After what outgoing_forward or outgoing_reply has given: the packets made safe. */
static int
settle(struct sending *s, int made)
{
	struct errmsg *e = &s->why;

	if (made == 0 && outbox_commit(&s->out, e) == 0)
		return 0;
	return ui_fail(s->out.failed ? EX_IOERR : EX_UNAVAILABLE, "%s", e->s);
}

static int
build_forward(struct sending *s)
{
	int dummy = s->to.type == RT_DROP;
	struct packet_sink sink = outbox_sink(&s->out);
	int r;

	if (!dummy && (r = message_body(&s->msg, s->cli)) != 0)
		return r;
	if (home_lock(&s->client.home, &s->why) == -1)
		return ui_fail(EX_CANTCREAT, "%s", s->why.s);
	r = settle(s, outgoing_forward(&sink, &s->route, &s->to, dummy ? NULL : &s->msg,
		s->cli->deliver_fragments, s->key, &s->why));
	home_unlock(&s->client.home);
	return r;
}

/*
 * Blocks are marked, on disk, before the first packet is made with them: none is ever used twice.
 */
static int
mark_and_build(struct sending *s, struct surblog *l, struct path *paths,
    const struct surb *const *chosen, const struct packetized *pz)
{
	struct packet_sink sink = outbox_sink(&s->out);

	for (size_t i = 0; i < pz->n; i++)
		if (surblog_mark(l, chosen[i], &s->why) == -1)
			return ui_fail(EX_IOERR, "%s", s->why.s);
	return settle(s, outgoing_reply(&sink, paths, chosen, pz, &s->why));
}

static int
choose_and_build(struct sending *s, struct surblog *l, const struct packetized *pz)
{
	const struct surb **chosen = calloc(pz->n, sizeof(*chosen));
	struct path *paths = calloc(pz->n, sizeof(*paths));
	size_t have;
	int r;

	if (chosen == NULL || paths == NULL)
		fatal("calloc");
	have = surbs_usable(&s->surbs, l, s->client.now, chosen, pz->n, 1);
	if (have < pz->n)
		r = ui_fail(EX_DATAERR, "the message takes %zu reply blocks, and %zu can be used",
		    pz->n, have);
	else if (outgoing_reply_paths(paths, &s->route, chosen, pz->n, &s->why) == -1)
		r = ui_fail(EX_UNAVAILABLE, "%s", s->why.s);
	else
		r = mark_and_build(s, l, paths, chosen, pz);
	free(chosen);
	free(paths);
	return r;
}

static int
build_reply(struct sending *s)
{
	struct packetized pz;
	struct surblog l;
	int r;

	if ((r = message_body(&s->msg, s->cli)) != 0)
		return r;
	if (packetize(&pz, s->msg.p, s->msg.len, 0, NULL, 0, &rng_system, &s->why) == -1)
		return ui_fail(EX_DATAERR, "%s", s->why.s);
	if (home_lock(&s->client.home, &s->why) == -1 ||
	    surblog_open(&l, &s->client.home, s->client.now, &s->why) == -1) {
		r = ui_fail(EX_CANTCREAT, "%s", s->why.s);
	} else {
		r = choose_and_build(s, &l, &pz);
		surblog_close(&l);
	}
	home_unlock(&s->client.home);
	packetized_free(&pz);
	return r;
}

/* What the sender should know before anything leaves. */
static void
tell(const struct sending *s)
{
	expect_say(&s->out.expect, s->cli->nreply != 0 ? HIDES_REPLY :
	    s->to.type == RT_DROP ? HIDES_NOTHING :
	    s->key != NULL ? HIDES_TEXT : HIDES_SENDER);
}

static enum dispatch_how
how(const struct cli *cli)
{
	if (cli->queue || strcmp(cli->name, "queue") == 0)
		return DISPATCH_QUEUE;
	return cli->no_queue ? DISPATCH_NOW : DISPATCH_SEND;
}

static int
run(struct sending *s)
{
	int r;

	if ((r = check_usage(s->cli)) != 0 || (r = address_parse_all(&s->to, s->cli)) != 0 ||
	    (r = message_headers(&s->msg, s->cli)) != 0 ||
	    (r = read_key(s)) != 0 ||
	    (r = client_open(&s->client, s->cli, CLIENT_FRESH_DIR)) != 0 || (r = prepare(s)) != 0)
		return r;
	if (outbox_open(&s->out, &s->client.home, s->cli->no_queue, &s->why) == -1)
		return ui_fail(EX_CANTCREAT, "%s", s->why.s);
	r = s->cli->nreply != 0 ? build_reply(s) : build_forward(s);
	if (r != 0)
		return r;
	tell(s);
	return dispatch(&s->client, &s->out, how(s->cli), NULL);
}

int
cmd_send(struct cli *cli)
{
	struct sending s = { .cli = cli };
	int r;

	s.client.home.lock_fd = -1;
	r = run(&s);
	outbox_free(&s.out);
	buf_wipe(&s.msg);
	surbs_free(&s.surbs);
	rsakey_free(s.key);
	address_free(&s.to);
	if (s.route.spec != NULL)
		path_spec_free(s.route.spec);
	client_close(&s.client);
	return r;
}
