#include "t.h"

#include "../../mixminion/builders.h"
#include "../../mixminion/ui.h"

#define MOST 200

/* What came, in which order. */
struct seen {
	size_t announced, n, refuse_at;
	uint8_t first[MOST][16];
};

static int
begin(void *ctx, size_t n, struct errmsg *e)
{
	struct seen *s = ctx;

	(void)e;
	s->announced = n;
	return 0;
}

static int
take(void *ctx, const uint8_t packet[PACKET_LEN], const struct mix_addr *to, struct errmsg *e)
{
	struct seen *s = ctx;

	if (s->n == s->refuse_at)
		return err_set(e, "no more room");
	CHECK(to->port == s->n);
	memcpy(s->first[s->n++], packet, 16);
	return 0;
}

/* Random octets; *ctx is the number that cannot be made. */
static int
build(void *ctx, size_t i, uint8_t packet[PACKET_LEN], struct mix_addr *to, struct errmsg *e)
{
	if (i == *(size_t *)ctx)
		return err_set(e, "packet %zu cannot be made", i);
	rng_fill(&rng_system, packet, PACKET_LEN);
	to->port = (uint16_t)i;
	return 0;
}

static int
run(struct seen *s, size_t n, size_t bad, size_t refuse_at, struct errmsg *e)
{
	struct packet_sink sink = { begin, take, s, NULL };

	crypto_init();
	ui_setlevel(UI_QUIET);
	memset(s, 0, sizeof(*s));
	s->refuse_at = refuse_at;
	return builders_run(n, build, &bad, &sink, e);
}

static int
all_different(const struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = i + 1; j < s->n; j++)
			if (memcmp(s->first[i], s->first[j], 16) == 0)
				return 0;
	return 1;
}

static void
test_all_come_in_order(void)
{
	static const size_t counts[] = { 1, 31, 32, 33, MOST };
	static struct seen s;
	struct errmsg e = { "" };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		CHECK(run(&s, counts[i], MOST, MOST, &e) == 0);
		CHECK(s.announced == counts[i] && s.n == counts[i]);
		/* Processes that were started from one another draw different numbers. */
		CHECK(all_different(&s));
	}
}

static void
test_the_first_fault_ends_it(void)
{
	static struct seen s;
	struct errmsg e = { "" };

	CHECK(run(&s, 5, 3, MOST, &e) == -1 && s.n == 3);
	CHECK_STR(e.s, "packet 3 cannot be made");
	CHECK(run(&s, MOST, 77, MOST, &e) == -1 && s.n == 77);
	CHECK_STR(e.s, "packet 77 cannot be made");
	CHECK(run(&s, MOST, MOST, 50, &e) == -1 && s.n == 50);
	CHECK_STR(e.s, "no more room");
}

TESTS(T(test_all_come_in_order), T(test_the_first_fault_ends_it))
