/*
 * The queue of mails: durable before it is tried, tried as scheduled, found again by the next
 * process.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../deliverd/deliverd.h"
#include "t.h"

static char dir[200];
static int mail_fd, state_fd, crp_fd;
static int64_t loaded_at = INT64_MAX / 2;
static int64_t two_intervals[] = { 100, 1000 };
static const struct conf_schedule retry = { two_intervals, 2 };

static int
open_sub(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK(mkdir(path, 0700) == 0);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/mixq.XXXXXX", tmp != NULL ? tmp : "/tmp");
	CHECK(mkdtemp(dir) != NULL);
	mail_fd = open_sub("mail");
	state_fd = open_sub("state");
	crp_fd = open_sub("crp");
	for (size_t i = 0; i < C_COUNT; i++)
		counters[i].n = 0;
}

static void
empty(int fd, const char *name)
{
	DIR *d = fdopendir(fd);
	struct dirent *de;

	rewinddir(d);
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.')
			unlinkat(dirfd(d), de->d_name, 0);
	closedir(d);
	if (name != NULL) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		rmdir(path);
	}
}

static void
teardown(void)
{
	empty(mail_fd, "mail");
	empty(state_fd, "state");
	empty(crp_fd, "crp");
	CHECK(rmdir(dir) == 0);
}

static int
files(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY), n = 0;
	DIR *d = fdopendir(copy);
	struct dirent *de;

	while ((de = readdir(d)) != NULL)
		n += de->d_name[0] != '.';
	closedir(d);
	return n;
}

static struct mailq *
open_queue(void)
{
	struct mailq *q = mailq_open(mail_fd, state_fd, crp_fd);

	CHECK(mailq_load(q, loaded_at) == 0);
	return q;
}

static void
mail_make(struct mail *m, size_t n)
{
	memset(m, 0, sizeof(*m));
	m->rtype = RT_SMTP;
	m->eightbit = 1;
	strlcpy(m->from, "nobody@exit.example", sizeof(m->from));
	m->to.n = n;
	for (size_t i = 0; i < n; i++)
		snprintf(m->to.addr[i], sizeof(m->to.addr[i]), "r%zu@x.example", i);
	buf_str(&m->text, "Message-ID: <1@exit.example>\r\n\r\nhello\r\n");
}

static void
put(struct mailq *q, const char *name, size_t n, int64_t now)
{
	struct mail m;

	mail_make(&m, n);
	CHECK(mailq_stage(q, name, &m) == 0);
	CHECK(mailq_commit(q) == 0);
	mailq_release(q, now);
	mail_free(&m);
}

static void
test_durable_first(void)
{
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m, got;

	setup();
	q = open_queue();
	mail_make(&m, 2);
	CHECK(mailq_stage(q, "msg_AAAAAAAAAAAAAAAA", &m) == 0);
	CHECK(mailq_take(q, RT_SMTP, 1000, &got) == NULL);
	CHECK(mailq_commit(q) == 0);
	CHECK(mailq_has(q, "msg_AAAAAAAAAAAAAAAA"));
	CHECK(mailq_take(q, RT_SMTP, 1000, &got) == NULL);
	CHECK(files(mail_fd) == 1);
	mailq_release(q, 1000);
	CHECK(mailq_count(q, RT_SMTP) == 1);
	CHECK(mailq_take(q, RT_MBOX, 1000, &got) == NULL);
	e = mailq_take(q, RT_SMTP, 1000, &got);
	CHECK(e != NULL && got.to.n == 2 && got.eightbit &&
	      strcmp(got.to.addr[1], "r1@x.example") == 0);
	CHECK(got.text.len == m.text.len && memcmp(got.text.p, m.text.p, m.text.len) == 0);
	CHECK_STR(got.from, "nobody@exit.example");
	mailq_done(q, e, (enum smtp_result[]) { SMTP_DELIVERED, SMTP_FAILED }, &retry, 1000);
	CHECK(files(mail_fd) == 0 && files(state_fd) == 0 && mailq_count(q, RT_SMTP) == 0);
	CHECK(counters[C_DELIVERED].n == 1 && counters[C_FAILED_PERMANENT].n == 1);
	mail_free(&m);
	mail_free(&got);
	mailq_free(q);
	teardown();
}

/* Another process finds the mail with its attempts, its time and the recipients that are left. */
static void
test_restart(void)
{
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m;

	setup();
	q = open_queue();
	put(q, "msg_AAAAAAAAAAAAAAAA", 3, 1000);
	e = mailq_take(q, RT_SMTP, 1000, &m);
	mailq_done(
	    q, e, (enum smtp_result[]){ SMTP_LATER, SMTP_DELIVERED, SMTP_LATER }, &retry, 1000);
	mail_free(&m);
	CHECK(mailq_next(q, RT_SMTP) == 1100 && counters[C_DEFERRED].n == 1);
	mailq_free(q);
	q = open_queue();
	CHECK(mailq_next(q, RT_SMTP) == 1100);
	CHECK(mailq_take(q, RT_SMTP, 1099, &m) == NULL);
	e = mailq_take(q, RT_SMTP, 1100, &m);
	CHECK(e != NULL && m.to.n == 2 && strcmp(m.to.addr[1], "r2@x.example") == 0);
	mailq_done(q, e, (enum smtp_result[]) { SMTP_FAILED, SMTP_LATER }, &retry, 1100);
	mail_free(&m);
	mailq_free(q);
	q = open_queue();
	e = mailq_take(q, RT_SMTP, 2100, &m);
	CHECK(e != NULL && m.to.n == 1 && strcmp(m.to.addr[0], "r2@x.example") == 0);
	/* Both intervals are used up: the last answer decides. */
	mailq_done(q, e, (enum smtp_result[]) { SMTP_LATER }, &retry, 2100);
	mail_free(&m);
	CHECK(counters[C_GIVEN_UP].n == 1 && files(mail_fd) == 0 && files(state_fd) == 0);
	mailq_free(q);
	teardown();
}

