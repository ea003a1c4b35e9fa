/*
 * Cliques of authorities in one process: votes and signatures go round as documents, in any order,
 * with all that may go wrong on the way (dir-spec 7).
 */
#include "dird_world.h"

#include "../../dird/election.h"
#include "../../dird/vote.h"
#include "directory.h"

#define MAX_N 5

struct world {
	size_t n;
	struct dird_conf *conf[MAX_N];
	struct store store[MAX_N];
	struct election el[MAX_N];
	struct buf vote[MAX_N]; /* signed text */
	struct cycle cycle;
};

static void
setup(struct world *w, size_t n, const char *interval)
{
	*w = (struct world){ .n = n };
	for (size_t i = 0; i < n; i++) {
		w->conf[i] = world_conf(n, interval,
		    "ClientVersions: 0.0.8, 1.0\nServerVersions: 1.0\n");
		w->store[i].dirfd = -1;
	}
	w->cycle = cycle_at(NOW, w->conf[0]->interval);
	for (size_t i = 0; i < n; i++)
		election_begin(&w->el[i], w->conf[i], i, &w->cycle);
}

static void
teardown(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		election_end(&w->el[i]);
		store_free(&w->store[i]);
		dconf_free(w->conf[i]);
		buf_free(&w->vote[i]);
	}
}

/* Authority who knows the server; identities are the keys behind those of the authorities. */
static void
knows(struct world *w, size_t who, const char *nickname, size_t identity)
{
	CHECK(store_add(&w->store[who], world_desc(nickname, MAX_N + identity, 0, 30, 60),
		  SRV_APPROVED, NOW, NULL) != NULL);
}

static void
everyone_knows(struct world *w, const char *nickname, size_t identity)
{
	struct desc *d = world_desc(nickname, MAX_N + identity, 0, 30, 60);

	for (size_t i = 0; i < w->n; i++)
		CHECK(store_add(&w->store[i], desc_parse(d->text, d->textlen, INT64_MAX / 4, NULL),
			  SRV_APPROVED, NOW, NULL) != NULL);
	desc_free(d);
}

static void
sign(struct buf *out, size_t who, const struct buf *body)
{
	directory_sign(out, (const char *)body->p, body->len, key(who), &rng_system);
}

/* The vote of the store, as who would sign it. */
static void
make_vote(struct buf *text, struct world *w, size_t who, const struct store *st,
    const struct dird_conf *conf, const struct cycle *c)
{
	struct buf body = { 0 };

	vote_format(&body, st, conf, NULL, c);
	buf_reset(text);
	sign(text, who, &body);
	buf_put(text, body.p, body.len);
	buf_free(&body);
	(void)w;
}

static void
vote(struct world *w, size_t who)
{
	struct errmsg e = { "" };

	make_vote(&w->vote[who], w, who, &w->store[who], w->conf[who], &w->cycle);
	CHECK(election_voted(&w->el[who], (char *)w->vote[who].p, w->vote[who].len, &e) == 0);
	CHECK_STR(e.s, "");
}

/* to fetches the vote of from, from the server of via. */
static int
give(struct world *w, size_t from, size_t via, size_t to, const struct buf *text)
{
	int fresh;

	(void)via;
	return election_take_vote(&w->el[to], from, (const char *)text->p, text->len, &fresh, NULL);
}

static void
tally(struct world *w, size_t who)
{
	struct buf body = { 0 }, section = { 0 };
	struct errmsg e;

	if (election_tally(&w->el[who], &body, &e) == 0) {
		sign(&section, who, &body);
		CHECK(election_signed(&w->el[who], &body, (char *)section.p, section.len, &e) == 0);
	}
	buf_free(&section);
	buf_free(&body);
}

static size_t
give_signed(struct world *w, size_t from, size_t to)
{
	struct buf text = { 0 };
	size_t n = 0;

	signed_format(&text, &w->el[from].ours);
	if (text.len > 0)
		n = election_take_signed(&w->el[to], from, (char *)text.p, text.len);
	buf_free(&text);
	return n;
}

static void
publish(struct world *w, size_t who)
{
	struct buf body = { 0 }, section = { 0 };

	if (election_fallback(&w->el[who], &body)) {
		sign(&section, who, &body);
		CHECK(election_signed(&w->el[who], &body, (char *)section.p, section.len, NULL) ==
		    0);
	}
	buf_free(&section);
	buf_free(&body);
}

