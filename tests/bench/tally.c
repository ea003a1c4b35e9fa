/*
 * One evening of an authority: its own vote of 10,000 servers, four others' as they are fetched,
 * the consensus, signed and compressed. Every vote leaves some servers out.
 */
#include <stdio.h>
#include <string.h>

#include "../../dird/election.h"
#include "../../dird/vote.h"
#include "servers.h"
#include "directory.h"
#include "log.h"

#define VOTERS	 5
#define LEFT_OUT 50 /* voter i leaves out every 50th server, from the i-th on */

static struct {
	struct rsakey *keys[VOTERS];
	struct dird_conf *conf;
	struct buf votes[VOTERS]; /* as fetched; not ours */
	struct buf list; /* what the store holds */
} t;

static struct cycle
the_cycle(void)
{
	return cycle_at(BENCH_NOW, t.conf->interval);
}

static void
make_clique(void)
{
	struct buf text = { 0 };
	struct errmsg e;

	buf_str(&text, "[Directory]\nBaseDir: /nowhere\nURL: http://a.example/\n[Voting]\n");
	for (int i = 0; i < VOTERS; i++) {
		uint8_t id[HASH_LEN];
		char hex[2 * HASH_LEN + 1];

		t.keys[i] = rsakey_generate(2048);
		rsakey_keyid(t.keys[i], id);
		hex_upper(hex, id, HASH_LEN);
		buf_printf(&text, "Authority: %s http://%c.example/\n", hex, 'a' + i);
	}
	t.conf = dconf_parse("bench", (const char *)text.p, text.len, NULL, &e);
	if (t.conf == NULL)
		fatalx("the clique: %s", e.s);
	buf_free(&text);
}

static void
sign(struct buf *out, int who, const struct buf *body)
{
	directory_sign(out, (const char *)body->p, body->len, t.keys[who], &rng_system);
	buf_put(out, body->p, body->len);
}

static void
make_vote(int who)
{
	static const struct desc *listed[BENCH_SERVERS];
	const struct cycle c = the_cycle();
	struct dir_params p = { .status = DIR_VOTE, .valid_after = cycle_valid_after(&c),
		.valid_until = cycle_valid_after(&c) + BENCH_DAY, .voters = t.conf->voters,
		.nvoters = VOTERS, .servers = listed };
	struct buf body = { 0 }, text = { 0 };

	for (size_t i = 0; i < BENCH_SERVERS; i++)
		if (i % LEFT_OUT != (size_t)who)
			listed[p.nservers++] = bench_servers()[i];
	directory_format(&body, &p);
	sign(&text, who, &body);
	directory_gzip(&t.votes[who], text.p, text.len);
	buf_free(&body);
	buf_free(&text);
}

static void
setup(void)
{
	make_clique();
	for (int i = 1; i < VOTERS; i++)
		make_vote(i);
	for (size_t i = 0; i < BENCH_SERVERS; i++)
		buf_put(&t.list, bench_servers()[i]->text, bench_servers()[i]->textlen);
}

/* What an authority has in memory before the evening. */
static void
fill(struct store *st)
{
	st->dirfd = -1;
	for (size_t i = 0, at = 0; i < BENCH_SERVERS; i++) {
		size_t len = bench_servers()[i]->textlen;
		struct desc *d = desc_parse((char *)t.list.p + at, len, BENCH_NOW, NULL);

		if (d == NULL || store_add(st, d, SRV_APPROVED, BENCH_NOW, NULL) == NULL)
			fatalx("the store");
		at += len;
	}
}

static void
vote(struct election *el, const struct store *st)
{
	struct buf body = { 0 }, text = { 0 };
	struct errmsg e;

	vote_format(&body, st, t.conf, NULL, &el->cycle);
	sign(&text, 0, &body);
	if (election_voted(el, (char *)text.p, text.len, &e) == -1)
		fatalx("our vote: %s", e.s);
	buf_free(&body);
	buf_free(&text);
}

static void
take(struct election *el, size_t who)
{
	struct buf text = { 0 };
	struct errmsg e;
	int fresh;

	if (directory_gunzip(&text, t.votes[who].p, t.votes[who].len, &e) == -1 ||
	    election_take_vote(el, who, (char *)text.p, text.len, &fresh, &e) == -1)
		fatalx("a vote: %s", e.s);
	buf_free(&text);
}

static void
tally(struct election *el)
{
	struct buf body = { 0 }, section = { 0 }, text = { 0 }, gz = { 0 };
	struct errmsg e;

	if (election_tally(el, &body, &e) == -1)
		fatalx("the consensus: %s", e.s);
	directory_sign(&section, (char *)body.p, body.len, t.keys[0], &rng_system);
	if (election_signed(el, &body, (char *)section.p, section.len, &e) == -1)
		fatalx("the signature: %s", e.s);
	signed_format(&text, &el->ours);
	directory_gzip(&gz, text.p, text.len);
	for (size_t i = 0; i < 4; i++)
		buf_free((struct buf *[]){ &body, &section, &text, &gz }[i]);
}

static double
evening(const void *arg)
{
	const struct cycle c = the_cycle();
	struct election el;
	struct store st = { .v = NULL };
	double start;

	(void)arg;
	fill(&st);
	start = bench_now();
	election_begin(&el, t.conf, 0, &c);
	vote(&el, &st);
	for (size_t i = 1; i < VOTERS; i++)
		take(&el, i);
	tally(&el);
	return bench_now() - start;
}

double
tally_rate(void)
{
	struct bench_answer a;

	if (t.conf == NULL)
		setup();
	bench_pin(1);
	a = bench_apart(evening, NULL);
	bench_pin(0);
	fprintf(stderr, "five votes counted in %.2f s, %ld MB of memory\n", a.seconds,
	    a.kb / 1024);
	return BENCH_SERVERS / a.seconds;
}