/*
 * The same source again (a crash between the mail and the end of its packet) makes no second
 * mail.
 */
static void
test_same_name(void)
{
	struct mailq *q;
	struct mail m;

	setup();
	q = open_queue();
	put(q, "msg_AAAAAAAAAAAAAAAA", 1, 5);
	put(q, "msg_AAAAAAAAAAAAAAAA", 1, 5);
	CHECK(mailq_count(q, RT_SMTP) == 1);
	mail_make(&m, 1);
	CHECK(mailq_stage(q, "msg_BBBBBBBBBBBBBBBB", &m) == 0);
	CHECK(mailq_stage(q, "msg_BBBBBBBBBBBBBBBB", &m) == 0);
	CHECK(mailq_commit(q) == 0);
	mailq_release(q, 5);
	CHECK(mailq_count(q, RT_SMTP) == 2 && files(mail_fd) == 2);
	mail_free(&m);
	mailq_free(q);
	q = open_queue();
	CHECK(mailq_count(q, RT_SMTP) == 2);
	put(q, "msg_AAAAAAAAAAAAAAAA", 1, 5);
	CHECK(mailq_count(q, RT_SMTP) == 2);
	mailq_free(q);
	teardown();
}

/*
 * What was delivered and cannot be removed is neither sent again, by this process or the next, nor
 * given up, and goes when it can.
 */
