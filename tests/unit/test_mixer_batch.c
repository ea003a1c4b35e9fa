/*
 * Out of mix/: which files leave, where to, and as what.
 */
#include <sys/resource.h>

#include <signal.h>

#include "mixer/batch.h"
#include "mixer/record.h"
#include "mixer/stats.h"
#include "mixer_world.h"
#include "t.h"

static struct mixpools pools;
static struct loop *loop;
static struct batch *batch;

static void
begin(void)
{
	struct pool *each[] = { &pools.incoming, &pools.own, &pools.mix, &pools.outgoing,
		&pools.deliver };
	char *path;
	int fd;

	w_begin();
	for (int i = 0; i < STAT_COUNT; i++)
		mixer_stats[i].n = 0;
	memset(&pools, 0, sizeof(pools));
	for (size_t i = 0; i < 5; i++) {
		path = w_path(w_subdirs[i], "");
		if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
			w_die(path);
		pool_init(each[i], w_subdirs[i], fd, i < 3 ? 0600 : 0640);
		free(path);
	}
	memset(pools.keyid, 0x55, HASH_LEN);
	if (batch == NULL) {
		loop = loop_new();
		batch = batch_new(loop, &pools, &rng_system);
	}
	alarm(60); /* a batch that never ends */
}

static void
end(void)
{
	struct pool *each[] = { &pools.incoming, &pools.own, &pools.mix, &pools.outgoing,
		&pools.deliver };

	for (size_t i = 0; i < 5; i++)
		close(each[i]->dirfd);
	namelist_free(&pools.ready);
	w_end();
}

/* Stops the loop when as many batches have left as wanted. */
static uint64_t wanted;

static void
stop_after(void *arg)
{
	(void)arg;
	if (mixer_stats[STAT_BATCHES].n >= wanted)
		loop_stop(loop);
}

static void
run_batches(enum mix_algorithm a, uint64_t n)
{
	struct mix_rule rule = { a, 0.6, 5 };

	wanted = mixer_stats[STAT_BATCHES].n + n;
	loop_each(loop, stop_after, NULL);
	batch_set(batch, &rule, 0);
	loop_run(loop);
}

/* A file of mix/ that may leave; the content tells which it was. */
static void
put_relay(unsigned i, const uint8_t keyid[HASH_LEN])
{
	static uint8_t rec[OUTREC_LEN];
	struct mix_addr to = { "next.example", 48099, { 0 } };

	memcpy(to.keyid, keyid, HASH_LEN);
	outrec_head(rec, &to);
	memset(rec + 512, (int)i, PACKET_LEN);
	w_write("mix", w_name(i), rec, sizeof(rec));
	namelist_push(&pools.ready, w_name(i));
}

static void
put_exit(unsigned i)
{
	static uint8_t rec[DELREC_LEN];
	static const uint8_t app_key[KEY_LEN] = { 1 };

	delrec_head(rec, RT_SMTP, (const uint8_t *)"01234567890123456789a@b", 23, app_key);
	memset(rec + DELREC_LEN - PAYLOAD_LEN, (int)i, PAYLOAD_LEN);
	w_write("mix", w_name(i), rec, sizeof(rec));
	namelist_push(&pools.ready, w_name(i));
}

static uint64_t seen_mask;
static ino_t inodes[256];
static int fresh, modes_ok;

/* Notes by its last octet which packet this was, and whether the file is a new one. */
static void
look(const char *path)
{
	struct stat st;
	uint8_t last;
	int fd = open(path, O_RDONLY);

	if (fd == -1 || fstat(fd, &st) == -1 || pread(fd, &last, 1, st.st_size - 1) != 1)
		w_die(path);
	close(fd);
	seen_mask |= (uint64_t)1 << (last & 63);
	fresh &= st.st_ino != inodes[last];
	modes_ok &= (st.st_mode & 07777) == 0640;
}

static void
remember_inode(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		w_die(path);
	inodes[strtoul(strrchr(path, '_') + 1, NULL, 10) & 255] = st.st_ino;
}

static uint64_t
look_at(const char *sub)
{
	seen_mask = 0;
	fresh = modes_ok = 1;
	w_each(sub, "", look);
	return seen_mask;
}