/* Bits: authority i is up. Everything between those that are. order: where each begins. */
static void
run(struct world *w, unsigned up, size_t order)
{
#define UP(i) ((up >> (i)) & 1)
	size_t n = w->n;

	for (size_t i = 0; i < n; i++)
		if (UP(i) && w->vote[i].len == 0)
			vote(w, i);
	for (size_t to = 0; to < n; to++)
		for (size_t k = 0; k < n; k++) {
			size_t from = (k + order * (to + 1)) % n;

			if (UP(to) && UP(from) && from != to)
				give(w, from, from, to, &w->vote[from]);
		}
	for (size_t i = 0; i < n; i++)
		if (UP(i))
			tally(w, i);
	for (size_t to = 0; to < n; to++)
		for (size_t k = 0; k < n; k++) {
			size_t from = (k + order) % n;

			if (UP(to) && UP(from) && from != to)
				give_signed(w, from, to);
		}
	for (size_t i = 0; i < n; i++)
		if (UP(i))
			publish(w, i);
}

static struct buf
text_of(const struct world *w, size_t who)
{
	struct buf text = { 0 };

	signed_format(&text, &w->el[who].ours);
	buf_cstr(&text);
	return text;
}

static int
same_text(const struct world *w, size_t a, size_t b)
{
	struct buf x = text_of(w, a), y = text_of(w, b);
	int same = x.len == y.len && x.len > 0 && memcmp(x.p, y.p, x.len) == 0;

	buf_free(&x);
	buf_free(&y);
	return same;
}

/* Would a client that trusts all of the clique take it (on the day of the cycle)? */
static int
client_takes(const struct world *w, size_t who)
{
	uint8_t trusted[MAX_N][HASH_LEN];
	struct buf text = text_of(w, who);
	struct directory *d;
	int ok;

	for (size_t i = 0; i < w->n; i++)
		memcpy(trusted[i], w->conf[0]->voters[i].fingerprint, HASH_LEN);
	d = directory_parse((char *)text.p, text.len, w->cycle.end, NULL);
	ok = d != NULL && directory_check(d, (const uint8_t(*)[HASH_LEN])trusted, w->n,
			      w->cycle.end, 0, NULL) == 0;
	directory_free(d);
	buf_free(&text);
	return ok;
}

static int
lists(const struct world *w, size_t who, const char *nickname)
{
	struct buf text = text_of(w, who);
	char line[64];
	int found;

	snprintf(line, sizeof(line), "\nNickname: %s\n", nickname);
	found = text.len > 0 && strstr((char *)text.p, line) != NULL;
	buf_free(&text);
	return found;
}

static int
reports(const struct world *w, size_t who, const char *what)
{
	struct buf text = { 0 };
	int found;

	election_report(&w->el[who], &text);
	found = strstr(buf_cstr(&text), what) != NULL;
	if (!found)
		printf("# %s\n# lacks: %s\n", buf_cstr(&text), what);
	buf_free(&text);
	return found;
}

/* --- tests --- */

static void
test_all_publish_the_same_octets(void)
{
	for (size_t order = 0; order < 3; order++) {
		struct world w;

		setup(&w, 3, "1 day");
		everyone_knows(&w, "Alice", 0);
		everyone_knows(&w, "Bob", 1);
		run(&w, 7, order);
		for (size_t i = 0; i < 3; i++) {
			CHECK(election_outcome(&w.el[i]) == OUT_FULL && client_takes(&w, i));
			CHECK(same_text(&w, 0, i) && lists(&w, i, "Alice"));
			CHECK(reports(&w, i, "consensus of all (3 of 3 voted, 3 signed)"));
		}
		teardown(&w);
	}
}

static void
test_more_than_half_decide(void)
{
	struct world w;

	setup(&w, 4, "1 day");
	everyone_knows(&w, "Alice", 0);
	knows(&w, 0, "Bob", 1);
	knows(&w, 1, "Bob", 1); /* two of four: half is not enough */
	for (size_t i = 0; i < 3; i++)
		knows(&w, i, "Carol", 2);
	run(&w, 15, 1);
	CHECK(lists(&w, 0, "Alice") && !lists(&w, 0, "Bob") && lists(&w, 0, "Carol"));
	CHECK(same_text(&w, 0, 3) && client_takes(&w, 0));
	teardown(&w);
}

