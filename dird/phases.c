/*
 * The cycle by the clock (dir-spec 7): a vote, the others' votes, the consensus, signatures,
 * publication. A process that starts in the middle of a cycle takes it up where it is.
 */
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "vote.h"

#define CHECK_MS 10000 /* a clock that is set is noticed after so long */

/* Skipped: we came too late to vote and to count. */
enum phase { PH_BEFORE, PH_VOTED, PH_COLLECTING, PH_TALLIED, PH_SKIPPED };

static struct {
	struct election e;
	enum phase phase;
	struct loop_timer *timer, *raw;
} ph;

static void
name_of(char *name, size_t size, const char *suffix)
{
	char cycle[CYCLE_NAME_LEN];

	cycle_name(cycle, &ph.e.cycle);
	snprintf(name, size, "%s%s", cycle, suffix);
}

/* --- voting --- */

/* The vote that we published before we were started again: there must be no second one. */
static int
take_up_vote(const char *name)
{
	struct buf text = { 0 };
	int rc = publish_read(name, &text);

	if (rc == 0)
		rc = election_voted(&ph.e, (const char *)text.p, text.len, NULL);
	buf_free(&text);
	return rc;
}

static void
take_up_votes_of_others(void)
{
	char suffix[64], name[96], hex[2 * HASH_LEN + 1];
	int fresh;

	for (size_t i = 0; i < core.conf->nvoters; i++) {
		struct buf text = { 0 };

		hex_upper(hex, core.conf->voters[i].fingerprint, HASH_LEN);
		snprintf(suffix, sizeof(suffix), "-vote-%s", hex);
		name_of(name, sizeof(name), suffix);
		if (i != core.self && publish_read(name, &text) == 0)
			election_take_relayed(
			    &ph.e, (const char *)text.p, text.len, &fresh);
		buf_free(&text);
	}
}

/* What we signed before we were started again. */
static int
take_up_signed(void)
{
	struct buf text = { 0 };
	struct signed_doc doc;
	char name[64];
	int rc;

	name_of(name, sizeof(name), "");
	rc = publish_read(name, &text);
	if (rc == 0)
		rc = signed_parse(&doc, (const char *)text.p, text.len, NULL);
	buf_free(&text);
	if (rc == -1)
		return -1;
	if (!signed_by(&doc, core.conf->voters[core.self].fingerprint) ||
	    !cycle_marked((const char *)doc.body.p, doc.body.len, &ph.e.cycle)) {
		signed_free(&doc);
		return -1;
	}
	ph.e.ours = doc;
	ph.e.tallied = 1;
	return 0;
}

static int
make_vote(struct buf *text, struct errmsg *e)
{
	struct buf body = { 0 };
	struct reliability r;
	int have = core_reliability(&r), rc;

	vote_format(&body, &core.store, core.conf, have ? &r : NULL, &ph.e.cycle);
	if (have)
		reliability_free(&r);
	rc = signer_sign(text, &body, 0, e);
	buf_put(text, body.p, body.len);
	buf_free(&body);
	return rc == 0 ? election_voted(&ph.e, (const char *)text->p, text->len, e) : -1;
}

static void
cast_vote(void)
{
	struct buf text = { 0 };
	struct errmsg e;
	char name[64];

	name_of(name, sizeof(name), "-vote");
	store_expire(&core.store, daemon_now());
	if (take_up_vote(name) == -1) {
		if (make_vote(&text, &e) == -1)
			log_errorx("we do not vote: %s", e.s);
		else
			publish_gz(name, text.p, text.len);
	}
	buf_free(&text);
	ph.phase = PH_VOTED;
}

/* --- the consensus --- */

static void
publish_signed(void)
{
	struct buf text = { 0 };
	char name[64];

	name_of(name, sizeof(name), "");
	signed_format(&text, &ph.e.ours);
	publish_gz(name, text.p, text.len);
	buf_free(&text);
}

