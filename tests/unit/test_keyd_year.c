/*
 * A whole keyd (front, keeper, workers, walls) under clocks of our own: a year of rotation in
 * seconds, and clocks that jump. The clocks are functions of this file; the program's own are not
 * linked (common/clock.c).
 */
#include "keyd_clock.h"

/* --- key sets, as dirsync sees them --- */

struct known {
	uint32_t number;
	int64_t from, until;
	struct rsakey *key;
	struct decrypt_req last; /* was taken */
	int has_last;
};

static struct known known[SETS_MAX];
static size_t nknown;

static void
learn(const struct keyset_info *info, const uint8_t *der)
{
	struct errmsg e;

	for (size_t i = 0; i < nknown; i++)
		if (known[i].number == info->number)
			return;
	if (nknown == SETS_MAX) {
		CHECK(!"so many key sets");
		return;
	}
	known[nknown++] = (struct known) { .number = info->number, .from = info->valid_after,
		.until = info->valid_until,
		.key = rsakey_from_public_der(der, info->pubkey_len, &e) };
}

static void
forget_known(void)
{
	while (nknown > 0)
		rsakey_free(known[--nknown].key);
}

/* Two weeks and 61 hours from now on, without a gap. */
static void
check_cover(const struct keysets_rep *k)
{
	int64_t t = clocks->now;

	for (uint32_t i = 0; i < k->n; i++)
		if (k->set[i].valid_after <= t && k->set[i].valid_until > t)
			t = k->set[i].valid_until;
	CHECK(t >= clocks->now + 14 * DAY + 61 * HOUR);
}

/* How many there are now. */
static uint32_t
look_at_sets(void)
{
	static uint8_t rep[IPC_MAX_BODY];
	size_t len = ask(TO_DIRSYNC, V_KEYSETS, NULL, 0, rep, sizeof(rep));
	const uint8_t *der;
	struct keysets_rep k;

	CHECK(len > sizeof(k));
	memcpy(&k, rep, sizeof(k));
	der = rep + sizeof(k) + k.identity_len;
	for (uint32_t i = 0; i < k.n; i++) {
		learn(&k.set[i], der);
		der += k.set[i].pubkey_len;
	}
	if (!t_failed)
		check_cover(&k);
	return k.n;
}

/* RELOAD makes keyd look at its clock; two more questions, and all of it has had its effect. */
static void
wake_keyd(void)
{
	uint8_t rep[IPC_MAX_BODY];
	uint32_t status = 1;

	if (ask(TO_CONTROL, V_RELOAD, conf, strlen(conf), rep, sizeof(rep)) >= sizeof(status))
		memcpy(&status, rep, sizeof(status));
	CHECK(status == ST_OK);
	ask(TO_DIRSYNC, V_KEYSETS, NULL, 0, rep, sizeof(rep));
	ask(TO_DIRSYNC, V_KEYSETS, NULL, 0, rep, sizeof(rep));
}

/* --- packets --- */

static void
make_packet(struct decrypt_req *rq, struct rsakey *key)
{
	uint8_t plain[PK_MAX_DATA_LEN] = { PACKET_MAJOR, PACKET_MINOR };

	memset(rq, 0, sizeof(*rq));
	rng_fill(&rng_system, plain + 2, KEY_LEN + HASH_LEN);
	memcpy(rq->digest, plain + 2 + KEY_LEN, HASH_LEN);
	CHECK(rsakey_encrypt(key, &rng_system, plain, sizeof(plain), rq->block) == 0);
}

/* Answers to DECRYPT have no id. */
static void
ask_decrypt(const struct decrypt_req *rq, struct decrypt_rep *rep)
{
	struct {
		struct ipc_hdr h;
		struct decrypt_req rq;
	} q = { { .type = V_DECRYPT }, *rq };
	struct {
		struct ipc_hdr h;
		struct decrypt_rep rep;
	} a;
	struct pollfd p = { .fd = sock[TO_MIXER], .events = POLLIN };

	if (send(sock[TO_MIXER], &q, sizeof(q), MSG_NOSIGNAL) != sizeof(q) ||
	    poll(&p, 1, CALL_MS) != 1 || recv(sock[TO_MIXER], &a, sizeof(a), 0) != sizeof(a))
		CHECK(!"keyd answers DECRYPT");
	else
		*rep = a.rep;
}

/* Decrypted, and then committed: 1. */
static int
taken(const struct decrypt_req *rq)
{
	struct commit_req commit = { .n = 1 };
	struct status_rep done = { ST_FAIL };
	struct decrypt_rep rep = { .status = ST_FAIL };

	ask_decrypt(rq, &rep);
	if (rep.status != ST_OK)
		return 0;
	commit.cookie[0] = rep.cookie;
	ask(TO_MIXER, V_COMMIT, &commit, sizeof(commit), &done, sizeof(done));
	CHECK(done.status == ST_OK);
	return 1;
}