static void
test_one_of_three_or_two_of_five_down(void)
{
	struct world w;

	setup(&w, 3, "1 day");
	everyone_knows(&w, "Alice", 0);
	run(&w, 5, 0);
	CHECK(election_outcome(&w.el[0]) == OUT_MAJORITY && client_takes(&w, 0));
	CHECK(same_text(&w, 0, 2) && lists(&w, 0, "Alice"));
	CHECK(reports(&w, 0, "no vote: it could not be reached"));
	teardown(&w);
	setup(&w, 5, "1 day");
	everyone_knows(&w, "Alice", 0);
	run(&w, 7, 1);
	CHECK(election_outcome(&w.el[2]) == OUT_MAJORITY && client_takes(&w, 2));
	CHECK(same_text(&w, 0, 2) && lists(&w, 1, "Alice"));
	teardown(&w);
}

/* Two of three down: clients refuse what the last one says alone. */
static void
test_a_minority_publishes_its_own_vote(void)
{
	struct world w;

	setup(&w, 3, "1 day");
	everyone_knows(&w, "Alice", 0);
	run(&w, 1, 0);
	CHECK(election_outcome(&w.el[0]) == OUT_ALONE && !client_takes(&w, 0));
	CHECK(w.el[0].fallback && lists(&w, 0, "Alice"));
	CHECK(reports(&w, 0, "CONSENSUS HAS FAILED") && reports(&w, 0, "cut off"));
	/* Who could not even vote publishes nothing. */
	tally(&w, 1);
	publish(&w, 1);
	CHECK(w.el[1].ours.nsigs == 0 && reports(&w, 1, "the last directory stays"));
	teardown(&w);
}

static void
test_a_network_in_two_halves_and_healed(void)
{
	struct world w;

	setup(&w, 5, "1 day");
	everyone_knows(&w, "Alice", 0);
	for (size_t i = 0; i < 5; i++)
		vote(&w, i);
	for (size_t to = 0; to < 5; to++)
		for (size_t from = 0; from < 5; from++)
			if (from != to && (from < 3) == (to < 3))
				give(&w, from, from, to, &w.vote[from]);
	for (size_t i = 0; i < 5; i++)
		tally(&w, i);
	for (size_t to = 0; to < 5; to++)
		for (size_t from = 0; from < 5; from++)
			if (from != to && (from < 3) == (to < 3))
				give_signed(&w, from, to);
	for (size_t i = 0; i < 5; i++)
		publish(&w, i);
	CHECK(client_takes(&w, 0) && client_takes(&w, 2) && same_text(&w, 0, 2));
	CHECK(!client_takes(&w, 3) && !client_takes(&w, 4));
	/* The next day it is whole again. */
	w.cycle = cycle_next(&w.cycle);
	for (size_t i = 0; i < 5; i++) {
		election_end(&w.el[i]);
		election_begin(&w.el[i], w.conf[i], i, &w.cycle);
		buf_reset(&w.vote[i]);
	}
	run(&w, 31, 2);
	CHECK(election_outcome(&w.el[4]) == OUT_FULL && client_takes(&w, 4) && same_text(&w, 0, 4));
	teardown(&w);
}

