/* Notes of tests, and the time at which an answer came. */
#include <sys/stat.h>

#include <unistd.h>

#include "mixminion/io.h"
#include "mixminion/testmail.h"
#include "t.h"

#define NOW 1795231569

static struct home h;
static struct errmsg e;
static char dir[] = "/tmp/test_testlog.XXXXXX";

static struct test
made(const char *id, int64_t sent)
{
	struct test t = { .sent = sent };

	strlcpy(t.id, id, sizeof(t.id));
	strlcpy(t.path, "A,B:C", sizeof(t.path));
	memset(t.handle, id[0], TAG_LEN);
	memset(t.secret, id[1], TEST_SECRET_LEN);
	return t;
}

static void
test_notes(void)
{
	struct test a = made("aaaaaaaaaaaaaaaa", NOW), b = made("bbbbbbbbbbbbbbbb", NOW - 1),
		    old = made("cccccccccccccccc", NOW - 8 * 86400), *t;
	char path[PATH_MAX];
	struct stat st;
	size_t n;

	CHECK(mkdtemp(dir) != NULL && home_open(&h, dir, &e) == 0);
	CHECK(testlog_list(&h, NOW, &t, &n, &e) == 0 && n == 0 && t == NULL);
	CHECK(testlog_put(&h, &a, &e) == 0 && testlog_put(&h, &b, &e) == 0);
	CHECK(testlog_put(&h, &old, &e) == 0);
	b.back = NOW + 5;
	b.intact = 1;
	CHECK(testlog_put(&h, &b, &e) == 0);
	CHECK(testlog_list(&h, NOW, &t, &n, &e) == 0 && n == 2);
	CHECK(n == 2 && memcmp(&t[0], &b, sizeof(b)) == 0 && memcmp(&t[1], &a, sizeof(a)) == 0);
	CHECK(testlog_find(t, n, a.handle) == &t[1] && testlog_find(t, n, old.handle) == NULL);
	testlog_free(t, n);
	CHECK(home_path(&h, "tests/cccccccccccccccc", path, &e) == 0 && stat(path, &st) == -1);
	CHECK(home_path(&h, "tests/aaaaaaaaaaaaaaaa", path, &e) == 0 && stat(path, &st) == 0);
	CHECK((st.st_mode & 07777) == 0600);
	CHECK(output_write(path, "[Test]\nSent: 1\n", 15, &e) == 0);
	CHECK(testlog_list(&h, NOW, &t, &n, &e) == 0 && n == 1);
	testlog_free(t, n);
	home_close(&h);
	CHECK(snprintf(path, sizeof(path), "rm -r %s", dir) > 0 && system(path) == 0);
}

static int64_t
when(const char *mail, int64_t file, int64_t from, int64_t now)
{
	struct mail m = { .text = mail, .len = strlen(mail), .when = file };

	return testmail_when(&m, from, now);
}

static void
test_when(void)
{
	static const char received[] = "Received: from a by b (x; y);\n\tMon, 01 Jan 2024 01:00:00 "
				       "+0100\nReceived: by c; Mon, 01 Jan 2024 "
				       "00:00:01 +0000\n\nx\n";
	const int64_t t = 1704067200;

	CHECK(when(received, t + 50, t - 9, t + 99) == t); /* the first of them */
	CHECK(when(received, t + 50, t + 1, t + 99) == t + 50); /* before it was sent */
	CHECK(when(received, t + 50, t - 9, t - 1) == t - 1); /* in the future, both */
	CHECK(when("Received: nonsense\n\nx\n", t + 50, t, t + 99) == t + 50);
	CHECK(when("Received: by x; nonsense\n\nx\n", t + 50, t, t + 99) == t + 50);
	CHECK(when("no mail\n", 0, t, t + 99) == t + 99);
}

TESTS(T(test_notes), T(test_when))