/* Signs a body, which is taken over, as ours. */
static int
sign_ours(struct buf *body)
{
	struct buf section = { 0 };
	struct errmsg e;
	int rc = signer_sign(&section, body, 0, &e);

	if (rc == 0)
		rc = election_signed(
		    &ph.e, body, (const char *)section.p, section.len, &e);
	if (rc == -1)
		log_errorx("the directory is not signed: %s", e.s);
	else
		publish_signed();
	buf_free(&section);
	buf_free(body);
	return rc;
}

/* A process that was started in the middle of a cycle goes on where the last one was. */
static void
take_up(void)
{
	char name[64];

	name_of(name, sizeof(name), "-vote");
	if (role_now_ms() < cycle_when(&ph.e.cycle, CYCLE_VOTE))
		return;
	if (take_up_vote(name) == 0)
		ph.phase = PH_VOTED;
	take_up_votes_of_others();
	if (take_up_signed() == 0) {
		ph.phase = PH_TALLIED;
		collect_signatures(&ph.e, publish_signed);
	}
}

static void
tally(void)
{
	struct buf body = { 0 };
	struct errmsg e;

	ph.phase = PH_TALLIED;
	if (election_tally(&ph.e, &body, &e) == 0)
		sign_ours(&body);
	else
		log_errorx("no consensus can be computed: %s", e.s);
	collect_signatures(&ph.e, publish_signed);
}

static void
plan(void);

static void
vote_came(void)
{
	if (ph.phase != PH_COLLECTING || !ballot_complete(&ph.e.ballot) || !collect_votes_done())
		return;
	tally();
	plan();
}

/* --- publication --- */

/* The old format has the same servers, recommendations and dates, and one signature: ours. */
static void
publish_old(const struct buf *text)
{
	struct directory *d =
	    directory_parse((const char *)text->p, text->len, INT64_MAX / 4, NULL);
	struct dir_params p;
	struct buf stub = { 0 }, lines = { 0 }, out = { 0 };
	struct errmsg e;
	const char *at;

	if (d == NULL)
		return;
	p = (struct dir_params){ .published = daemon_now(), .valid_after = d->valid_after,
		.valid_until = d->valid_until,
		.recommended = (const char *const *)d->recommended, .nrecommended = d->nrecommended,
		.clients = (const char *const *)d->clients, .nclients = d->nclients,
		.servers_sw = (const char *const *)d->servers_sw, .nservers_sw = d->nservers_sw,
		.servers = (const struct desc *const *)d->servers, .nservers = d->nservers };
	directory_format_old_stub(&stub, &p, core.identity);
	if (signer_sign(&lines, &stub, 1, &e) == -1) {
		log_errorx("the directory in the old format stays as it was: %s", e.s);
	} else {
		at = strstr(buf_cstr(&stub), DIRECTORY_OLD_UNSIGNED);
		buf_put(&out, stub.p, (size_t)(at - (const char *)stub.p));
		buf_put(&out, lines.p, lines.len);
		buf_str(&out, at + strlen(DIRECTORY_OLD_UNSIGNED));
		publish_old_gz(out.p, out.len);
	}
	directory_free(d);
	buf_free(&stub);
	buf_free(&lines);
	buf_free(&out);
}

static void
say_outcome(void)
{
	const char *p, *lf;
	enum outcome o = election_outcome(&ph.e);

	core.counters[o <= OUT_MAJORITY ? CC_CONSENSUS : CC_NO_CONSENSUS].n++;
	buf_reset(&core.report);
	election_report(&ph.e, &core.report);
	for (p = buf_cstr(&core.report); (lf = strchr(p, '\n')) != NULL; p = lf + 1) {
		if (o == OUT_FULL) {
			log_info("%.*s", (int)(lf - p), p);
			break;
		}
		log_warnx("%.*s", (int)(lf - p), p);
	}
}

static void
publish(void)
{
	struct buf body = { 0 }, text = { 0 };

	collect_stop();
	if (election_fallback(&ph.e, &body) && sign_ours(&body) == -1)
		log_errorx("the directory of the day before stays");
	signed_format(&text, &ph.e.ours);
	if (ph.e.ours.nsigs > 0) {
		publish_gz("current", text.p, text.len);
		if (core.conf->old_format)
			publish_old(&text);
	}
	buf_free(&text);
	say_outcome();
	publish_expire(daemon_now());
	publish_page();
}

