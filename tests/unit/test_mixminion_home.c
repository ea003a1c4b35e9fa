/* What lies in UserDir: keyring, log of reply blocks, queue, fragments. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "mixminion/fragstore.h"
#include "mixminion/io.h"
#include "mixminion/keystore.h"
#include "mixminion/queue.h"
#include "mixminion/surblog.h"
#include "t.h"

#define DAY 86400

static struct home h;
static struct errmsg e;

static void
begin(void)
{
	char dir[128];
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/mixminion-test.XXXXXX", tmp != NULL ? tmp : "/tmp");
	CHECK(mkdtemp(dir) != NULL);
	CHECK(home_open(&h, dir, &e) == 0);
}

static void
end(void)
{
	char cmd[PATH_MAX + 16];

	home_close(&h);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", h.dir);
	CHECK(system(cmd) == 0);
}

static void
test_output_is_whole(void)
{
	char path[PATH_MAX];
	struct buf b = { 0 };
	struct stat st;

	begin();
	CHECK(home_path(&h, "file", path, &e) == 0);
	CHECK(output_write(path, "one", 3, &e) == 0);
	CHECK(output_write(path, "two", 3, &e) == 0);
	CHECK(input_read(path, &b, 3, &e) == 0 && b.len == 3 && memcmp(b.p, "two", 3) == 0);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(input_read(path, &b, 2, &e) == -1);
	CHECK(input_read("/nonexistent/x", &b, 10, &e) == -1);
	CHECK(output_write("/nonexistent/x", "a", 1, &e) == -1);
	buf_free(&b);
	end();
}

static void
test_open_directory_is_closed(void)
{
	char path[PATH_MAX];
	struct stat st;

	begin();
	CHECK(home_path(&h, "a/b", path, &e) == 0);
	CHECK(dir_private(path, &e) == 0);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK(home_path(&h, "file", path, &e) == 0 && output_write(path, "", 0, &e) == 0);
	CHECK(dir_private(path, &e) == -1);
	end();
}

/* A pipe that a passphrase can be read from. */
static int
pass(const char *s)
{
	int p[2];

	CHECK(pipe(p) == 0);
	CHECK(write(p[1], s, strlen(s)) == (ssize_t)strlen(s));
	close(p[1]);
	return p[0];
}

static void
test_keystore(void)
{
	struct keystore k;
	struct surb_key key, again;
	uint8_t secret[HASH_LEN];
	int fd;

	begin();
	CHECK(keystore_open(&k, &h, -1, 0, &e) == 0 && !k.exists && k.ring.n == 0);
	keystore_close(&k);
	CHECK(keystore_open(&k, &h, fd = pass("secret\n"), 1, &e) == 0);
	close(fd);
	CHECK(keystore_surb_key(&k, &h, "bob", 1000 * DAY, 1007 * DAY, &key, &e) == 0);
	CHECK(key.expires == 1090 * DAY && key.seclen == HASH_LEN);
	memcpy(secret, key.secret, HASH_LEN);
	keystore_close(&k);
	CHECK(keystore_open(&k, &h, fd = pass("other\n"), 1, &e) == KEYSTORE_WRONG_PASSPHRASE);
	close(fd);
	keystore_close(&k);
	CHECK(keystore_open(&k, &h, fd = pass("secret"), 0, &e) == 0 && k.exists);
	close(fd);
	/* The same key while it lives long enough, another one later. */
	CHECK(keystore_surb_key(&k, &h, "BOB", 1059 * DAY, 1066 * DAY, &again, &e) == 0);
	CHECK(memcmp(again.secret, secret, HASH_LEN) == 0);
	CHECK(keystore_surb_key(&k, &h, "bob", 1061 * DAY, 1066 * DAY, &again, &e) == 0);
	CHECK(memcmp(again.secret, secret, HASH_LEN) != 0);
	keystore_close(&k);
	end();
}

static void
make_surb(struct surb *s, uint8_t mark, uint32_t use_by)
{
	memset(s, 0, sizeof(*s));
	s->header[0] = mark;
	s->use_by = use_by;
}