static void
check_packets(int only_refusals)
{
	for (size_t i = 0; i < nknown; i++) {
		struct known *s = &known[i];
		int valid = s->from <= clocks->now && clocks->now <= s->until + OVERLAP;
		struct decrypt_req rq;

		if (only_refusals && valid)
			continue;
		if (s->until + OVERLAP < clocks->now - 3 * DAY)
			continue; /* long gone */
		if (s->has_last)
			CHECK(!taken(&s->last)); /* a replay, and under a dead key too */
		make_packet(&rq, s->key);
		CHECK(taken(&rq) == valid);
		if (valid) {
			s->last = rq;
			s->has_last = 1;
		}
	}
}

/* Key and replay log are on the disk as long as packets are taken, and no longer. */
static void
check_files(void)
{
	char dir[64], replay[64];

	for (size_t i = 0; i < nknown; i++) {
		int dead = clocks->now > known[i].until + OVERLAP;

		snprintf(dir, sizeof(dir), "keys/key_%04u", (unsigned)known[i].number);
		snprintf(replay, sizeof(replay), "work/replay/replay_%04u",
		    (unsigned)known[i].number);
		CHECK(there(dir) == !dead);
		CHECK(there(replay) == (known[i].from <= clocks->now && !dead));
	}
}

static void
check_certificate(void)
{
	static struct {
		struct certify_rep rep;
		uint8_t rest[8192];
	} answer;
	struct {
		struct certify_req rq;
		uint8_t spki[CERTIFY_SPKI_MAX];
	} q = { .rq = { .kind = CERT_MODERN } };
	EVP_PKEY *link = EVP_EC_gen("P-256");
	unsigned char *p = q.spki;

	q.rq.spki_len = (uint32_t)i2d_PUBKEY(link, &p);
	ask(TO_MMTPD, V_CERTIFY, &q, sizeof(q.rq) + q.rq.spki_len, &answer, sizeof(answer));
	CHECK(answer.rep.status == ST_OK && answer.rep.not_after == clocks->now + 26 * HOUR);
	EVP_PKEY_free(link);
}

/* --- the tests --- */

static const int64_t noon = 20500 * (int64_t)DAY + 12 * HOUR; /* some day of 2026 */

/* Does a key begin or end, or an overlap end, on this day? */
static int
eventful(int64_t midnight)
{
	for (size_t i = 0; i < nknown; i++) {
		int64_t last = known[i].until + OVERLAP;

		if (known[i].from == midnight || known[i].until == midnight ||
		    last - last % DAY == midnight)
			return 1;
	}
	return 0;
}

/*
 * Every noon, and on some days around midnight, where keys begin and end, and around the end of an
 * overlap of 30 hours.
 */
static void
test_year(void)
{
	static const int64_t moments[] = { -1, 0, 1, 6 * HOUR, 6 * HOUR + 1, 12 * HOUR };
	size_t last = sizeof(moments) / sizeof(moments[0]) - 1;
	int days = getenv("FEWER_CASES") != NULL ? 50 : 365;
	int64_t midnight = noon + 12 * HOUR;

	begin(noon);
	CHECK(look_at_sets() == 1);
	check_packets(0);
	for (int day = 0; day < days && !t_failed; day++, midnight += DAY) {
		for (size_t i = eventful(midnight) ? 0 : last; i <= last; i++) {
			pass_until(midnight + moments[i]);
			check_packets(1); /* whether or not keyd has looked at the clock */
			if (moments[i] == 0 || moments[i] > 6 * HOUR) {
				wake_keyd();
				look_at_sets();
				check_files();
			}
			check_packets(0);
		}
		check_certificate();
	}
	/* Two live ones at most, and one that is to come; none was made twice. */
	CHECK(look_at_sets() <= 3);
	CHECK(nknown == (size_t)(days + 17) / 21 + 1 || nknown == (size_t)(days + 17) / 21 + 2);
	CHECK(strstr(log_text(), "the clock") == NULL);
	end();
	forget_known();
}

/* A replay log that a crash left behind goes; that of a key that is no good stays. */
static void
test_left_log(void)
{
	begin(noon);
	look_at_sets();
	stop_keyd();
	close(open(at("work/replay/replay_0077"), O_WRONLY | O_CREAT, 0600));
	close(open(at("work/replay/replay_0078"), O_WRONLY | O_CREAT, 0600));
	CHECK(mkdir(at("keys/key_0078"), 0700) == 0);
	start_keyd();
	look_at_sets();
	CHECK(!there("work/replay/replay_0077"));
	CHECK(there("work/replay/replay_0001") && there("work/replay/replay_0078"));
	end();
	forget_known();
}

