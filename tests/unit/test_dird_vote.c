/* When what is due, and who is recommended. */
#include "dird_world.h"

#include "../../dird/cycle.h"
#include "../../dird/reliability.h"
#include "../../dird/store.h"
#include "../../dird/vote.h"

static void
test_the_times_of_the_specification(void)
{
	struct cycle c = cycle_at(NOW, DAY);
	char name[CYCLE_NAME_LEN];

	CHECK(c.end == TODAY + DAY && cycle_valid_after(&c) == TODAY + DAY);
	CHECK(cycle_when(&c, CYCLE_VOTE) == (TODAY + 22 * 3600 + 50 * 60) * INT64_C(1000));
	CHECK(cycle_when(&c, CYCLE_COLLECT) == (TODAY + 23 * 3600) * INT64_C(1000));
	CHECK(cycle_when(&c, CYCLE_TALLY) < (TODAY + 23 * 3600 + 1800) * INT64_C(1000));
	CHECK(cycle_when(&c, CYCLE_SIGNATURES) == (TODAY + 23 * 3600 + 1800) * INT64_C(1000));
	CHECK(cycle_when(&c, CYCLE_PUBLISH) == (TODAY + DAY) * INT64_C(1000));
	cycle_name(name, &c);
	CHECK_STR(name, "2027-01-16");
	c = cycle_at(NOW + 61, 60);
	cycle_name(name, &c);
	CHECK_STR(name, "2027-01-15-120200");
	CHECK(cycle_valid_after(&c) == TODAY);
	c = cycle_at(TODAY + DAY - 30, 60);
	CHECK(cycle_valid_after(&c) == TODAY + DAY); /* it is published at midnight */
}

/* What the pinger measured decides, unless the operator says otherwise. */
static void
test_who_is_recommended(void)
{
	struct dird_conf *c = world_conf(1, "1 day", "BadServer: bob\nRecommendedServers: Carol\n"
						     "ExcludeServer: Eve\nReliabilityMin: 90%\n");
	struct store st = { .dirfd = -1 };
	struct reliability r;
	struct buf text = { 0 };
	char hex[2 * HASH_LEN + 1];
	static const char *const names[] = { "Alice", "Bob", "Carol", "Eve" };
	static const char *const measured[] = { "0.95", "100%", "0.1", "1.0" };

	buf_str(&text, "[Reliability]\nVersion: 0.1\nPublished: 2027-01-15 11:00:00\n");
	for (size_t i = 0; i < 4; i++) {
		struct desc *d = world_desc(names[i], i, 0, 30, 60);

		hex_upper(hex, d->keyid, HASH_LEN);
		buf_printf(&text, "Server: %s %s\n", hex, measured[i]);
		CHECK(store_add(&st, d, SRV_APPROVED, NOW, NULL) != NULL);
	}
	CHECK(reliability_parse(&r, (char *)text.p, text.len, NULL) == 0);
#define RECOMMENDED(name) vote_recommends(store_named(&st, name), c, &r, TODAY)
	CHECK(RECOMMENDED("Alice") && !RECOMMENDED("Bob") && RECOMMENDED("Carol"));
	CHECK(!RECOMMENDED("Eve") && !vote_lists(store_named(&st, "Eve"), c, TODAY));
	CHECK(store_set_state(&st, store_named(&st, "Alice"), SRV_WAITING, NOW, NULL) == 0);
	CHECK(!RECOMMENDED("Alice") && !vote_lists(store_named(&st, "Alice"), c, TODAY));
	reliability_free(&r);
	CHECK(reliability_parse(&r, "[Reliability]\nVersion: 0.1\n", 27, NULL) == -1);
	buf_free(&text);
	store_free(&st);
	dconf_free(c);
}

TESTS(T(test_the_times_of_the_specification), T(test_who_is_recommended))
