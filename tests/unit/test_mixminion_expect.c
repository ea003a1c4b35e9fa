/* What the sender is told before: how long it may take; and while it goes on: how far it is. */
#include "mixminion/expect.h"
#include "mixminion/progress.h"
#include "t.h"

static struct desc fast = { .mix_interval = 45 }, slow = { .mix_interval = 3600 },
		   silent = { .mix_interval = -1 };

/* A path of those servers, the first leg of split of them. */
static struct path
path_of(size_t split, const struct desc *const *servers, size_t n)
{
	struct path p = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct path_leg *leg = &p.leg[i < split ? 0 : 1];

		leg->servers[leg->n++] = servers[i];
	}
	return p;
}

static const char *
said(const struct expectation *x, int reply)
{
	static char text[256];
	struct buf b = { 0 };

	expect_delay(&b, x, reply);
	snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_free(&b);
	return text;
}

static void
test_delay(void)
{
	const struct desc *const all[] = { &fast, &slow, &slow, &fast };
	const struct desc *const some[] = { &slow, &silent, &slow };
	const struct desc *const none[] = { &silent, &silent };
	struct expectation x = { 0 }, y = { 0 }, z = { 0 };
	struct path p = path_of(2, all, 4);

	expect_path(&x, &p);
	CHECK(x.hops == 4 && x.untold == 0 && x.seconds == 7290);
	CHECK_STR(said(&x, 0), "up to about 2 hours, the mix intervals of 4 servers; "
	    "more if one is down");
	p = path_of(1, some, 3);
	expect_path(&y, &p);
	CHECK_STR(said(&y, 0), "up to about 2 hours, and longer: 1 of the 3 servers "
	    "do not say how long they hold packets");
	p = path_of(1, none, 2);
	expect_path(&z, &p);
	CHECK_STR(said(&z, 1), "not known: of the 2 servers none says how long it "
	    "holds packets; the servers of the reply block come after them");
}

static void
test_longest(void)
{
	const struct desc *const one[] = { &fast, &fast }, *const two[] = { &slow, &fast },
				 *const three[] = { &fast, &fast, &fast };
	struct expectation x = { 0 };
	struct path p = path_of(1, one, 2);

	expect_path(&x, &p);
	CHECK_STR(said(&x, 0), "up to about 90 seconds, the mix intervals of 2 "
	    "servers; more if one is down");
	p = path_of(1, two, 2);
	expect_path(&x, &p);
	p = path_of(1, three, 3);
	expect_path(&x, &p);
	CHECK(x.seconds == 3645 && x.hops == 2);
}

static void
test_bar(void)
{
	struct progress p = { .doing = "Sending", .n = 0, .total = 3 };
	char bar[128], narrow[20];

	progress_bar(bar, sizeof(bar), &p);
	CHECK_STR(bar, "Sending [..............................] 0 of 3 packets");
	p.n = 2;
	progress_bar(bar, sizeof(bar), &p);
	CHECK_STR(bar, "Sending [####################..........] 2 of 3 packets");
	p.n = 3;
	progress_bar(bar, sizeof(bar), &p);
	CHECK_STR(bar, "Sending [##############################] 3 of 3 packets");
	progress_bar(narrow, sizeof(narrow), &p);
	CHECK(strlen(narrow) == sizeof(narrow) - 1);
}

/* Three lines, whatever the number, and none for a few. */
static void
test_lines(void)
{
	for (size_t total = 1; total < 300; total++) {
		struct progress p = { .total = total };
		unsigned lines = 0;

		for (p.n = 0; p.n <= total; p.n++)
			lines += (unsigned)progress_line_due(&p);
		CHECK(lines == (total < 8 ? 0 : 3));
	}
}

TESTS(T(test_delay), T(test_longest), T(test_bar), T(test_lines))