static void
test_stuck(void)
{
	static const char name[] = "msg_AAAAAAAAAAAAAAAA", way[] = "rmv_AAAAAAAAAAAAAAAA";
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m;

	setup();
	q = open_queue();
	put(q, name, 1, 5);
	CHECK(mkdirat(mail_fd, way, 0700) == 0);
	e = mailq_take(q, RT_SMTP, 5, &m);
	CHECK(e != NULL);
	mail_free(&m);
	mailq_done(q, e, (enum smtp_result[]) { SMTP_DELIVERED }, &retry, 5);
	CHECK(mailq_has(q, name) && mailq_take(q, RT_SMTP, 500, &m) == NULL);
	mailq_free(q);
	q = open_queue(); /* which clears what stands in the way */
	CHECK(mkdirat(mail_fd, way, 0700) == 0);
	CHECK(mailq_take(q, RT_SMTP, 1000, &m) == NULL && mailq_has(q, name));
	for (int64_t t = 1000; t < 9000; t += 1000)
		mailq_defer_due(q, RT_SMTP, &retry, t);
	CHECK(mailq_count(q, RT_SMTP) == 1);
	CHECK(counters[C_GIVEN_UP].n == 0 && counters[C_DEFERRED].n == 0);
	CHECK(unlinkat(mail_fd, way, AT_REMOVEDIR) == 0);
	CHECK(mailq_take(q, RT_SMTP, 10000, &m) == NULL);
	CHECK(files(mail_fd) == 0 && files(state_fd) == 0 && mailq_count(q, RT_SMTP) == 0);
	mailq_free(q);
	teardown();
}

/* Put off by a clock that was years ahead: as long as it was to wait, from the next start on. */
static void
test_clock(void)
{
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m;

	setup();
	q = open_queue();
	put(q, "msg_AAAAAAAAAAAAAAAA", 1, 1000000);
	e = mailq_take(q, RT_SMTP, 1000000, &m);
	mailq_done(q, e, (enum smtp_result[]) { SMTP_LATER }, &retry, 1000000);
	mail_free(&m);
	mailq_free(q);
	loaded_at = 5000;
	q = open_queue();
	CHECK(mailq_next(q, RT_SMTP) == 5100);
	loaded_at = INT64_MAX / 2;
	mailq_free(q);
	q = open_queue();
	CHECK(mailq_next(q, RT_SMTP) == 1000100);
	mailq_free(q);
	teardown();
}

static void
test_order(void)
{
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m;
	char name[32];
	int64_t last = 0;
	int n = 0;

	setup();
	q = open_queue();
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "msg_%016d", i);
		put(q, name, 1, 100 + (i * 7919) % 50);
	}
	while (mailq_next(q, RT_SMTP) < 150) {
		CHECK(mailq_next(q, RT_SMTP) >= last);
		last = mailq_next(q, RT_SMTP);
		e = mailq_take(q, RT_SMTP, last, &m);
		CHECK(e != NULL);
		if (e == NULL)
			break;
		mailq_done(q, e, (enum smtp_result[]) { SMTP_LATER }, &retry, 1000);
		mail_free(&m);
		n++;
	}
	CHECK(n == 40);
	mailq_defer_due(q, RT_SMTP, &retry, 1100);
	CHECK(mailq_next(q, RT_SMTP) == 2100 && mailq_count(q, RT_SMTP) == 40);
	mailq_defer_due(q, RT_SMTP, &retry, 2100);
	CHECK(mailq_count(q, RT_SMTP) == 0 && counters[C_GIVEN_UP].n == 40);
	CHECK(files(mail_fd) == 0 && files(state_fd) == 0);
	mailq_free(q);
	teardown();
}

static void
write_file(int fd, const char *name, const char *text)
{
	int f = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(write(f, text, strlen(text)) == (ssize_t)strlen(text));
	close(f);
}

/*
 * What is damaged is set aside and counted; a state without its mail goes; one that is damaged
 * means "at once".
 */
