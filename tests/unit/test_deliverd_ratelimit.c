/*
 * RecipientLimit and DomainLimit: who waits, and when that is over.
 */
#include "../../deliverd/ratelimit.h"
#include "t.h"

#define NOW 1795231569
#define DAY 86400

static struct ratelimit *limit;

static void
begin(long recipient, int64_t recipient_time, long domain, int64_t domain_time)
{
	const struct conf_rate r = { recipient, recipient_time }, d = { domain, domain_time };

	ratelimit_free(limit);
	limit = ratelimit_new(&rng_system);
	ratelimit_configure(limit, &r, &d);
}

static int
take(const char *a, const char *b, int64_t now)
{
	struct recipients to = { .n = b == NULL ? 1 : 2 };

	strlcpy(to.addr[0], a, sizeof(to.addr[0]));
	if (b != NULL)
		strlcpy(to.addr[1], b, sizeof(to.addr[1]));
	return ratelimit_take(limit, &to, now);
}

static void
test_recipient(void)
{
	begin(2, DAY, 0, 0);
	CHECK(take("a@x.example", NULL, NOW) && take("A@X.example", NULL, NOW + 1));
	CHECK(!take("a@x.example", NULL, NOW + 2) && !take("a@x.example", NULL, NOW + DAY - 1));
	CHECK(take("b@x.example", NULL, NOW + 2));
	CHECK(take("a@x.example", NULL, NOW + DAY) && take("a@x.example", NULL, NOW + DAY));
	CHECK(!take("a@x.example", NULL, NOW + DAY));
}

static void
test_domain(void)
{
	begin(0, 0, 3, 3600);
	CHECK(take("a@x.example", NULL, NOW) && take("b@x.example", "c@x.example", NOW));
	CHECK(!take("d@x.example", NULL, NOW) && take("d@y.x.example", NULL, NOW));
	CHECK(take("d@X.EXAMPLE", NULL, NOW + 3600));
}

/* A mail that waits for one of its recipients has cost the other nothing. */
static void
test_together(void)
{
	begin(1, DAY, 2, DAY);
	CHECK(take("a@x.example", NULL, NOW));
	for (int i = 0; i < 5; i++)
		CHECK(!take("b@y.example", "a@x.example", NOW));
	CHECK(take("b@y.example", NULL, NOW) && take("c@y.example", NULL, NOW));
	CHECK(!take("d@y.example", NULL, NOW));
}

static void
test_none_and_changes(void)
{
	const struct conf_rate none = { 0, 0 }, one = { 1, DAY };

	begin(0, 0, 0, 0);
	for (int i = 0; i < 100; i++)
		CHECK(take("a@x.example", NULL, NOW));
	ratelimit_configure(limit, &one, &none);
	CHECK(take("a@x.example", NULL, NOW) && !take("a@x.example", NULL, NOW));
	ratelimit_configure(limit, &none, &none);
	CHECK(take("a@x.example", NULL, NOW));
}

/* A clock that is set back does not shut anybody out; what is over is forgotten. */
static void
test_clock_and_room(void)
{
	char a[64];

	begin(1, DAY, 0, 0);
	CHECK(take("a@x.example", NULL, NOW + 100 * DAY) && take("a@x.example", NULL, NOW));
	for (int i = 0; i < 70000; i++) {
		snprintf(a, sizeof(a), "a%d@x.example", i);
		CHECK(take(a, NULL, NOW));
	}
	CHECK(!take("a1@x.example", NULL, NOW));
	CHECK(take("a69999@x.example", NULL, NOW)); /* known no more */
	CHECK(take("a69999@x.example", NULL, NOW + 2 * DAY));
	CHECK(!take("a69999@x.example", NULL, NOW + 2 * DAY));
	ratelimit_free(limit);
	limit = NULL;
}

TESTS(T(test_recipient), T(test_domain), T(test_together), T(test_none_and_changes),
    T(test_clock_and_room))
