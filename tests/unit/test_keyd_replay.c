#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../../keyd/replay.h"
#include "bytes.h"
#include "t.h"

static char dir[256];
static int dirfd;
static struct digest_key key;

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/replayXXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL || (dirfd = open(dir, O_RDONLY | O_DIRECTORY)) == -1)
		perror("mkdtemp");
	crypto_init();
	digest_key_init(&key, &rng_system);
}

static void
teardown(void)
{
	CHECK(replay_delete(dirfd, 7) == 0);
	close(dirfd);
	CHECK(rmdir(dir) == 0);
}

static void
digest(uint8_t d[HASH_LEN], uint32_t i)
{
	uint8_t n[4];

	put_be32(n, i);
	sha1(d, n, sizeof(n));
}

static void
put(struct replay_log *l, uint32_t from, uint32_t n)
{
	uint8_t d[100][HASH_LEN];

	for (uint32_t i = 0; i < n; i++)
		digest(d[i], from + i);
	CHECK(replay_append(l, d[0], n) == 0);
}

static int
has(const struct replay_log *l, uint32_t i)
{
	uint8_t d[HASH_LEN];

	digest(d, i);
	return replay_seen(l, d);
}

static off_t
size_of(void)
{
	struct stat st;

	return fstatat(dirfd, "replay_0007", &st, 0) == 0 ? st.st_size : -1;
}

static void
test_remembers(void)
{
	struct replay_log *l;
	struct errmsg e;

	setup();
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(l != NULL && replay_number(l) == 7 && replay_count(l) == 0);
	CHECK(!has(l, 0));
	put(l, 0, 3);
	CHECK(has(l, 0) && has(l, 2) && !has(l, 3));
	replay_close(l);
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(l != NULL && replay_count(l) == 3);
	CHECK(has(l, 0) && has(l, 1) && has(l, 2) && !has(l, 3));
	put(l, 3, 1);
	CHECK(has(l, 3) && replay_count(l) == 4);
	replay_close(l);
	CHECK(size_of() == 5 * HASH_LEN);
	teardown();
}

/* Thousands of them: the set has to grow several times, and reading goes in pieces. */
static void
test_grows(void)
{
	struct replay_log *l;
	struct errmsg e;
	int bad = 0;

	setup();
	l = replay_open(dirfd, 7, &key, &e);
	for (uint32_t i = 0; i < 20000; i += 100)
		put(l, i, 100);
	for (int again = 0; again < 2; again++) {
		CHECK(replay_count(l) == 20000);
		for (uint32_t i = 0; i < 40000; i++)
			bad += has(l, i) != (i < 20000);
		CHECK(bad == 0);
		replay_close(l);
		l = replay_open(dirfd, 7, &key, &e);
	}
	replay_close(l);
	teardown();
}

static void
test_zero_digest(void)
{
	static const uint8_t zero[HASH_LEN];
	struct replay_log *l;
	struct errmsg e;

	setup();
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(!replay_seen(l, zero));
	CHECK(replay_append(l, zero, 1) == 0 && replay_seen(l, zero) && replay_count(l) == 1);
	replay_close(l);
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(replay_seen(l, zero) && !has(l, 1));
	replay_close(l);
	teardown();
}

static void
test_torn_tail_is_cut(void)
{
	struct replay_log *l;
	struct errmsg e;
	int fd;

	setup();
	l = replay_open(dirfd, 7, &key, &e);
	put(l, 0, 2);
	replay_close(l);
	fd = openat(dirfd, "replay_0007", O_WRONLY | O_APPEND);
	CHECK(write(fd, "half a digest", 13) == 13);
	close(fd);
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(l != NULL && replay_count(l) == 2);
	CHECK(size_of() == 3 * HASH_LEN);
	put(l, 2, 1);
	replay_close(l);
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(replay_count(l) == 3 && has(l, 2));
	replay_close(l);
	teardown();
}

/* A crash while the file was made: nothing can have been committed to it. */
static void
test_half_header(void)
{
	struct replay_log *l;
	struct errmsg e;
	int fd;

	setup();
	fd = openat(dirfd, "replay_0007", O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, "MIXR", 4) == 4);
	close(fd);
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(l != NULL && replay_count(l) == 0);
	put(l, 0, 1);
	replay_close(l);
	CHECK(size_of() == 2 * HASH_LEN);
	teardown();
}

static void
test_foreign_file_is_refused(void)
{
	struct replay_log *l;
	struct errmsg e = { "" };
	int fd;

	setup();
	fd = openat(dirfd, "replay_0007", O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, "something that is not a replay log", 34) == 34);
	close(fd);
	CHECK(replay_open(dirfd, 7, &key, &e) == NULL);
	CHECK(strstr(e.s, "replay_0007") != NULL);
	CHECK(size_of() == 34);
	CHECK(replay_delete(dirfd, 7) == 0);
	l = replay_open(dirfd, 7, &key, &e);
	replay_close(l);
	CHECK(renameat(dirfd, "replay_0007", dirfd, "replay_0008") == 0);
	CHECK(replay_open(dirfd, 8, &key, &e) == NULL); /* another key's */
	CHECK(replay_delete(dirfd, 8) == 0);
	CHECK(symlinkat("/etc/passwd", dirfd, "replay_0007") == 0);
	CHECK(replay_open(dirfd, 7, &key, &e) == NULL);
	teardown();
}

/* What cannot be written is not taken as seen, and leaves the file as it was. */
static void
test_full_disk(void)
{
	struct rlimit old, small;
	struct replay_log *l;
	struct errmsg e;
	uint8_t d[4][HASH_LEN];

	setup();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	l = replay_open(dirfd, 7, &key, &e);
	put(l, 0, 2);
	for (uint32_t i = 0; i < 4; i++)
		digest(d[i], 100 + i);
	small = (struct rlimit) { 3 * HASH_LEN + 30, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK(replay_append(l, d[0], 4) == -1);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK(!has(l, 100) && !has(l, 101) && replay_count(l) == 2);
	CHECK(size_of() == 3 * HASH_LEN);
	CHECK(replay_append(l, d[0], 4) == 0);
	replay_close(l);
	l = replay_open(dirfd, 7, &key, &e);
	CHECK(replay_count(l) == 6 && has(l, 103));
	replay_close(l);
	teardown();
}

TESTS(T(test_remembers), T(test_grows), T(test_zero_digest), T(test_torn_tail_is_cut),
    T(test_half_header), T(test_foreign_file_is_refused), T(test_full_disk))