static void
test_damage(void)
{
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m;

	setup();
	q = open_queue();
	put(q, "msg_AAAAAAAAAAAAAAAA", 1, 5);
	put(q, "msg_BBBBBBBBBBBBBBBB", 1, 5);
	mailq_free(q);
	write_file(mail_fd, "msg_BBBBBBBBBBBBBBBB", "MXM1nonsense that is long enough");
	write_file(mail_fd, "msg_CCCCCCCCCCCCCCCC", "no");
	write_file(state_fd, "msg_AAAAAAAAAAAAAAAA", "what");
	write_file(state_fd, "msg_DDDDDDDDDDDDDDDD", "an orphan");
	q = open_queue();
	e = mailq_take(q, RT_SMTP, 5, &m);
	CHECK(e != NULL);
	mailq_done(q, e, (enum smtp_result[]) { SMTP_DELIVERED }, &retry, 5);
	mail_free(&m);
	CHECK(mailq_take(q, RT_SMTP, 5, &m) == NULL);
	CHECK(files(mail_fd) == 0 && files(crp_fd) == 2 && counters[C_DROPS_BAD_RECORD].n == 2);
	mailq_free(q);
	teardown();
}

/* A mail of megabytes is overwritten like any other: seen through a descriptor that stays open. */
static void
test_wiped(void)
{
	struct mailq *q;
	struct mailq_entry *e;
	struct mail m;
	uint8_t *seen = malloc(3 << 20);
	ssize_t n;
	int f;

	setup();
	q = open_queue();
	mail_make(&m, 1);
	memset(buf_space(&m.text, 2 << 20), 'x', 2 << 20);
	CHECK(mailq_stage(q, "msg_AAAAAAAAAAAAAAAA", &m) == 0 && mailq_commit(q) == 0);
	mailq_release(q, 1);
	mail_free(&m);
	f = openat(mail_fd, "msg_AAAAAAAAAAAAAAAA", O_RDONLY);
	e = mailq_take(q, RT_SMTP, 1, &m);
	mailq_done(q, e, (enum smtp_result[]) { SMTP_DELIVERED }, &retry, 1);
	mail_free(&m);
	n = read(f, seen, 3 << 20);
	CHECK(n > 2 << 20 && seen[0] == 0 && memchr(seen, 'x', (size_t)n) == NULL);
	close(f);
	free(seen);
	mailq_free(q);
	teardown();
}

/* A mail that cannot be stored is not in the queue; one that was durable before stays there. */
static void
test_failed_commit(void)
{
	struct mailq *q;
	struct mail m;

	setup();
	q = open_queue();
	mail_make(&m, 1);
	CHECK(mailq_stage(q, "msg_AAAAAAAAAAAAAAAA", &m) == 0);
	CHECK(mailq_commit(q) == 0);
	CHECK(mailq_stage(q, "msg_BBBBBBBBBBBBBBBB", &m) == 0);
	CHECK(unlinkat(mail_fd, "inp_BBBBBBBBBBBBBBBB", 0) == 0);
	CHECK(mailq_commit(q) == -1);
	mailq_release(q, 1);
	CHECK(mailq_count(q, RT_SMTP) == 1 && files(mail_fd) == 1);
	mail_free(&m);
	mailq_free(q);
	teardown();
}

/* How many are due, without looking at all of them. */
static void
test_due(void)
{
	struct mailq *q;
	char name[POOL_NAME_LEN];

	setup();
	q = open_queue();
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "msg_%016d", i);
		put(q, name, 1, 1000 + i % 10);
	}
	CHECK(mailq_due(q, RT_SMTP, 999, 100) == 0 && mailq_due(q, RT_MBOX, 2000, 100) == 0);
	CHECK(mailq_due(q, RT_SMTP, 1000, 100) == 3 && mailq_due(q, RT_SMTP, 1004, 100) == 15);
	CHECK(mailq_due(q, RT_SMTP, 2000, 100) == 30 && mailq_due(q, RT_SMTP, 2000, 7) == 7);
	mailq_free(q);
	teardown();
}

TESTS(T(test_due),
    T(test_durable_first), T(test_restart), T(test_same_name), T(test_stuck), T(test_clock),
    T(test_order),
    T(test_damage), T(test_wiped), T(test_failed_commit))
