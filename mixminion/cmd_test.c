/* test: a message to oneself along a path and back, and what came of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "dispatch.h"
#include "infofmt.h"
#include "msghdr.h"
#include "result.h"
#include "testmail.h"
#include "ui.h"

#define BLOCK_LIFETIME (2 * DAY)
#define LOOK_EVERY     1 /* second */

/* What one run of the command works on. */
struct testing {
	const struct cli *cli;
	struct client client;
	struct address to;
	struct path path;
	struct test test; /* the one that is sent */
	struct outbox out;
	int64_t wait; /* seconds */
};

static int
check_usage(struct testing *t)
{
	const struct cli *cli = t->cli;
	int from_stdin = cli->input != NULL && strcmp(cli->input, "-") == 0;
	struct errmsg e;

	if (cli->argc > 1)
		return ui_fail(EX_USAGE, "one path at a time");
	if (cli->argc == 1 && cli->path != NULL)
		return ui_fail(EX_USAGE, "the path stands there twice");
	if (cli->check && (cli->argc > 0 || cli->path != NULL || cli->nto > 0 || cli->wait != NULL))
		return ui_fail(EX_USAGE, "--check sends nothing: it takes -i alone");
	if (cli->nto > 1)
		return ui_fail(EX_USAGE, "a test has one recipient: yourself");
	if (cli->check)
		return 0;
	if ((cli->input != NULL) != (cli->wait != NULL) || from_stdin)
		return ui_fail(EX_USAGE,
		    "--wait=TIME and -i MAILBOX go together; without them, look later with "
		    "--check");
	if (cli->wait != NULL && conv_interval(&t->wait, cli->wait, &e) == -1)
		return ui_fail(EX_USAGE, "--wait: %s", e.s);
	return 0;
}

static int
parse_target(struct testing *t)
{
	const char *text = t->cli->nto > 0 ? t->cli->to[0] : t->client.conf->surb_address;
	struct errmsg e;

	if (text == NULL)
		return ui_fail(EX_USAGE, "where to? Give your address with -t, or SURBAddress");
	if (address_parse(&t->to, text, &e) == -1)
		return ui_fail(t->cli->nto > 0 ? EX_USAGE : EX_CONFIG, "%s%s",
		    t->cli->nto > 0 ? "" : "SURBAddress: ", e.s);
	if (!exit_has_tag(t->to.type))
		return ui_fail(EX_USAGE, "nothing comes back from \"%s\"", text);
	return 0;
}

/* All servers are valid as long as the reply block is. */
static int
find_path(struct testing *t, int64_t until)
{
	const char *text = t->cli->argc > 0 ? t->cli->argv[0] :
	    t->cli->path != NULL ? t->cli->path : t->client.conf->forward_path;
	struct path_target target = { .type = t->to.type,
		.info = t->to.info.p,
		.infolen = t->to.info.len,
		.server = t->to.server[0] != '\0' ? t->to.server : NULL };
	struct path_spec *spec;
	struct buf shown = { 0 };
	struct errmsg e;
	int r;

	spec = path_parse(text, PATH_FORWARD, &e);
	if (spec == NULL)
		return ui_fail(EX_USAGE, "path \"%s\": %s", text, e.s);
	r = path_generate(&t->path, 1, spec, t->client.dir, &target, t->client.now, until,
	    t->client.now, &rng_system, &e);
	path_spec_free(spec);
	if (r == -1)
		return ui_fail(EX_UNAVAILABLE, "%s", e.s);
	path_format(&shown, &t->path);
	(void)strlcpy(t->test.path, buf_cstr(&shown), sizeof(t->test.path));
	buf_free(&shown);
	return 0;
}

static void
new_test(struct testing *t)
{
	uint8_t id[TEST_ID_LEN / 2];

	rng_fill(&rng_system, id, sizeof(id));
	hex_encode(t->test.id, id, sizeof(id));
	rng_fill(&rng_system, t->test.secret, TEST_SECRET_LEN);
	t->test.sent = t->client.now;
}

