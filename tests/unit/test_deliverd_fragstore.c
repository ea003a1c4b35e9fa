/*
 * Fragments at an exit (E2E-spec 2.3.3): kept on disk, rebuilt at start, handed over once,
 * bounded on arrival.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../deliverd/deliverd.h"
#include "compress.h"
#include "t.h"

#define NOW 1795231569

static char dir[200];
static int fd;
static const struct fragstore_limits limits = { 24, 400000, 2 * 86400, 1000 };

/* What deliver got. */
static struct {
	int calls;
	int commits;
	int fail_deliver, fail_commit;
	char name[POOL_NAME_LEN];
	uint16_t rt;
	struct buf info, rest;
} got;

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/mixf.XXXXXX", tmp != NULL ? tmp : "/tmp");
	CHECK(mkdtemp(dir) != NULL);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < C_COUNT; i++)
		counters[i].n = 0;
	memset(&got, 0, sizeof(got));
}

static int
each_file(int remove_them)
{
	int n = 0;
	DIR *d = opendir(dir);
	struct dirent *de;

	while ((de = readdir(d)) != NULL) {
		n += strncmp(de->d_name, "msg_", 4) == 0;
		if (remove_them && de->d_name[0] != '.')
			unlinkat(fd, de->d_name, 0);
	}
	closedir(d);
	return n;
}

static void
teardown(void)
{
	each_file(1);
	close(fd);
	CHECK(rmdir(dir) == 0);
	buf_free(&got.info);
	buf_free(&got.rest);
}

static int
deliver(void *arg, const char *name, uint16_t rt, struct chunk info, struct chunk rest)
{
	(void)arg;
	if (got.fail_deliver)
		return -1;
	got.calls++;
	strlcpy(got.name, name, sizeof(got.name));
	got.rt = rt;
	buf_reset(&got.info);
	buf_reset(&got.rest);
	buf_put(&got.info, info.p, info.len);
	buf_put(&got.rest, rest.p, rest.len);
	return 0;
}

static int
commit(void *arg)
{
	(void)arg;
	got.commits++;
	return got.fail_commit ? -1 : 0;
}

static struct fragstore *
open_store(void)
{
	struct fragstore *f = fragstore_open(fd, &limits);

	CHECK(fragstore_load(f, NOW) == 0);
	return f;
}

/* Fragments of a message to "SMTP a@b.example": no headers, a line feed, len - 1 random octets. */
static void
make(struct payloads *ps, size_t len)
{
	struct buf prefix = { 0 }, msg = { 0 };

	server_side_prefix(&prefix, RT_SMTP, "a@b.example", 11);
	rng_fill(&rng_system, buf_space(&msg, len), len);
	msg.p[0] = '\n';
	CHECK(payloads_from_message(
		  ps, msg.p, msg.len, 0, prefix.p, prefix.len, &rng_system, NULL) == 0);
	buf_free(&prefix);
	buf_free(&msg);
}

static void
feed(struct fragstore *f, const struct payloads *ps, size_t i)
{
	CHECK(fragstore_add(f, ps->p + i * ps->each, NOW) == 0);
	CHECK(fragstore_commit(f) == 0);
}

static int
finish(struct fragstore *f)
{
	return fragstore_finish(f, deliver, commit, NULL, NOW);
}

/*
 * 50 KB: two of three fragments suffice; the third comes late and is known as of a finished
 * message.
 */