static const uint8_t other[HASH_LEN] = { 7 };

static void
test_each_goes_where_it_should(void)
{
	begin();
	for (unsigned i = 0; i < 20; i++)
		put_relay(i, other);
	for (unsigned i = 20; i < 30; i++)
		put_exit(i);
	put_relay(30, pools.keyid);
	w_each("mix", "msg_", remember_inode);
	run_batches(MIX_TIMED, 1);
	CHECK(w_count("mix", "") == 0);
	CHECK(w_count("outgoing", "msg_") == 20 && w_count("deliver", "msg_") == 10);
	CHECK(look_at("outgoing") == 0xfffff && fresh && modes_ok);
	CHECK(look_at("deliver") == 0x3ff00000 && fresh && modes_ok);
	CHECK(w_count("incoming/own", "msg_") == 1 && w_count("incoming", "msg_") == 0);
	CHECK(mixer_stats[STAT_RELAYED].n == 20 && mixer_stats[STAT_DELIVERED].n == 10);
	CHECK(mixer_stats[STAT_OWN].n == 1);
	end();
}

/* What awaits its COMMIT is in no list, and stays. */
static void
test_only_what_is_ready(void)
{
	struct namelist waiting = { 0 };

	begin();
	for (unsigned i = 0; i < 10; i++)
		put_relay(i, other);
	namelist_split(&pools.ready, 4, &waiting);
	run_batches(MIX_TIMED, 1);
	CHECK(w_count("mix", "msg_") == 4 && w_count("outgoing", "msg_") == 6);
	CHECK(look_at("outgoing") == 0x3f);
	namelist_free(&waiting);
	end();
}

static void
test_pool_keeps_its_minimum(void)
{
	begin();
	for (unsigned i = 0; i < 40; i++)
		put_relay(i, other);
	run_batches(MIX_DYNAMIC, 1);
	CHECK(w_count("outgoing", "msg_") == 24 && namelist_len(&pools.ready) == 16);
	run_batches(MIX_DYNAMIC, 2);
	CHECK(w_count("outgoing", "msg_") == 24 + 9 + 2 && w_count("mix", "msg_") == 5);
	end();
}

/* More than one slice, of all names no two twice. */
static void
test_large_batch(void)
{
	begin();
	for (unsigned i = 0; i < 200; i++)
		put_relay(i, other);
	run_batches(MIX_TIMED, 1);
	CHECK(w_count("mix", "") == 0 && w_count("outgoing", "msg_") == 200);
	CHECK(mixer_stats[STAT_RELAYED].n == 200);
	end();
}

static void
test_foreign_files(void)
{
	static uint8_t junk[OUTREC_LEN];

	begin();
	memset(junk, 'x', sizeof(junk));
	put_relay(0, other);
	w_write("mix", w_name(1), junk, OUTREC_LEN);
	w_write("mix", w_name(2), junk, DELREC_LEN);
	w_write("mix", w_name(3), junk, 17);
	for (unsigned i = 1; i < 5; i++) /* number 4 is gone */
		namelist_push(&pools.ready, w_name(i));
	run_batches(MIX_TIMED, 1);
	CHECK(w_count("outgoing", "msg_") == 1 && w_count("mix", "") == 0);
	CHECK(w_count("incoming/own", "crp_") == 3);
	CHECK(mixer_stats[STAT_QUARANTINED].n == 3);
	end();
}

/* A full disk: what cannot leave stays, whole, and leaves when there is room again. */
static void
test_full_disk(void)
{
	struct rlimit lim = { 1000, RLIM_INFINITY };

	begin();
	for (unsigned i = 0; i < 10; i++)
		put_relay(i, other);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &lim);
	run_batches(MIX_TIMED, 1);
	lim.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &lim);
	CHECK(w_count("mix", "") == 10 && w_count("outgoing", "") == 0);
	CHECK(namelist_len(&pools.ready) == 10);
	run_batches(MIX_TIMED, 1);
	CHECK(w_count("mix", "") == 0 && look_at("outgoing") == 0x3ff);
	end();
}

TESTS(T(test_each_goes_where_it_should), T(test_only_what_is_ready),
    T(test_pool_keeps_its_minimum), T(test_large_batch), T(test_foreign_files), T(test_full_disk))
