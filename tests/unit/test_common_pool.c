#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "log.h"
#include "pool.h"
#include "t.h"

#define LEN 1000

static char dir[64];
static int dirfd_;
static struct pool pool;
static uint8_t data[LEN];
static const struct chunk whole[] = { { data, LEN } };

static void
start(void)
{
	log_init("test", LOGL_NEVER);
	snprintf(dir, sizeof(dir), "/tmp/test_pool.XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY);
	pool_init(&pool, "test", dirfd_, 0660);
	for (size_t i = 0; i < LEN; i++)
		data[i] = (uint8_t)(i * 7 + 1);
}

static void
empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *de;
	char name[400];

	while (d != NULL && (de = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, de->d_name);
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (de->d_type == DT_DIR)
			empty(name);
		else
			unlink(name);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

static void
finish(void)
{
	close(dirfd_);
	empty(dir);
}

/* Number of entries whose name begins so. */
static int
count(int fd, const char *prefix)
{
	DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *de;
	int n = 0;

	while (d != NULL && (de = readdir(d)) != NULL)
		n += de->d_name[0] != '.' && strncmp(de->d_name, prefix, strlen(prefix)) == 0;
	if (d != NULL)
		closedir(d);
	return n;
}

static char last[POOL_NAME_LEN];

static int
remember(const char *name, void *arg)
{
	strcpy(last, name);
	if (arg != NULL)
		++*(int *)arg;
	return 0;
}

/* One committed file; its name is in last. */
static void
put_one(void)
{
	struct pool_batch *b = pool_batch_new(&pool, 1);

	CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
	CHECK(pool_batch_commit(b) == 0);
	pool_batch_free(b);
	CHECK(pool_scan(&pool, 0, remember, NULL) >= 1);
}

static void
test_names(void)
{
	char name[POOL_NAME_LEN];

	pool_random_name(name, &rng_system);
	CHECK(pool_name_ok(name));
	CHECK(pool_name_ok("msg_ABCDefgh0123+-xy"));
	CHECK(!pool_name_ok("msg_ABCDefgh0123+-x"));
	CHECK(!pool_name_ok("msg_ABCDefgh0123+-xyz"));
	CHECK(!pool_name_ok("msg_ABCDefgh0123/-xy"));
	CHECK(!pool_name_ok("msg_ABCDefgh0123.-xy"));
	CHECK(!pool_name_ok("inp_ABCDefgh0123+-xy"));
	CHECK(!pool_name_ok(""));
}

static void
test_batch_is_invisible_until_commit(void)
{
	struct pool_batch *b;
	uint8_t got[LEN];
	int n = 0;

	start();
	b = pool_batch_new(&pool, 3);
	for (int i = 0; i < 3; i++)
		CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
	CHECK(pool_batch_add(b, NULL, whole, 1) == -1);
	CHECK(pool_batch_len(b) == 3);
	CHECK(count(dirfd_, "msg_") == 0 && count(dirfd_, "inp_") == 3);
	CHECK(pool_batch_commit(b) == 0);
	CHECK(pool_batch_len(b) == 0);
	CHECK(count(dirfd_, "msg_") == 3 && count(dirfd_, "") == 3);
	CHECK(pool_scan(&pool, 1, remember, &n) == 3 && n == 3);
	CHECK(pool_read(&pool, last, got, LEN) == 0 && memcmp(got, data, LEN) == 0);
	pool_batch_free(b);
	finish();
}

/* More files than a process may open; what is settled still goes with the batch. */
static void
test_settled_batch(void)
{
	struct rlimit old, few = { 64, 64 };
	struct pool_batch *b;

	start();
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	few.rlim_max = old.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	for (int round = 0; round < 2; round++) {
		b = pool_batch_new(&pool, 100);
		for (int i = 0; i < 100; i++) {
			CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
			CHECK(i % 30 != 0 || pool_batch_settle(b) == 0);
		}
		CHECK(count(dirfd_, "msg_") == 0 && count(dirfd_, "inp_") == 100);
		CHECK(round == 0 || pool_batch_commit(b) == 0);
		pool_batch_free(b);
		CHECK(count(dirfd_, "") == (round == 0 ? 0 : 100));
	}
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	CHECK(count(dirfd_, "msg_") == 100);
	finish();
}

static void
test_parts_and_given_name(void)
{
	const struct chunk parts[] = { { data, 10 }, { NULL, 0 }, { data + 10, LEN - 10 } };
	const char *name = "msg_0123456789abcdef";
	struct pool_batch *b;
	struct stat st;
	uint8_t got[LEN];

	start();
	b = pool_batch_new(&pool, 2);
	CHECK(pool_batch_add(b, name, parts, 3) == 0);
	CHECK(pool_batch_commit(b) == 0);
	CHECK(pool_read(&pool, name, got, LEN) == 0 && memcmp(got, data, LEN) == 0);
	CHECK(fstatat(dirfd_, name, &st, 0) == 0 && (st.st_mode & 07777) == 0660);
	/* The same name again replaces it: one file. */
	CHECK(pool_batch_add(b, name, parts, 3) == 0);
	CHECK(pool_batch_commit(b) == 0);
	CHECK(count(dirfd_, "") == 1);
	pool_batch_free(b);
	finish();
}

/* A removal that failed left half a file under the name that the same packet gets again. */
static void
test_leftover_in_the_way(void)
{
	const char *name = "msg_AAAAAAAAAAAAAAAA";
	struct pool_batch *b;
	uint8_t got[LEN];
	int fd;

	start();
	fd = openat(dirfd_, "inp_AAAAAAAAAAAAAAAA", O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd != -1 && write(fd, "half", 4) == 4 && close(fd) == 0);
	b = pool_batch_new(&pool, 4);
	CHECK(pool_batch_add(b, name, whole, 1) == 0);
	/* In the same batch it is no leftover. */
	CHECK(pool_batch_add(b, name, whole, 1) == -1 && errno == EEXIST);
	CHECK(pool_batch_len(b) == 1 && pool_batch_commit(b) == 0);
	CHECK(pool_read(&pool, "msg_AAAAAAAAAAAAAAAA", got, LEN) == 0);
	CHECK(memcmp(got, data, LEN) == 0 && count(dirfd_, "") == 1);
	pool_batch_free(b);
	finish();
}

static void
test_abandoned_batch_leaves_nothing(void)
{
	struct pool_batch *b;

	start();
	b = pool_batch_new(&pool, 2);
	CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
	pool_batch_free(b);
	CHECK(count(dirfd_, "") == 0);
	finish();
}

/* The rename of the second file fails: a directory lies under its name. */
static void
test_failed_commit_leaves_nothing(void)
{
	struct pool_batch *b;

	start();
	b = pool_batch_new(&pool, 3);
	CHECK(mkdirat(dirfd_, "msg_0123456789abcdef", 0700) == 0);
	CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
	CHECK(pool_batch_add(b, "msg_0123456789abcdef", whole, 1) == 0);
	CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
	CHECK(pool_batch_commit(b) == -1 && errno == EISDIR);
	CHECK(pool_batch_len(b) == 0);
	CHECK(count(dirfd_, "") == 1);
	pool_batch_free(b);
	finish();
}

/* RLIMIT_FSIZE stands for the full disk: the write stops half way. */
static void
test_short_write_leaves_nothing(void)
{
	struct rlimit before, small;
	struct pool_batch *b;

	start();
	b = pool_batch_new(&pool, 3);
	CHECK(pool_batch_add(b, NULL, whole, 1) == 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
	small = before;
	small.rlim_cur = LEN / 2;
	fflush(stdout);
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	CHECK(pool_batch_add(b, NULL, whole, 1) == -1);
	CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
	CHECK(pool_batch_len(b) == 1 && count(dirfd_, "") == 1);
	CHECK(pool_batch_commit(b) == 0 && count(dirfd_, "msg_") == 1);
	pool_batch_free(b);
	finish();
}

static void
check_refused(const char *name)
{
	uint8_t got[LEN];

	CHECK(pool_read(&pool, name, got, LEN) == -1 && errno == EINVAL);
}

static void
test_read_refuses_what_is_no_file_of_ours(void)
{
	const char *a = "msg_aaaaaaaaaaaaaaaa", *b = "msg_bbbbbbbbbbbbbbbb";
	uint8_t got[LEN];

	start();
	put_one();
	CHECK(pool_read(&pool, last, got, LEN - 1) == -1 && errno == EINVAL);
	CHECK(pool_read(&pool, last, got, LEN + 0) == 0);
	CHECK(symlinkat(last, dirfd_, a) == 0);
	check_refused(a);
	CHECK(mkfifoat(dirfd_, b, 0660) == 0);
	check_refused(b); /* and does not hang */
	CHECK(mkdirat(dirfd_, "msg_cccccccccccccccc", 0700) == 0);
	check_refused("msg_cccccccccccccccc");
	CHECK(linkat(dirfd_, last, dirfd_, "msg_dddddddddddddddd", 0) == 0);
	check_refused(last);
	check_refused("../x");
	check_refused("crp_aaaaaaaaaaaaaaaa");
	CHECK(pool_read(&pool, "msg_eeeeeeeeeeeeeeee", got, LEN) == -1 && errno == ENOENT);
	finish();
}

static void
make_file(const char *name, int fd)
{
	int f = openat(fd, name, O_CREAT | O_WRONLY, 0660);

	CHECK(f != -1 && write(f, data, LEN) == LEN);
	close(f);
}

static void
test_scan_cleans(void)
{
	int n = 0;

	start();
	make_file("rmv_aaaaaaaaaaaaaaaa", dirfd_);
	make_file("inp_aaaaaaaaaaaaaaaa", dirfd_);
	make_file("foreign", dirfd_);
	make_file("msg_short", dirfd_);
	make_file("msg_aaaaaaaaaaaaaaaa", dirfd_);
	CHECK(pool_scan(&pool, 0, remember, &n) == 1);
	CHECK(count(dirfd_, "") == 5);
	/* On an edge a producer may be at work on its inp_ right now. */
	CHECK(pool_scan(&pool, 1, remember, &n) == 1);
	CHECK(count(dirfd_, "") == 4 && count(dirfd_, "inp_") == 1);
	pool.mode = 0600;
	CHECK(pool_scan(&pool, 1, remember, &n) == 1);
	CHECK(count(dirfd_, "") == 3 && count(dirfd_, "inp_") == 0);
	finish();
}

static int
stop_at_once(const char *name, void *arg)
{
	(void)name;
	++*(int *)arg;
	return -1;
}

static void
test_scan_stops(void)
{
	int n = 0;

	start();
	put_one();
	put_one();
	CHECK(pool_scan(&pool, 0, stop_at_once, &n) == 1 && n == 1);
	finish();
}

static void
test_remove_wipes(void)
{
	uint8_t got[LEN], seen = 0;
	int fd;

	start();
	put_one();
	fd = openat(dirfd_, last, O_RDONLY);
	CHECK(pool_remove(&pool, last) == 0);
	CHECK(count(dirfd_, "") == 0);
	CHECK(read(fd, got, LEN) == LEN);
	for (size_t i = 0; i < LEN; i++)
		seen |= got[i];
	CHECK(seen == 0);
	close(fd);
	CHECK(pool_remove(&pool, last) == 0);
	finish();
}

static void
test_remove_spares_others_files(void)
{
	uint8_t got[LEN];
	int fd;

	start();
	make_file("precious", dirfd_);
	CHECK(linkat(dirfd_, "precious", dirfd_, "msg_aaaaaaaaaaaaaaaa", 0) == 0);
	CHECK(symlinkat("precious", dirfd_, "msg_bbbbbbbbbbbbbbbb") == 0);
	CHECK(pool_remove(&pool, "msg_aaaaaaaaaaaaaaaa") == 0);
	CHECK(pool_remove(&pool, "msg_bbbbbbbbbbbbbbbb") == 0);
	CHECK(count(dirfd_, "") == 1);
	fd = openat(dirfd_, "precious", O_RDONLY);
	CHECK(read(fd, got, LEN) == LEN && memcmp(got, data, LEN) == 0);
	close(fd);
	finish();
}

#define MANY 70

static char many[MANY][POOL_NAME_LEN];

static int
collect(const char *name, void *arg)
{
	size_t *n = arg;

	if (*n < MANY)
		strcpy(many[(*n)++], name);
	return 0;
}

static void
test_remove_all(void)
{
	const char *names[MANY + 2] = { "msg_gonealready00000" };
	size_t n = 0;

	start();
	for (int i = 0; i < MANY; i++)
		put_one();
	CHECK(pool_scan(&pool, 0, collect, &n) == MANY && n == MANY);
	for (size_t i = 0; i < MANY; i++)
		names[i + 1] = many[i];
	CHECK(pool_remove_all(&pool, names, MANY) == 0);
	CHECK(count(dirfd_, "") == 1);
	names[MANY + 1] = "../no name of ours";
	CHECK(pool_remove_all(&pool, names + MANY, 2) == -1 && errno == EINVAL);
	CHECK(count(dirfd_, "") == 0);
	finish();
}

static void
test_quarantine_is_bounded(void)
{
	char name[POOL_NAME_LEN];
	int q, f;

	start();
	CHECK(mkdirat(dirfd_, "own", 0700) == 0);
	q = openat(dirfd_, "own", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 1030; i++) {
		snprintf(name, sizeof(name), "msg_%016d", i);
		f = openat(dirfd_, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		CHECK(f != -1 && close(f) == 0);
		CHECK(pool_quarantine(&pool, name, q) == 0);
	}
	CHECK(count(q, "crp_") == 1024);
	CHECK(symlinkat("x", dirfd_, "msg_aaaaaaaaaaaaaaaa") == 0);
	CHECK(pool_quarantine(&pool, "msg_aaaaaaaaaaaaaaaa", q) == 0);
	CHECK(count(dirfd_, "") == 1);
	make_file("msg_aaaaaaaaaaaaaaaa", dirfd_);
	CHECK(pool_quarantine(&pool, "msg_aaaaaaaaaaaaaaaa", -1) == 0);
	CHECK(count(dirfd_, "") == 1);
	close(q);
	finish();
}

static void
test_quarantine_bounds_octets(void)
{
	int q, f;

	start();
	CHECK(mkdirat(dirfd_, "own", 0700) == 0);
	q = openat(dirfd_, "own", O_RDONLY | O_DIRECTORY);
	make_file("msg_aaaaaaaaaaaaaaaa", dirfd_);
	f = openat(dirfd_, "msg_aaaaaaaaaaaaaaaa", O_WRONLY);
	CHECK(ftruncate(f, (64 << 20) + 1) == 0);
	close(f);
	CHECK(pool_quarantine(&pool, "msg_aaaaaaaaaaaaaaaa", q) == 0);
	CHECK(count(q, "crp_") == 0 && count(dirfd_, "msg_") == 0);
	close(q);
	finish();
}

static int moves_failed;

static void
count_moved(const char *name, struct pool *to, int error, void *arg)
{
	(void)name;
	(void)to;
	++*(int *)arg;
	moves_failed += error != 0;
}

static void
test_moves(void)
{
	static const uint8_t other[LEN] = { 9 };
	const struct chunk parts[] = { { other, LEN } };
	struct pool to;
	struct pool_moves *m;
	struct stat before, after;
	char name[POOL_NAME_LEN];
	uint8_t got[LEN], old[LEN];
	int moved = 0, fd;

	start();
	put_one();
	strcpy(name, last);
	CHECK(fstatat(dirfd_, name, &before, 0) == 0);
	CHECK(mkdirat(dirfd_, "to", 0700) == 0);
	pool_init(&to, "to", openat(dirfd_, "to", O_RDONLY | O_DIRECTORY), 0600);
	fd = openat(dirfd_, name, O_RDONLY);
	m = pool_moves_new(&pool, 2);
	CHECK(pool_moves_add(m, name, &to, parts, 1, &rng_system) == 0 && pool_moves_len(m) == 1);
	CHECK(pool_moves_add(m, "../x", &to, parts, 1, &rng_system) == -1 && errno == EINVAL);
	CHECK(count(dirfd_, "msg_") == 1 && count(to.dirfd, "msg_") == 0);
	pool_moves_commit(m, count_moved, &moved);
	CHECK(moved == 1 && moves_failed == 0 && pool_moves_len(m) == 0);
	CHECK(read(fd, old, LEN) == LEN && old[0] == 0 && memcmp(old, old + 1, LEN - 1) == 0);
	close(fd);
	CHECK(count(dirfd_, "msg_") == 0 && count(dirfd_, "inp_") == 0);
	CHECK(pool_scan(&to, 0, remember, NULL) == 1);
	CHECK(strcmp(last, name) != 0);
	CHECK(pool_read(&to, last, got, LEN) == 0 && memcmp(got, other, LEN) == 0);
	CHECK(fstatat(to.dirfd, last, &after, 0) == 0 && (after.st_mode & 07777) == 0600);
	CHECK(after.st_ino != before.st_ino);
	/* Into a directory that is gone: the file stays, with its new octets. */
	put_one();
	CHECK(pool_moves_add(m, last, &to, parts, 1, &rng_system) == 0);
	close(to.dirfd);
	pool_moves_commit(m, count_moved, &moved);
	CHECK(moved == 2 && moves_failed == 1);
	CHECK(pool_read(&pool, last, got, LEN) == 0 && memcmp(got, other, LEN) == 0);
	/* Not committed: nothing has happened. */
	CHECK(pool_moves_add(m, last, &to, parts, 1, &rng_system) == 0);
	pool_moves_free(m);
	CHECK(count(dirfd_, "msg_") == 1 && count(dirfd_, "inp_") == 0);
	finish();
}

TESTS(T(test_names), T(test_batch_is_invisible_until_commit), T(test_settled_batch),
    T(test_parts_and_given_name), T(test_leftover_in_the_way),
    T(test_abandoned_batch_leaves_nothing), T(test_failed_commit_leaves_nothing),
    T(test_short_write_leaves_nothing), T(test_read_refuses_what_is_no_file_of_ours),
    T(test_scan_cleans), T(test_scan_stops), T(test_remove_wipes), T(test_remove_all),
    T(test_remove_spares_others_files), T(test_quarantine_is_bounded),
    T(test_quarantine_bounds_octets), T(test_moves))