static void
test_whole(void)
{
	struct payloads ps;
	struct fragstore *f;
	struct delivery d;

	setup();
	make(&ps, 50000);
	CHECK(ps.n == 3);
	f = open_store();
	feed(f, &ps, 2);
	CHECK(finish(f) == 0 && got.calls == 0 && each_file(0) == 1);
	feed(f, &ps, 0);
	CHECK(each_file(0) == 2);
	CHECK(finish(f) == 0 && got.calls == 1);
	CHECK(
	    got.rt == RT_SMTP && got.info.len == 11 && memcmp(got.info.p, "a@b.example", 11) == 0);
	delivery_from_compressed(&d, got.rest.p, got.rest.len);
	CHECK(!d.error && d.contents.len == 49999);
	delivery_free(&d);
	CHECK(each_file(0) == 0 && fragstore_messages(f) == 0 && fragstore_fragments(f) == 0);
	feed(f, &ps, 1);
	CHECK(finish(f) == 0 && got.calls == 1 && each_file(0) == 0);
	CHECK(counters[C_FRAGMENTS_FINISHED].n == 1 && counters[C_FRAGMENTED_COMPLETED].n == 1);
	fragstore_free(f);
	f = open_store();
	feed(f, &ps, 1);
	CHECK(counters[C_FRAGMENTS_FINISHED].n == 2 && each_file(0) == 0);
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

/* A new process after every fragment; duplicates are known across them. */
static void
test_restarts(void)
{
	struct payloads ps;
	struct fragstore *f;

	setup();
	make(&ps, 150000);
	CHECK(ps.n == 11);
	for (size_t i = 3; i < 10; i++) {
		f = open_store();
		feed(f, &ps, i);
		feed(f, &ps, i);
		CHECK(finish(f) == 0 && got.calls == 0);
		CHECK(fragstore_fragments(f) == i - 2);
		fragstore_free(f);
	}
	CHECK(counters[C_FRAGMENTS_UNNEEDED].n == 7 && each_file(0) == 7);
	f = open_store();
	feed(f, &ps, 10);
	CHECK(finish(f) == 0 && got.calls == 1 && each_file(0) == 0);
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

/*
 * No more than max_held on disk, whoever sends what: new messages are begun up to three quarters of
 * it, those that have begun go on up to all of it, and finish.
 */
static void
test_space(void)
{
	struct fragstore_limits small = limits;
	struct payloads first, other;
	struct fragstore *f;

	setup();
	small.max_held = 8;
	f = open_store();
	fragstore_limits(f, &small);
	make(&first, 150000);
	CHECK(first.n == 11);
	feed(f, &first, 0);
	for (int i = 0; i < 7; i++) {
		make(&other, 50000);
		feed(f, &other, 0);
		payloads_free(&other);
	}
	CHECK(each_file(0) == 6 && fragstore_fragments(f) == 6);
	CHECK(counters[C_FRAGMENTS_NO_ROOM].n == 2);
	for (size_t i = 1; i < 5; i++)
		feed(f, &first, i);
	CHECK(each_file(0) == 8 && counters[C_FRAGMENTS_NO_ROOM].n == 4);
	/* A new process finds as much, and room is made by the time that messages have. */
	fragstore_free(f);
	f = open_store();
	fragstore_limits(f, &small);
	feed(f, &first, 3);
	CHECK(each_file(0) == 8 && counters[C_FRAGMENTS_NO_ROOM].n == 5);
	small.max_held = 1000;
	fragstore_limits(f, &small);
	for (size_t i = 3; i < 8; i++)
		feed(f, &first, i);
	CHECK(finish(f) == 0 && got.calls == 1 && each_file(0) == 5);
	fragstore_expire(f, NOW + 3 * 86400);
	CHECK(finish(f) == 0 && got.calls == 1 && each_file(0) == 0);
	CHECK(counters[C_FRAGMENTED_EXPIRED].n == 5);
	fragstore_free(f);
	payloads_free(&first);
	teardown();
}

/*
 * Dying between any two steps of the end: the same name is handed over again, and nothing is
 * lost.
 */
static void
test_crash_at_end(void)
{
	struct payloads ps;
	struct fragstore *f;
	char name[POOL_NAME_LEN];

	setup();
	make(&ps, 50000);
	f = open_store();
	feed(f, &ps, 0);
	feed(f, &ps, 1);
	fragstore_free(f); /* whole, and not yet handed over */
	f = open_store();
	got.fail_deliver = 1;
	CHECK(finish(f) == -1 && each_file(0) == 2);
	got.fail_deliver = 0;
	got.fail_commit = 1;
	CHECK(finish(f) == -1 && got.calls == 1 && each_file(0) == 2);
	strlcpy(name, got.name, sizeof(name));
	fragstore_free(f); /* handed over, not durable or not noted */
	got.fail_commit = 0;
	f = open_store();
	CHECK(finish(f) == 0 && got.calls == 2 && each_file(0) == 0);
	CHECK_STR(got.name, name);
	CHECK(pool_name_ok(name));
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

/* Noted as finished, fragments still there: they go at start. */
static void
test_crash_after_note(void)
{
	struct payloads ps;
	struct fragstore *f;
	char path[300], other[300];

	setup();
	make(&ps, 50000);
	f = open_store();
	feed(f, &ps, 0);
	feed(f, &ps, 1);
	snprintf(path, sizeof(path), "%s/finished", dir);
	CHECK(finish(f) == 0);
	fragstore_free(f);
	snprintf(other, sizeof(other), "%s/aside", dir);
	CHECK(rename(path, other) == 0);
	f = open_store();
	feed(f, &ps, 0);
	feed(f, &ps, 1);
	fragstore_free(f);
	CHECK(rename(other, path) == 0 && each_file(0) == 2);
	f = open_store();
	CHECK(each_file(0) == 0 && fragstore_messages(f) == 0);
	CHECK(finish(f) == 0 && got.calls == 1);
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

/*
 * Another content under an index, and another size under an id: the whole message goes, and its
 * id is finished.
 */
static void
test_contradictions(void)
{
	struct payloads ps;
	struct fragstore *f;
	uint8_t forged[PAYLOAD_LEN], *data;

	for (int size = 0; size < 2; size++) {
		setup();
		make(&ps, 50000);
		f = open_store();
		feed(f, &ps, 0);
		CHECK((data = malloc(PAYLOAD_LEN)) != NULL);
		memset(data, 1, PAYLOAD_LEN);
		payload_build_fragment(
		    forged, 0, ps.msgid, be32(ps.p + 43) + (uint32_t)size, data, 0);
		CHECK(fragstore_add(f, forged, NOW) == 0);
		CHECK(fragstore_commit(f) == 0 && finish(f) == 0);
		CHECK(counters[C_FRAGMENTS_CONTRADICTING].n == 1);
		CHECK(counters[C_FRAGMENTED_REJECTED].n == 1 && each_file(0) == 0);
		feed(f, &ps, 1);
		feed(f, &ps, 0);
		CHECK(finish(f) == 0 && got.calls == 0);
		CHECK(counters[C_FRAGMENTS_FINISHED].n == 2 && each_file(0) == 0);
		free(data);
		fragstore_free(f);
		payloads_free(&ps);
		teardown();
	}
}

/* E7: Maximum-Fragments on arrival; garbage, singletons; fragments while they are switched off. */
static void
test_bounds(void)
{
	static const struct fragstore_limits off = { 0, 0, 0, 1000 };
	struct payloads ps;
	struct fragstore *f;
	uint8_t junk[PAYLOAD_LEN];

	setup();
	make(&ps, 500000);
	CHECK(ps.n > 24);
	f = open_store();
	feed(f, &ps, 0);
	CHECK(counters[C_FRAGMENTS_TOO_MANY].n == 1 && each_file(0) == 0);
	memset(junk, 0xff, sizeof(junk));
	CHECK(fragstore_add(f, junk, NOW) == 0);
	payload_build_singleton(junk, "x", 1, 0, &rng_system);
	CHECK(fragstore_add(f, junk, NOW) == 0);
	CHECK(counters[C_FRAGMENTS_BAD].n == 2 && each_file(0) == 0);
	payloads_free(&ps);
	fragstore_limits(f, &off);
	make(&ps, 50000);
	feed(f, &ps, 0);
	CHECK(counters[C_DROPS_DISABLED_TYPE].n == 1 && each_file(0) == 0);
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

static void
test_expiry(void)
{
	struct payloads ps;
	struct fragstore *f;

	setup();
	make(&ps, 50000);
	f = open_store();
	feed(f, &ps, 0);
	fragstore_expire(f, NOW + 86400);
	CHECK(finish(f) == 0 && fragstore_messages(f) == 1);
	fragstore_free(f);
	f = open_store();
	fragstore_expire(f, NOW + limits.max_interval + 2 * 3600);
	CHECK(finish(f) == 0 && fragstore_messages(f) == 0 && each_file(0) == 0);
	CHECK(counters[C_FRAGMENTED_EXPIRED].n == 1 && got.calls == 0);
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

/* A fragment that could not be written is not counted on: it can come again. */
static void
test_failed_write(void)
{
	struct payloads ps;
	struct fragstore *f;
	DIR *d;
	struct dirent *de;

	setup();
	make(&ps, 50000);
	f = open_store();
	CHECK(fragstore_add(f, ps.p, NOW) == 0);
	d = opendir(dir);
	while ((de = readdir(d)) != NULL)
		if (strncmp(de->d_name, "inp_", 4) == 0)
			unlinkat(fd, de->d_name, 0);
	closedir(d);
	CHECK(fragstore_commit(f) == -1);
	feed(f, &ps, 0);
	CHECK(each_file(0) == 1 && counters[C_FRAGMENTS_UNNEEDED].n == 0);
	feed(f, &ps, 1);
	CHECK(finish(f) == 0 && got.calls == 1);
	fragstore_free(f);
	payloads_free(&ps);
	teardown();
}

static void
test_conf_limits(void)
{
	struct server_conf c = { .frag_enabled = 1, .frag_max_size = 100 * 1024,
		.frag_max_interval = 77 };
	struct fragstore_limits l;

	fragstore_conf_limits(&l, &c);
	CHECK(l.max_fragments == 6 && l.max_size == 102400 && l.max_interval == 77);
	c.frag_enabled = 0;
	fragstore_conf_limits(&l, &c);
	CHECK(l.max_fragments == 0);
}

TESTS(T(test_whole), T(test_restarts), T(test_space), T(test_crash_at_end),
    T(test_crash_after_note),
    T(test_contradictions), T(test_bounds), T(test_expiry), T(test_failed_write),
    T(test_conf_limits))