/* Back after a while: what began and ended meanwhile is as if keyd had run. */
static void
test_away(void)
{
	begin(noon);
	look_at_sets();
	stop_keyd();
	clocks->now += 2 * DAY;
	clocks->uptime = 5; /* the machine was off */
	start_keyd();
	look_at_sets();
	check_packets(0);
	CHECK(strstr(log_text(), "the clock") == NULL);
	end();
	forget_known();
}

/* What cannot be taken by that clock waits: it may be wrong. */
static void
check_waiting(void)
{
	struct decrypt_rep rep = { .status = ST_OK };
	struct decrypt_req rq;

	make_packet(&rq, known[0].key);
	ask_decrypt(&rq, &rep);
	CHECK(rep.status == ST_LATER);
}

static void
check_in_doubt(const char *what)
{
	wake_keyd();
	CHECK(strstr(log_text(), what) != NULL);
	CHECK(there("keys/key_0001"));
	check_packets(1);
}

static uint32_t
count_sets(void)
{
	uint8_t rep[IPC_MAX_BODY];
	struct keysets_rep k;

	ask(TO_DIRSYNC, V_KEYSETS, NULL, 0, rep, sizeof(rep));
	memcpy(&k, rep, sizeof(k));
	return k.n;
}

static uint64_t
doubt(void)
{
	char text[IPC_MAX_BODY + 1];
	size_t n;
	const char *line;

	count_sets(); /* when it answers, it has looked at the clock */
	n = ask(TO_CONTROL, V_STATS, NULL, 0, text, IPC_MAX_BODY);
	text[n] = '\0';
	line = strstr(text, "clock_doubt_seconds ");
	return line != NULL ? strtoull(line + strlen("clock_doubt_seconds "), NULL, 10) : 1;
}

/* Forward while it runs, by so much that all keys look dead; then right again. */
static void
test_jump_forward(void)
{
	begin(noon);
	CHECK(look_at_sets() == 1);
	clocks->now += 50 * DAY + 2 * HOUR;
	check_waiting(); /* before keyd has looked at the clock */
	check_in_doubt("50 days 2 hours after");
	check_waiting();
	CHECK(count_sets() == 1 && doubt() == 50 * DAY + 2 * HOUR);
	clocks->now -= 50 * DAY + 2 * HOUR;
	wake_keyd();
	CHECK(strstr(log_text(), "the clock is right again") != NULL && doubt() == 0);
	CHECK(look_at_sets() == 1);
	check_packets(0);
	end();
	forget_known();
}

/* Back, so that the key is not valid yet; and forward for good, which an operator confirms. */
static void
test_confirmed(void)
{
	struct {
		struct status_rep status;
		char said[256];
	} rep = { { ST_FAIL }, "" };

	begin(noon);
	CHECK(look_at_sets() == 1);
	clocks->now -= 3 * DAY;
	check_in_doubt("3 days before");
	check_waiting();
	CHECK(count_sets() == 1 && doubt() == 3 * DAY);
	clocks->now += 3 * DAY + 40 * DAY;
	check_in_doubt("40 days after");
	check_waiting();
	CHECK(count_sets() == 1);
	ask(TO_CONTROL, V_CONFIRM_CLOCK, NULL, 0, &rep, sizeof(rep));
	CHECK(rep.status.status == ST_OK);
	CHECK(count_sets() == 1 && count_sets() == 1); /* all of it has had its effect */
	CHECK(!there("keys/key_0001") && there("keys/key_0002") && doubt() == 0);
	look_at_sets();
	check_packets(0);
	end();
	forget_known();
}

/* keyd was off, and the machine came up with a wrong clock. */
static void
test_wrong_at_start(void)
{
	begin(noon);
	CHECK(look_at_sets() == 1);
	stop_keyd();
	clocks->now += 4 * DAY;
	clocks->uptime = 5;
	start_keyd();
	check_in_doubt("4 days after");
	/* A restart does not make it right. */
	stop_keyd();
	start_keyd();
	CHECK(doubt() == 4 * DAY);
	stop_keyd();
	clocks->now -= 4 * DAY + 2 * HOUR;
	start_keyd();
	check_in_doubt("2 hours before");
	pass_until(clocks->now + DAY); /* neither does time */
	wake_keyd();
	CHECK(doubt() == 2 * HOUR);
	clocks->now += 2 * HOUR;
	wake_keyd();
	CHECK(doubt() == 0);
	check_packets(0);
	end();
	forget_known();
}

int
main(void)
{
	static const struct t_test all[] = { T(test_jump_forward), T(test_year), T(test_left_log),
		T(test_away), T(test_confirmed), T(test_wrong_at_start) };

	crypto_init();
	clocks = mmap(NULL, sizeof(*clocks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	/* Under valgrind making a key takes ten seconds. */
	return t_main(all, getenv("FEWER_CASES") != NULL ? 2 : sizeof(all) / sizeof(all[0]));
}