static void
test_surblog(void)
{
	struct surb a, b;
	struct surblog l;
	char path[PATH_MAX];
	int fd;

	begin();
	make_surb(&a, 1, 10 * DAY);
	make_surb(&b, 2, 12 * DAY);
	CHECK(surblog_open(&l, &h, DAY, &e) == 0);
	CHECK(!surblog_used(&l, &a));
	CHECK(surblog_mark(&l, &a, &e) == 0 && surblog_mark(&l, &b, &e) == 0);
	CHECK(surblog_used(&l, &a) && surblog_used(&l, &b));
	surblog_close(&l);
	/* A line cut short by a crash does not count and does no harm. */
	CHECK(home_path(&h, "surbs/log", path, &e) == 0);
	fd = open(path, O_WRONLY | O_APPEND);
	CHECK(write(fd, "0123456789", 10) == 10);
	close(fd);
	CHECK(surblog_open(&l, &h, 11 * DAY, &e) == 0);
	CHECK(!surblog_used(&l, &a)); /* expired and forgotten */
	CHECK(surblog_used(&l, &b));
	CHECK(surblog_mark(&l, &a, &e) == 0);
	surblog_close(&l);
	CHECK(surblog_open(&l, &h, 9 * DAY, &e) == 0 && l.n == 2);
	surblog_close(&l);
	end();
}

static void
test_surblog_of_others(void)
{
	struct surb block = { .use_by = 1900000000 };
	struct surblog l;
	char path[PATH_MAX];
	struct buf b = { 0 };

	begin();
	CHECK(home_subdir(&h, "surbs", path, &e) == 0 && home_path(&h, "surbs/log", path, &e) == 0);
	CHECK(output_write(path, "\x13\x57\x9a\xce\nsomething\n", 15, &e) == 0);
	CHECK(surblog_open(&l, &h, 0, &e) == 0 && l.foreign);
	CHECK(surblog_mark(&l, &block, &e) == 0 && surblog_used(&l, &block));
	surblog_close(&l);
	CHECK(surblog_open(&l, &h, 0, &e) == 0 && l.foreign && surblog_used(&l, &block));
	surblog_close(&l);
	CHECK(input_read(path, &b, 100, &e) == 0 && b.len == 15); /* left as it was */
	buf_free(&b);
	end();
}

static void
test_queue(void)
{
	static uint8_t packets[3][PACKET_LEN], got[PACKET_LEN];
	struct mix_addr to[3] = { { .host = "a", .port = 1 }, { .host = "b", .port = 2 },
		{ .host = "c", .port = 3 } };
	struct queued items[3], *list;
	struct pool_batch *batch;
	char path[PATH_MAX];
	struct queue q;
	size_t n;

	begin();
	CHECK(queue_open(&q, &h, &e) == 0);
	CHECK(queue_list(&q, &list, &n, &e) == 0 && n == 0);
	free(list);
	batch = pool_batch_new(&q.pool, 3);
	for (int i = 0; i < 3; i++) {
		memset(packets[i], i + 1, PACKET_LEN);
		CHECK(queue_put(batch, packets[i], &to[i], &items[i], &e) == 0);
	}
	CHECK(queue_commit(batch, &e) == 0);
	pool_batch_free(batch);
	CHECK(queue_remove(&q, &items[1]) == 0);
	queue_close(&q);
	CHECK(queue_open(&q, &h, &e) == 0);
	CHECK(queue_list(&q, &list, &n, &e) == 0 && n == 2);
	for (size_t i = 0; i < n; i++) {
		int which = list[i].to.port - 1;

		CHECK(which == 0 || which == 2);
		CHECK_STR(list[i].to.host, to[which].host);
		CHECK(queue_read(&q, &list[i], got) == 0);
		CHECK(memcmp(got, packets[which], PACKET_LEN) == 0);
	}
	free(list);
	CHECK(queue_read(&q, &items[1], got) == -1);
	CHECK(queue_foreign(&q) == 0);
	CHECK(home_path(&h, "queue/msg_AbCdEfGh", path, &e) == 0);
	CHECK(output_write(path, "of another program", 18, &e) == 0);
	CHECK(queue_foreign(&q) == 1);
	queue_close(&q);
	end();
}

/* The first fragment's file, kept open; -1 if there is none. */
static int
open_fragment(void)
{
	char pattern[PATH_MAX];
	glob_t g;
	int fd = -1;

	if (home_path(&h, "fragments/*/0*", pattern, &e) == 0 &&
	    glob(pattern, 0, NULL, &g) == 0) {
		fd = open(g.gl_pathv[0], O_RDONLY);
		globfree(&g);
	}
	return fd;
}