/* Votes that may not be counted: of another clique, day, period, signer, status; forged. */
static void
test_votes_that_do_not_count(void)
{
	struct world w, other;
	struct cycle yesterday;
	struct buf text = { 0 };
	struct errmsg e;
	int fresh;

	setup(&w, 3, "1 day");
	setup(&other, 2, "1 day");
	everyone_knows(&w, "Alice", 0);
#define REFUSED(why)                                                                               \
	do {                                                                                       \
		CHECK(election_take_vote(&w.el[0], 1, (char *)text.p, text.len, &fresh, &e) ==     \
		    -1);                                                                           \
		CHECK(fresh == 0);                                                                 \
		CHECK_STR(e.s, why);                                                               \
	} while (0)
	make_vote(&text, &w, 1, &w.store[1], other.conf[1], &w.cycle);
	REFUSED("the vote names other voters");
	yesterday = (struct cycle){ w.cycle.interval, w.cycle.end - DAY };
	make_vote(&text, &w, 1, &w.store[1], w.conf[1], &yesterday);
	REFUSED("the vote is for another day");
	make_vote(&text, &w, 2, &w.store[1], w.conf[1], &w.cycle);
	REFUSED("the vote is another authority's");
	make_vote(&text, &w, 4, &w.store[1], w.conf[1], &w.cycle);
	REFUSED("the vote is signed by a stranger");
	make_vote(&text, &w, 1, &w.store[1], w.conf[1], &w.cycle);
	text.p[text.len - 2] ^= 1;
	CHECK(election_take_vote(&w.el[0], 1, (char *)text.p, text.len, &fresh, &e) == -1);
	knows(&other, 0, "Alice", 0);
	knows(&other, 0, "alice", 1);
	make_vote(&text, &w, 1, &other.store[0], w.conf[1], &w.cycle);
	/* Which of them is named first is chance: they are sorted by identity. */
	fresh = 1;
	CHECK(election_take_vote(&w.el[0], 1, (char *)text.p, text.len, &fresh, &e) == -1);
	CHECK(fresh == 0);
	CHECK(strstr(e.s, "one nickname with two identities: ") != NULL);
	run(&w, 5, 0);
	CHECK(election_outcome(&w.el[0]) == OUT_MAJORITY);
	CHECK(reports(&w, 0, "no vote that counts: "));
	/* A consensus is no vote. */
	text.len = 0;
	signed_format(&text, &w.el[0].ours);
	REFUSED("the vote has more than one signature");
	buf_free(&text);
	teardown(&other);
	teardown(&w);
}

/* Short periods have the same dates all day: an old vote is told by its period. */
static void
test_an_old_vote_of_today_is_refused(void)
{
	struct world w;
	struct cycle before;
	struct buf text = { 0 };
	struct errmsg e;
	int fresh;

	setup(&w, 3, "1 minute");
	everyone_knows(&w, "Alice", 0);
	before = (struct cycle){ w.cycle.interval, w.cycle.end - w.cycle.interval };
	make_vote(&text, &w, 1, &w.store[1], w.conf[1], &before);
	CHECK(election_take_vote(&w.el[0], 1, (char *)text.p, text.len, &fresh, &e) == -1);
	CHECK_STR(e.s, "the vote is for another voting period");
	run(&w, 7, 0);
	CHECK(election_outcome(&w.el[1]) == OUT_FULL && same_text(&w, 0, 2) && client_takes(&w, 1));
	buf_free(&text);
	teardown(&w);
}

/* A vote for a server that nobody else knows changes nothing. */
static void
test_one_liar_cannot_list_a_server(void)
{
	struct world w;

	setup(&w, 3, "1 day");
	everyone_knows(&w, "Alice", 0);
	knows(&w, 2, "Mallory", 1);
	run(&w, 7, 0);
	CHECK(lists(&w, 0, "Alice") && !lists(&w, 0, "Mallory") && same_text(&w, 0, 2));
	teardown(&w);
}

static void
test_two_nicknames_of_one_identity_list_neither(void)
{
	struct world w;

	setup(&w, 3, "1 day");
	everyone_knows(&w, "Alice", 0);
	everyone_knows(&w, "Bob", 1);
	knows(&w, 0, "Carol", 2);
	knows(&w, 1, "Carol", 2);
	knows(&w, 2, "Caroline", 2);
	run(&w, 7, 0);
	CHECK(!lists(&w, 0, "Carol") && !lists(&w, 0, "Caroline") && lists(&w, 0, "Bob"));
	CHECK(client_takes(&w, 0) && same_text(&w, 0, 1));
	teardown(&w);
}

/*
 * The third gives two different votes to two peers. Who sees both counts the one of lesser digest:
 * since all publish what they were given, all honest ones come to the same.
 */