/* The first leg carries the packet, the second one is the reply block's. */
static int
make_block(struct testing *t, struct surb *block, int64_t until, struct errmsg *e)
{
	struct hop hops[MAX_HOPS];
	const struct path_leg *leg = &t->path.leg[1];

	path_leg_hops(hops, leg);
	return surb_build(block, hops, leg->n, t->to.type, t->to.info.p, t->to.info.len,
	    t->test.secret, TEST_SECRET_LEN, (uint32_t)until, &rng_system, t->test.handle, e);
}

static int
make_packet(struct testing *t, const struct surb *block, struct errmsg *e)
{
	struct packet_sink sink = outbox_sink(&t->out);
	struct msghdrs none = { 0 };
	struct packetized pz;
	struct buf msg = { 0 };
	int r = msghdrs_encode(&msg, &none, e);

	test_text(&msg, &t->test);
	if (r == 0)
		r = packetize(&pz, msg.p, msg.len, 0, NULL, 0, &rng_system, e);
	buf_free(&msg);
	if (r == -1)
		return -1;
	r = outgoing_reply(&sink, &t->path, &block, &pz, e);
	packetized_free(&pz);
	return r;
}

/* What is noted of the test is safe before the packet is. */
static int
build(struct testing *t, int64_t until)
{
	struct surb block;
	struct errmsg e;
	int r;

	if (outbox_open(&t->out, &t->client.home, 0, &e) == -1 ||
	    home_lock(&t->client.home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	r = make_block(t, &block, until, &e);
	if (r == 0)
		r = make_packet(t, &block, &e);
	wipe(&block, sizeof(block));
	if (r == -1)
		r = ui_fail(t->out.failed ? EX_IOERR : EX_UNAVAILABLE, "%s", e.s);
	else if (testlog_put(&t->client.home, &t->test, &e) == -1 ||
	    outbox_commit(&t->out, &e) == -1)
		r = ui_fail(EX_IOERR, "%s", e.s);
	home_unlock(&t->client.home);
	return r;
}

static int
keep(struct testing *t, const struct test *test)
{
	struct errmsg e;
	int r;

	if (home_lock(&t->client.home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	r = testlog_put(&t->client.home, test, &e);
	home_unlock(&t->client.home);
	return r == 0 ? 0 : ui_fail(EX_IOERR, "%s", e.s);
}

/* --- what came back --- */

static void
print(const struct test *t, int64_t now)
{
	char sent[20], took[32];

	fmt_time(sent, t->sent);
	duration_format(took, sizeof(took), (t->back != 0 ? t->back : now) - t->sent);
	if (t->back == 0)
		printf("%s: sent %s UTC along %s: not back yet, after %s\n", t->id, sent, t->path,
		    took);
	else
		printf("%s: sent %s UTC along %s: back after %s, %s\n", t->id, sent, t->path, took,
		    t->intact ? "intact" : "but damaged");
}

static void
print_json(struct json *j, const struct test *t)
{
	json_begin(j, NULL, '{');
	json_string(j, "id", t->id);
	json_string(j, "path", t->path);
	json_number(j, "sent", t->sent);
	json_number(j, "back", t->back);
	json_bool(j, "intact", t->back != 0 && t->intact);
	json_end(j, '{');
}

/* All of them; the exit status is that of the worst. */
static int
report(const struct test *tests, size_t n, int64_t now)
{
	size_t missing = 0, damaged = 0;

	if (result() != NULL)
		json_begin(result(), "tests", '[');
	for (size_t i = 0; i < n; i++) {
		missing += tests[i].back == 0;
		damaged += tests[i].back != 0 && !tests[i].intact;
		ui_status("TEST %s %lld %lld %d", tests[i].id, (long long)tests[i].sent,
		    (long long)tests[i].back, tests[i].back != 0 && tests[i].intact);
		if (result() != NULL)
			print_json(result(), &tests[i]);
		else
			print(&tests[i], now);
	}
	if (result() != NULL)
		json_end(result(), '[');
	if (fflush(stdout) != 0)
		return ui_fail(EX_IOERR, "standard output cannot be written");
	if (damaged > 0)
		return ui_fail(EX_DATAERR, "%zu of %zu tests came back damaged", damaged, n);
	if (missing > 0)
		return ui_fail(EX_TEMPFAIL, "%zu of %zu tests are not back", missing, n);
	return 0;
}

/* 1 if it came. A mailbox that is not there yet has nothing in it. */
static int
look(struct testing *t, uint64_t *seen)
{
	struct testsearch search = { &t->test, 1, time(NULL), 0 };
	uint64_t stamp = mailbox_stamp(t->cli->input);
	struct errmsg e;

	if (stamp == *seen)
		return 0;
	*seen = stamp;
	if (mailbox_each(t->cli->input, testmail_look, &search, &e) == -1)
		ui_verbose("%s", e.s);
	return search.found > 0;
}

static void
show_waiting(int64_t seconds)
{
	char line[80], time[32];

	duration_format(time, sizeof(time), seconds);
	(void)snprintf(line, sizeof(line), "Waiting for the answer: %s", time);
	ui_bar(line);
}

static int
wait_for(struct testing *t)
{
	int64_t waited = 0;
	uint64_t seen = 0;
	int r = 0;

	if (mailbox_stamp(t->cli->input) == 0)
		ui_warn("%s is not there yet: is it where your mail comes to?", t->cli->input);
	while (!look(t, &seen) && waited < t->wait) {
		show_waiting(waited);
		(void)sleep(LOOK_EVERY);
		waited = time(NULL) - t->client.now;
	}
	ui_bar(NULL);
	if (t->test.back != 0)
		r = keep(t, &t->test);
	return r != 0 ? r : report(&t->test, 1, time(NULL));
}

static int
send_one(struct testing *t)
{
	int64_t until = last_midnight(t->client.now + BLOCK_LIFETIME);
	struct buf delay = { 0 };
	size_t left = 0;
	int r;

	new_test(t);
	if ((r = parse_target(t)) != 0 || (r = find_path(t, until)) != 0 ||
	    (r = build(t, until)) != 0)
		return r;
	expect_delay(&delay, &t->out.expect, 0);
	ui_info("Test %s along %s.", t->test.id, t->test.path);
	ui_info("Expected delay: %s.", buf_cstr(&delay));
	buf_free(&delay);
	r = dispatch(&t->client, &t->out, DISPATCH_SEND, &left);
	if (r == 0 && left > 0)
		return ui_fail(EX_TEMPFAIL,
		    "the test has not left: mixminion flush, then mixminion test --check");
	if (r == 0 && t->wait > 0)
		return wait_for(t);
	if (r == 0)
		ui_info("Once the answer is in your mailbox: mixminion test --check -i MAILBOX");
	return r;
}

/* Without the lock while a mailbox is read: it may be long, or come through a pipe. */
static int
check(struct testing *t)
{
	struct testsearch s = { .now = t->client.now };
	struct errmsg e;
	int r;

	if (testlog_list(&t->client.home, s.now, &s.tests, &s.n, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	if (s.n == 0)
		return ui_fail(EX_NOINPUT, "no test was sent in the last week");
	r = mailbox_each(t->cli->input != NULL ? t->cli->input : "-", testmail_look, &s, &e);
	r = r == -1 ? ui_fail(EX_NOINPUT, "%s", e.s) : 0;
	for (size_t i = 0; r == 0 && i < s.n; i++)
		if (s.tests[i].changed)
			r = keep(t, &s.tests[i]);
	if (r == 0)
		r = report(s.tests, s.n, s.now);
	testlog_free(s.tests, s.n);
	return r;
}

int
cmd_test(struct cli *cli)
{
	struct testing t = { .cli = cli };
	int r = check_usage(&t);

	if (r != 0)
		return r;
	r = client_open(&t.client, cli, cli->check ? CLIENT_NO_DIR : CLIENT_FRESH_DIR);
	if (r != 0)
		return r;
	r = cli->check ? check(&t) : send_one(&t);
	outbox_free(&t.out);
	address_free(&t.to);
	wipe(&t.test, sizeof(t.test));
	client_close(&t.client);
	return r;
}