static int
is_wiped(int fd)
{
	uint8_t b[4096];
	ssize_t n, all = 0;
	struct stat st;

	while ((n = read(fd, b, sizeof(b))) > 0)
		for (all += n; n > 0; n--)
			if (b[n - 1] != 0)
				return 0;
	return all > 0 && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Fragments of 100,000 octets, in two runs of the client; some come twice, some never. */
static void
test_fragments(void)
{
	static uint8_t msg[100000];
	static struct fragstore s;
	struct payloads ps;
	struct buf out = { 0 };
	size_t have, need, done = 0;
	int fd;
	struct fraginfo *list;
	size_t n;

	begin();
	rng_fill(&rng_system, msg, sizeof(msg));
	CHECK(payloads_from_message(&ps, msg, sizeof(msg), 0, NULL, 0, &rng_system, &e) == 0);
	CHECK(ps.n == 6);
	CHECK(fragstore_open(&s, &h, &e) == 0);
	CHECK(fragstore_add(&s, ps.p, ps.each, "", &out, &have, &need, &e) == 0);
	CHECK(have == 1 && need == 4);
	CHECK(fragstore_add(&s, ps.p, ps.each, "", &out, &have, &need, &e) == 0 && have == 1);
	CHECK(fragstore_add(&s, ps.p + 5 * ps.each, ps.each, "me", &out, &have, &need, &e) == 0);
	CHECK(fragstore_list(&s, &list, &n, &e) == 0 && n == 1);
	CHECK(n == 1 && list[0].have == 2 && list[0].need == 4);
	CHECK(n == 1 && strcmp(list[0].identity, "me") == 0);
	CHECK(n == 1 && memcmp(list[0].id, ps.msgid, MSGID_LEN) == 0);
	CHECK(fragstore_get(&s, ps.msgid, &out, &e) == -1 && strstr(e.s, "2 of 4") != NULL);
	free(list);
	CHECK(fragstore_finish(&s, &e) == 0);
	fragstore_close(&s);
	CHECK(fragstore_open(&s, &h, &e) == 0);
	for (size_t i = 2; i < 5 && done == 0; i++)
		done = (size_t)fragstore_add(
		    &s, ps.p + i * ps.each, ps.each, "me", &out, &have, &need, &e);
	CHECK(done == 1 && have == 4 && out.len > sizeof(msg));
	/* What could not be used stays, for another attempt. */
	fragstore_settle(&s, 0);
	fragstore_settle(&s, 1);
	CHECK(fragstore_finish(&s, &e) == 0);
	fragstore_close(&s);
	buf_reset(&out);
	CHECK(fragstore_open(&s, &h, &e) == 0);
	done = (size_t)fragstore_add(&s, ps.p + 2 * ps.each, ps.each, "", &out, &have, &need, &e);
	CHECK(done == 1 && have == 4 && out.len > sizeof(msg));
	fragstore_settle(&s, 1);
	fd = open_fragment();
	CHECK(fragstore_finish(&s, &e) == 0);
	CHECK(is_wiped(fd));
	close(fd);
	fragstore_close(&s);
	/* A late one of a finished message is not stored again. */
	CHECK(fragstore_open(&s, &h, &e) == 0);
	CHECK(fragstore_add(&s, ps.p + ps.each, ps.each, "", &out, &have, &need, &e) == 0);
	CHECK(need == 0);
	ps.p[2 * ps.each + 100] ^= 1;
	CHECK(fragstore_add(&s, ps.p + 2 * ps.each, ps.each, "", &out, &have, &need, &e) == -1);
	fragstore_close(&s);
	payloads_free(&ps);
	buf_free(&out);
	end();
}

static void
test_lock(void)
{
	struct home other;
	int status;
	pid_t pid;

	begin();
	CHECK(home_lock(&h, &e) == 0);
	pid = fork();
	if (pid == 0) {
		/* Another client waits until it is killed. */
		alarm(1);
		if (home_open(&other, h.dir, &e) == 0)
			(void)home_lock(&other, &e);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	home_unlock(&h);
	CHECK(home_open(&other, h.dir, &e) == 0 && home_lock(&other, &e) == 0);
	home_close(&other);
	end();
}

TESTS(T(test_output_is_whole), T(test_open_directory_is_closed), T(test_keystore),
    T(test_surblog), T(test_surblog_of_others), T(test_queue), T(test_fragments), T(test_lock))
