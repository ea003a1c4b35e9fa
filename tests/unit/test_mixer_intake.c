/*
 * From incoming/ to mix/ with a stand-in for keyd: what is promised must hold wherever mixer or
 * keyd is killed. The intake runs in a child process; the test answers its questions.
 */
#include "mixer_keyd.h"
#include "t.h"

#define PATIENCE_MS 20000 /* then something hangs; nothing is measured */

static int
serve_until(int (*cond)(void))
{
	int64_t end = loop_now() + PATIENCE_MS;

	while (!cond() && loop_now() < end)
		serve();
	return cond();
}

static int
all_ready(void)
{
	return told->started && w_count("incoming", "msg_") == 0 &&
	    w_count("incoming/own", "msg_") == 0 && told->ready == w_count("mix", "msg_");
}

static int
dead(void)
{
	return waitpid(k.mixer, NULL, WNOHANG) == k.mixer;
}

/* Puts a packet into incoming/ as mmtpd does. */
static void
arrive(unsigned i, const uint8_t p[PACKET_LEN])
{
	char *from, *to;

	w_write("", "new", p, PACKET_LEN);
	from = w_path("", "new");
	to = w_path("incoming", w_name(i));
	if (rename(from, to) == -1)
		w_die(to);
	free(from);
	free(to);
}

static void
arrive_all_kinds(void)
{
	static uint8_t p[PACKET_LEN];

	for (unsigned i = 0; i < 3; i++) {
		w_relay_packet(p);
		arrive(i, p);
	}
	w_exit_packet(p);
	arrive(3, p);
	w_packet(p, RT_DROP, NULL, 0);
	arrive(4, p);
	w_packet(p, 0x0077, NULL, 0);
	arrive(5, p);
	w_packet(p, RT_FWD_HOST, "short", 5);
	arrive(6, p);
}
#define KINDS 7 /* packets, of which 4 stay in mix/ */
#define STEPS (2 * KINDS + 3) /* a DECRYPT for each, one COMMIT */

static size_t out_records, del_records;

static void
count_record(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		out_records += st.st_size == OUTREC_LEN;
		del_records += st.st_size == DELREC_LEN;
	}
}

/* After all packets of arrive_all_kinds: each is committed once and in mix/ once. */
static int
kinds_are_done(void)
{
	out_records = del_records = 0;
	w_each("mix", "msg_", count_record);
	return w_count("incoming", "msg_") == 0 && w_count("mix", "") == 4 && out_records == 3 &&
	    del_records == 1 && k.ndone == KINDS && !k.stray && told->in_incoming == 0;
}

static void
test_all_kinds(void)
{
	begin();
	arrive_all_kinds();
	w_write("incoming", w_name(9), w_dir, PACKET_LEN / 16);
	start(NULL);
	CHECK(serve_until(all_ready));
	CHECK(kinds_are_done());
	CHECK(told->ready == 4);
	CHECK(told->stats[STAT_UNWRAPPED] == KINDS);
	CHECK(told->stats[STAT_DROPS] == 1);
	CHECK(told->stats[STAT_BAD_TYPE] == 1);
	CHECK(told->stats[STAT_BAD_ROUTING] == 1);
	CHECK(told->stats[STAT_BY_KEYD] == 0);
	CHECK(told->stats[STAT_QUARANTINED] == 1);
	CHECK(w_count("incoming/own", "crp_") == 1);
	stop();
	w_end();
}

/* Packets that come while it runs, more than fit into the pipeline. */
static void
test_many_arrive(void)
{
	static uint8_t p[PACKET_LEN];
	const unsigned many = getenv("FEWER_CASES") != NULL ? 80 : 200;

	begin();
	start(NULL);
	for (unsigned i = 0; i < many; i++) {
		w_relay_packet(p);
		arrive(i, p);
		serve();
	}
	CHECK(serve_until(all_ready));
	CHECK(w_count("mix", "msg_") == many && k.ndone == many);
	CHECK(k.most_pending > 1 && k.most_pending <= COMMIT_MAX);
	CHECK(k.commits < many);
	stop();
	w_end();
}

/* Killed at each step of the story, then started again: nothing lost, nothing twice. */
static void
test_killed_anywhere(void)
{
	for (unsigned at = 1; at <= STEPS; at++) {
		begin();
		arrive_all_kinds();
		k.kill_at = at;
		start(NULL);
		serve_until(dead);
		close(k.fd);
		CHECK(w_count("mix", "msg_") + w_count("incoming", "msg_") >= 4);
		start(NULL);
		CHECK(serve_until(all_ready));
		CHECK(kinds_are_done());
		CHECK(told->ready == 4);
		stop();
		w_end();
	}
}

static int
all_decrypted(void)
{
	return k.steps == 2 * KINDS;
}

