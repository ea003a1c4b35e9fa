/* Group commit: what is answered, in which order, and what lies in incoming/ then. */
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "mmtpd/intake.h"
#include "log.h"
#include "mmtpd/mmtpd.h"
#include "t.h"

#define MAX_ANSWERS 200

static uint8_t answers[MAX_ANSWERS][MMTP_ACK_LEN];
static void *answered[MAX_ANSWERS];
static size_t nanswers, ngroups;
static char dir[64];
static struct pool pool;

static void
answer(void *conn, const uint8_t ack[MMTP_ACK_LEN])
{
	answered[nanswers] = conn;
	memcpy(answers[nanswers++], ack, MMTP_ACK_LEN);
}

static void
done(void *arg)
{
	CHECK(arg == &pool);
	ngroups++;
}

static struct intake *
begin(void)
{
	const char *tmp = getenv("TMPDIR");
	struct intake *in;

	snprintf(dir, sizeof(dir), "%s/intakeXXXXXX", tmp != NULL ? tmp : "/tmp");
	CHECK(mkdtemp(dir) != NULL);
	pool_init(&pool, "incoming", open(dir, O_RDONLY | O_DIRECTORY), 0660);
	nanswers = ngroups = 0;
	in = intake_new(&pool, answer, done);
	intake_set_arg(in, &pool);
	return in;
}

static int
remove_one(const char *name, void *arg)
{
	(void)arg;
	return pool_remove(&pool, name);
}

/* The packets that lay there; nothing else may be left. */
static long
end(struct intake *in)
{
	long n = pool_scan(&pool, 0, remove_one, NULL);

	intake_free(in);
	close(pool.dirfd);
	CHECK(rmdir(dir) == 0);
	return n;
}

static void
packet_of(uint8_t p[PACKET_LEN], int fill)
{
	memset(p, fill, PACKET_LEN);
}

static void
acks_of(struct mmtp_acks *acks, int fill, int junk)
{
	struct buf frame = { 0 };
	uint8_t p[PACKET_LEN];

	packet_of(p, fill);
	mmtp_frame(&frame, acks, p, junk);
	buf_free(&frame);
}

enum answer { RECEIVED, RECEIVED_JUNK, REJECTED };

static int
is_answer(size_t i, int fill, enum answer a)
{
	struct mmtp_acks acks;

	acks_of(&acks, fill, a == RECEIVED_JUNK);
	return i < nanswers && memcmp(answers[i], a == REJECTED ? acks.rejected : acks.received,
				   MMTP_ACK_LEN) == 0;
}

static void
add(struct intake *in, void *conn, enum intake_kind kind, int fill)
{
	uint8_t p[PACKET_LEN];
	struct mmtp_acks acks;

	packet_of(p, fill);
	acks_of(&acks, fill, kind == INTAKE_JUNK);
	intake_add(in, conn, kind, p, &acks);
}

static void
test_order_and_kinds(void)
{
	struct intake *in = begin();
	int a, b;

	add(in, &a, INTAKE_JUNK, 1);
	add(in, &b, INTAKE_PACKET, 2);
	add(in, &a, INTAKE_BAD_DIGEST, 3);
	add(in, &a, INTAKE_PACKET, 4);
	CHECK(nanswers == 0); /* nothing before the commit */
	intake_commit(in);
	CHECK(nanswers == 4 && ngroups == 1);
	CHECK(is_answer(0, 1, RECEIVED_JUNK) && answered[0] == &a);
	CHECK(is_answer(1, 2, RECEIVED) && answered[1] == &b);
	CHECK(is_answer(2, 3, REJECTED) && answered[2] == &a);
	CHECK(is_answer(3, 4, RECEIVED) && answered[3] == &a);
	CHECK(end(in) == 2);
}

static int saw;

static int
look(const char *name, void *arg)
{
	uint8_t got[PACKET_LEN], want[PACKET_LEN];

	packet_of(want, *(int *)arg);
	CHECK(pool_read(&pool, name, got, PACKET_LEN) == 0);
	CHECK(memcmp(got, want, PACKET_LEN) == 0);
	saw++;
	return 0;
}

static void
test_content(void)
{
	struct intake *in = begin();
	int conn, fill = 77;

	add(in, &conn, INTAKE_PACKET, fill);
	intake_commit(in);
	saw = 0;
	pool_scan(&pool, 0, look, &fill);
	CHECK(saw == 1);
	CHECK(end(in) == 1);
}

static void
test_full_group(void)
{
	struct intake *in = begin();
	int conn;

	for (int i = 0; i < INTAKE_MAX + 3; i++)
		add(in, &conn, i % 2 ? INTAKE_PACKET : INTAKE_JUNK, i);
	CHECK(nanswers == INTAKE_MAX && ngroups == 1);
	intake_commit(in);
	CHECK(nanswers == INTAKE_MAX + 3 && ngroups == 2);
	CHECK(is_answer(INTAKE_MAX + 1, INTAKE_MAX + 1, RECEIVED));
	intake_commit(in);
	CHECK(ngroups == 2); /* an empty round is none */
	CHECK(end(in) == (INTAKE_MAX + 3) / 2);
}

static void
test_forgotten_connection(void)
{
	struct intake *in = begin();
	int a, b;

	add(in, &a, INTAKE_PACKET, 1);
	add(in, &b, INTAKE_PACKET, 2);
	intake_forget(in, &a);
	intake_commit(in);
	CHECK(nanswers == 1 && answered[0] == &b);
	CHECK(end(in) == 2);
}

/* A directory that is gone takes no file, from root neither. */
static void
test_storage_fails(void)
{
	struct intake *in = begin();
	uint64_t before = mmtpd_counters[C_REJECTED_STORAGE].n;
	int conn;

	log_setlevel(LOGL_NEVER);
	CHECK(rmdir(dir) == 0);
	add(in, &conn, INTAKE_PACKET, 1);
	add(in, &conn, INTAKE_JUNK, 2);
	intake_commit(in);
	CHECK(is_answer(0, 1, REJECTED));
	CHECK(is_answer(1, 2, RECEIVED_JUNK));
	CHECK(mmtpd_counters[C_REJECTED_STORAGE].n == before + 1);
	close(pool.dirfd);
	CHECK(mkdir(dir, 0700) == 0);
	pool.dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	add(in, &conn, INTAKE_PACKET, 3);
	intake_commit(in);
	CHECK(is_answer(2, 3, RECEIVED));
	CHECK(end(in) == 1);
}

TESTS(T(test_order_and_kinds), T(test_content), T(test_full_group), T(test_forgotten_connection),
    T(test_storage_fails))