static void
two_votes(int crossed)
{
	struct store more = { .dirfd = -1 };
	struct buf second = { 0 };
	struct world w;

	setup(&w, 3, "1 day");
	everyone_knows(&w, "Alice", 0);
	knows(&w, 0, "Bob", 1);
	CHECK(store_add(&more, world_desc("Bob", MAX_N + 1, 0, 30, 60), SRV_APPROVED, NOW, NULL) !=
	    NULL);
	vote(&w, 0);
	vote(&w, 1);
	make_vote(&w.vote[2], &w, 2, &w.store[2], w.conf[2], &w.cycle); /* against Bob */
	make_vote(&second, &w, 2, &more, w.conf[2], &w.cycle); /* for Bob, against Alice */
	give(&w, 0, 0, 1, &w.vote[0]);
	give(&w, 1, 1, 0, &w.vote[1]);
	CHECK(give(&w, 2, 2, 0, &second) == 2 && give(&w, 2, 2, 1, &w.vote[2]) == 2);
	if (crossed) {
		CHECK(give(&w, 2, 1, 0, &w.vote[2]) == 2 && give(&w, 2, 0, 1, &second) == 2);
	}
	tally(&w, 0);
	tally(&w, 1);
	CHECK(give_signed(&w, 0, 1) == (crossed ? 1 : 0));
	CHECK(give_signed(&w, 1, 0) == (crossed ? 1 : 0));
	publish(&w, 0);
	publish(&w, 1);
	if (crossed) {
		CHECK(same_text(&w, 0, 1) && client_takes(&w, 0));
		CHECK(reports(&w, 0, "gave DIFFERENT VOTES"));
		CHECK(reports(&w, 1, "gave DIFFERENT VOTES"));
	} else {
		CHECK(!client_takes(&w, 0) && !client_takes(&w, 1));
		CHECK(reports(&w, 0, "signed ANOTHER DIRECTORY") &&
		    reports(&w, 0, "descriptor of Bob"));
	}
	buf_free(&second);
	store_free(&more);
	teardown(&w);
}

static void
test_two_votes_are_found_out(void)
{
	two_votes(1);
}

static void
test_two_votes_not_seen_split_the_directory_and_the_report_says_in_what(void)
{
	two_votes(0);
}

/* One votes as it should, and signs another document. */
static void
test_one_that_signs_another_document(void)
{
	struct world w;
	struct buf body = { 0 }, section = { 0 };
	struct errmsg e;

	setup(&w, 3, "1 day");
	everyone_knows(&w, "Alice", 0);
	knows(&w, 2, "Mallory", 1);
	for (size_t i = 0; i < 3; i++)
		vote(&w, i);
	for (size_t to = 0; to < 3; to++)
		for (size_t from = 0; from < 3; from++)
			if (from != to)
				give(&w, from, from, to, &w.vote[from]);
	tally(&w, 0);
	tally(&w, 1);
	vote_as_consensus(&body, (char *)w.el[2].vote_body.p, w.el[2].vote_body.len);
	sign(&section, 2, &body);
	CHECK(election_signed(&w.el[2], &body, (char *)section.p, section.len, &e) == 0);
	for (size_t to = 0; to < 2; to++)
		for (size_t from = 0; from < 3; from++)
			if (from != to)
				give_signed(&w, from, to);
	CHECK(w.el[0].ours.nsigs == 2 && client_takes(&w, 0) && same_text(&w, 0, 1));
	CHECK(!client_takes(&w, 2));
	CHECK(reports(&w, 0, "fragmentation") && reports(&w, 0, "descriptor of Mallory"));
	/* A signature that somebody else made for it is none. */
	buf_reset(&body);
	signed_format(&body, &w.el[0].ours);
	CHECK(election_take_signed(&w.el[1], 2, (char *)body.p, body.len) == 0);
	buf_free(&section);
	teardown(&w);
	buf_free(&body);
}

TESTS(T(test_all_publish_the_same_octets), T(test_more_than_half_decide),
    T(test_one_of_three_or_two_of_five_down), T(test_a_minority_publishes_its_own_vote),
    T(test_a_network_in_two_halves_and_healed), T(test_votes_that_do_not_count),
    T(test_an_old_vote_of_today_is_refused), T(test_one_liar_cannot_list_a_server),
    T(test_two_nicknames_of_one_identity_list_neither), T(test_two_votes_are_found_out),
    T(test_two_votes_not_seen_split_the_directory_and_the_report_says_in_what),
    T(test_one_that_signs_another_document))
