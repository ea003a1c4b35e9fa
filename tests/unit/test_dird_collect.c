/*
 * What an authority passes on of the votes that it is given, so that nobody can give two. The
 * network, the disk and the election are stand-ins.
 */
#include "../../dird/collect.c"
#include "t.h"

#define N 3 /* a, which we are, b and c */
enum { A, B, C };

struct core core;

/* What is fetched: the question waits for its answer. */
static struct question {
	char url[700];
	void *arg;
} asked[16];
static size_t nasked;
static void (*answered)(void *arg, const struct buf *body, const char *why);

static struct {
	char name[96], text[32];
} published[8];
static size_t npublished;

void
fetcher_get(const char *url, size_t max, int64_t timeout_ms,
    void (*tell)(void *arg, const struct buf *body, const char *why), void *arg)
{
	CHECK(max == DOCUMENT_MAX && timeout_ms > 0 && nasked < 16);
	strlcpy(asked[nasked].url, url, sizeof(asked[0].url));
	asked[nasked++].arg = arg;
	answered = tell;
}

int
publish_gz(const char *name, const void *p, size_t len)
{
	CHECK(npublished < 8);
	strlcpy(published[npublished].name, name, sizeof(published[0].name));
	snprintf(published[npublished++].text, sizeof(published[0].text), "%.*s", (int)len,
	    (const char *)p);
	return 0;
}

/* A vote is "vote of c, one": each that is new is kept. */
static char seen[8][32];
static size_t nseen;

int
election_take_relayed(struct election *e, const char *text, size_t len, int *fresh)
{
	int by = text[8] - 'a';

	*fresh = 1;
	for (size_t i = 0; i < nseen; i++)
		if (strlen(seen[i]) == len && memcmp(seen[i], text, len) == 0)
			*fresh = 0;
	if (*fresh) {
		snprintf(seen[nseen++], sizeof(seen[0]), "%.*s", (int)len, text);
		e->ballot.voters[by].nvotes++;
	}
	return by;
}

int
election_take_vote(struct election *e, size_t who, const char *text, size_t len, int *fresh,
    struct errmsg *why)
{
	int by = election_take_relayed(e, text, len, fresh);

	return (size_t)by == who ? by : err_set(why, "of another");
}

void
election_no_vote(struct election *e, size_t who, const char *why)
{
	CHECK(e != NULL && who < N && why != NULL);
}

void
election_not_signed(struct election *e, size_t who, const char *why)
{
	CHECK(e == NULL && who == N && why == NULL); /* not called */
}

size_t
election_take_signed(struct election *e, size_t who, const char *text, size_t len)
{
	(void)e;
	(void)who;
	(void)text;
	return len;
}

enum upload
core_take(const char *text, size_t len, struct buf *reply)
{
	(void)text;
	(void)len;
	(void)reply;
	return UP_FULL;
}

static void
changed(void)
{
}

/* --- a cycle --- */

static struct election election;
static struct one_voter ballot_voters[N];

static void
begin_cycle(void)
{
	static struct dir_voter voters[N];
	static struct dird_conf conf = { .voters = voters, .nvoters = N, .interval = 86400 };
	static const char *const urls[N] = { "http://a/", "http://b/", "http://c/" };

	for (size_t i = 0; i < N; i++) {
		voters[i].url = (char *)(uintptr_t)urls[i];
		memset(voters[i].fingerprint, (int)i + 1, HASH_LEN);
		ballot_voters[i].nvotes = 0;
	}
	memset(core.counters, 0, sizeof(core.counters));
	core.conf = &conf;
	core.self = A;
	core.role.d.loop = loop_new();
	nasked = npublished = nseen = 0;
	election = (struct election){ .conf = &conf, .cycle = cycle_at(1800000000, 86400) };
	election.ballot.voters = ballot_voters;
	collect_votes(&election, changed);
	start_round(NULL);
	CHECK(nasked == 4);
}

static void
end_cycle(void)
{
	collect_stop();
	loop_timer_free(now.round);
	now.round = NULL;
	loop_free(core.role.d.loop);
}

/* from answers what it was asked for: the vote of whose. */
static void
answer(size_t from, size_t whose, const char *text)
{
	struct buf gz = { 0 };
	size_t i = 0;

	for (; i < nasked; i++) {
		const struct target *t = asked[i].arg;
		if (t != NULL && t->from == from && t->whose == whose)
			break;
	}
	CHECK(i < nasked);
	directory_gzip(&gz, text, strlen(text));
	answered(asked[i].arg, &gz, NULL);
	asked[i].arg = NULL;
	buf_free(&gz);
}

static void
drop_questions(void)
{
	for (size_t i = 0; i < nasked; i++)
		free(asked[i].arg);
}

static void
test_passed_on(void)
{
	begin_cycle();
	answer(B, B, "vote of b, one");
	answer(C, C, "vote of c, one");
	CHECK(npublished == 2);
	CHECK(strstr(published[0].name, "-vote-0202") && strstr(published[1].name, "-vote-0303"));
	CHECK_STR(published[1].text, "vote of c, one");
	answer(B, C, "vote of c, one");
	CHECK(npublished == 2 && election.ballot.voters[C].nvotes == 1);
	drop_questions();
	end_cycle();
}

/*
 * c gives b another vote, and us, later, its second: what b was given must not go out as what we
 * were given, or b would never hear of the second.
 */
static void
test_two_votes(void)
{
	begin_cycle();
	answer(B, C, "vote of c, one");
	CHECK(npublished == 0);
	answer(C, C, "vote of c, two");
	CHECK(npublished == 1 && election.ballot.voters[C].nvotes == 2);
	CHECK_STR(published[0].text, "vote of c, two");
	drop_questions();
	end_cycle();
}

/* The one that all were given is passed on also where it came by another way first. */
static void
test_relayed_first(void)
{
	begin_cycle();
	answer(B, C, "vote of c, one");
	answer(C, C, "vote of c, one");
	CHECK(npublished == 1);
	drop_questions();
	end_cycle();
}

TESTS(T(test_passed_on), T(test_two_votes), T(test_relayed_first))