static int
served_and_quiet(void)
{
	struct pollfd p = { k.fd, POLLIN, 0 };

	return k.steps > 0 && poll(&p, 1, 50) == 0;
}

/* keyd goes at each step and comes back with what was committed. */
static void
test_keyd_lost_anywhere(void)
{
	char *path;

	for (unsigned at = 1; at <= STEPS; at += getenv("FEWER_CASES") != NULL ? 4 : 1) {
		begin();
		path = w_path("", "keyd.sock");
		k.listener = ipc_listen_path(path, 0600);
		arrive_all_kinds();
		k.close_at = at;
		start(path);
		CHECK(serve_until(all_ready));
		CHECK(k.closed);
		CHECK(kinds_are_done());
		CHECK(told->ready == 4);
		stop();
		close(k.listener);
		free(path);
		w_end();
	}
}

static void
test_keyd_lost_in_one_uid_mode(void)
{
	int status;

	begin();
	start(NULL);
	close(k.fd);
	CHECK(waitpid(k.mixer, &status, 0) == k.mixer);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 111);
	w_end();
}

/* The files stay where they are until the answer to COMMIT, and no batch may take one. */
static void
test_nothing_before_the_answer(void)
{
	begin();
	arrive_all_kinds();
	start(NULL);
	CHECK(serve_until(all_decrypted));
	/* COMMIT lies unread in the socket. */
	for (int i = 0; i < 1200 && w_count("mix", "msg_") < 4; i++)
		poll(NULL, 0, 50);
	CHECK(w_count("mix", "msg_") == 4);
	CHECK(w_count("incoming", "msg_") == KINDS);
	CHECK(told->ready == 0 && !told->started);
	CHECK(serve_until(all_ready));
	CHECK(kinds_are_done());
	stop();
	w_end();
}

static int
one_refused(void)
{
	return all_ready() && told->stats[STAT_BY_KEYD] == 1;
}

static int
two_refused(void)
{
	return all_ready() && told->stats[STAT_BY_KEYD] == 2;
}

/* The header's digest does not cover the payload: the first file wins, the other is a replay. */
static void
test_two_payloads_under_one_header(void)
{
	static uint8_t p[PACKET_LEN];

	begin();
	w_relay_packet(p);
	arrive(0, p);
	p[PACKET_LEN - 1] ^= 1;
	arrive(1, p);
	start(NULL);
	CHECK(serve_until(one_refused));
	CHECK(w_count("mix", "msg_") == 1 && k.ndone == 1);
	CHECK(w_count("incoming/own", "crp_") == 0);
	arrive(2, p);
	CHECK(serve_until(two_refused));
	CHECK(w_count("mix", "msg_") == 1 && k.ndone == 1);
	stop();
	w_end();
}

static void
test_later(void)
{
	begin();
	arrive_all_kinds();
	k.later = 2;
	start(NULL);
	CHECK(serve_until(all_ready));
	CHECK(kinds_are_done());
	stop();
	w_end();
	begin();
	arrive_all_kinds();
	start(NULL);
	CHECK(serve_until(all_decrypted));
	k.later = 1;
	CHECK(serve_until(all_ready));
	CHECK(kinds_are_done() && k.commits == 2);
	stop();
	w_end();
}

/* A full disk, as a limit on the size of files: everything waits, then goes on. */
static void
test_mix_cannot_be_written(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	begin();
	arrive_all_kinds();
	start_with_limit(NULL, 1000);
	CHECK(serve_until(all_decrypted));
	serve_until(served_and_quiet);
	CHECK(w_count("mix", "") == 0);
	CHECK(w_count("incoming", "msg_") >= 4);
	CHECK(prlimit(k.mixer, RLIMIT_FSIZE, &none, NULL) == 0);
	CHECK(serve_until(all_ready));
	CHECK(kinds_are_done());
	stop();
	w_end();
}

/* A packet from this node to itself lies as a record in incoming/own/. */
static void
test_own_packets(void)
{
	static uint8_t rec[OUTREC_LEN];
	struct mix_addr us = { "us.example", 48099, { 9 } };

	begin();
	outrec_head(rec, &us);
	w_exit_packet(rec + OUTREC_LEN - PACKET_LEN);
	w_write("incoming/own", w_name(0), rec, sizeof(rec));
	start(NULL);
	CHECK(serve_until(all_ready));
	CHECK(w_count("mix", "msg_") == 1 && w_count("incoming/own", "msg_") == 0);
	CHECK(w_count("incoming/own", "crp_") == 0);
	stop();
	w_end();
}

TESTS(T(test_all_kinds), T(test_many_arrive), T(test_killed_anywhere), T(test_keyd_lost_anywhere),
    T(test_keyd_lost_in_one_uid_mode), T(test_nothing_before_the_answer),
    T(test_two_payloads_under_one_header), T(test_later), T(test_mix_cannot_be_written),
    T(test_own_packets))