static void
next_cycle(void)
{
	struct cycle c = cycle_at(role_now_ms() / 1000, core.conf->interval);

	election_end(&ph.e);
	election_begin(&ph.e, core.conf, core.self, &c);
	ph.phase = PH_BEFORE;
}

/* --- the clock --- */

static int
due(enum cycle_time t)
{
	return role_now_ms() >= cycle_when(&ph.e.cycle, t);
}

static void
wait_for(enum cycle_time t)
{
	int64_t ms = cycle_when(&ph.e.cycle, t) - role_now_ms();

	loop_timer_set(ph.timer, ms < 0 ? 0 : ms > CHECK_MS ? CHECK_MS : ms);
}

static void
plan(void)
{
	static const enum cycle_time next[] = { [PH_BEFORE] = CYCLE_VOTE,
		[PH_VOTED] = CYCLE_COLLECT, [PH_COLLECTING] = CYCLE_TALLY,
		[PH_TALLIED] = CYCLE_PUBLISH, [PH_SKIPPED] = CYCLE_PUBLISH };

	wait_for(next[ph.phase]);
}

/* A clock that was set back or far ahead: this cycle is another one's. */
static int
clock_was_set(void)
{
	int64_t away = ph.e.cycle.end * 1000 - role_now_ms();

	return away > ph.e.cycle.interval * 1000 || away < -ph.e.cycle.interval * 1000;
}

static void
step(void *arg)
{
	(void)arg;
	if (clock_was_set()) {
		log_warnx("the clock was set: the cycle begins anew");
		collect_stop();
		next_cycle();
	}
	if (ph.phase < PH_COLLECTING && due(CYCLE_TALLY)) {
		ph.phase = PH_SKIPPED;
		log_info("too late for the directory that is being made: in the next one again");
	}
	if (ph.phase == PH_BEFORE && due(CYCLE_VOTE))
		cast_vote();
	if (ph.phase == PH_VOTED && due(CYCLE_COLLECT)) {
		ph.phase = PH_COLLECTING;
		collect_votes(&ph.e, vote_came);
		vote_came(); /* alone: there is nothing to wait for */
	}
	if (ph.phase == PH_COLLECTING && due(CYCLE_TALLY))
		tally();
	if (ph.phase == PH_TALLIED && due(CYCLE_PUBLISH)) {
		publish();
		next_cycle();
	} else if (ph.phase == PH_SKIPPED && due(CYCLE_PUBLISH)) {
		next_cycle();
	}
	plan();
}

static void
fetch_lists(void *arg)
{
	int64_t ms = core.conf->interval * 1000 / 24;

	(void)arg;
	collect_raw_lists();
	loop_timer_set(ph.raw, ms < 1000 ? 1000 : ms);
}

void
phases_init(void)
{
	struct cycle c = cycle_at(role_now_ms() / 1000, core.conf->interval);

	ph.timer = loop_timer(core.role.d.loop, step, NULL);
	ph.raw = loop_timer(core.role.d.loop, fetch_lists, NULL);
	election_begin(&ph.e, core.conf, core.self, &c);
	take_up();
	loop_timer_set(ph.timer, 0);
	if (core.conf->nvoters > 1)
		loop_timer_set(ph.raw, 1000);
}

void
phases_report(struct buf *out)
{
	static const char *const words[] = { [PH_BEFORE] = "before the vote", [PH_VOTED] = "voted",
		[PH_COLLECTING] = "collecting votes", [PH_TALLIED] = "collecting signatures",
		[PH_SKIPPED] = "without us, who were started too late" };
	char name[CYCLE_NAME_LEN];

	cycle_name(name, &ph.e.cycle);
	buf_printf(out, "The directory of %s: %s; %zu of %zu votes, %zu signatures.\n", name,
	    words[ph.phase], ballot_count(&ph.e.ballot), core.conf->nvoters, ph.e.ours.nsigs);
	if (core.report.len > 0)
		buf_printf(out, "\nThe last one:\n%s", buf_cstr(&core.report));
}
