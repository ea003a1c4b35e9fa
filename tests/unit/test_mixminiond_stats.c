#include <unistd.h>

#include "mixminiond/stats.h"
#include "t.h"

#define DAY 86400

static uint64_t
event(const struct stats *s, const char *name)
{
	for (int i = 0; i < N_EVENTS; i++)
		if (strcmp(event_names[i], name) == 0)
			return s->event[i];
	CHECK(!"such an event");
	return 0;
}

/* Only growth counts; a process that was restarted begins at zero. */
static void
test_growth(void)
{
	struct stats s = { 0 };

	stats_count(&s, P_MMTPD, "packets_received", 10);
	stats_count(&s, P_MMTPD, "packets_received", 25);
	stats_count(&s, P_DELIVERD, "packets_received", 100); /* another's of the same name */
	stats_count(&s, P_MMTPD, "no_such_counter", 7);
	CHECK(event(&s, "ReceivedPacket") == 25);
	stats_count(&s, P_MMTPD, "packets_received", 3);
	CHECK(event(&s, "ReceivedPacket") == 28);
}

static void
test_sums(void)
{
	struct stats s = { 0 };

	stats_count(&s, P_MMTPD, "packets_sent", 5);
	stats_count(&s, P_MMTPD, "packets_rejected_by_peer", 2);
	stats_count(&s, P_MMTPD, "packets_given_up", 1);
	stats_count(&s, P_DELIVERD, "delivered", 4);
	stats_count(&s, P_DELIVERD, "deferred", 3);
	stats_count(&s, P_DELIVERD, "given_up", 1);
	CHECK(event(&s, "AttemptedRelay") == 8 && event(&s, "SuccessfulRelay") == 5);
	CHECK(event(&s, "FailedRelay") == 2 && event(&s, "UnretriableRelay") == 1);
	CHECK(event(&s, "AttemptedDelivery") == 8 && event(&s, "SuccessfulDelivery") == 4);
	CHECK(event(&s, "FailedDelivery") == 3 && event(&s, "UnretriableDelivery") == 1);
}

/* An interval has to pass, and three quarters of it to be counted; then the next full hour. */
static void
test_due(void)
{
	const int64_t t0 = 20000 * (int64_t)DAY + 600;
	struct stats s = { .since = t0, .saved = t0 };

	CHECK(stats_due(&s, DAY, t0) == t0 + DAY - 600 + 3600);
	/* Off for most of it, and back just before its end. */
	s.saved = t0 + DAY - 300;
	CHECK(stats_due(&s, DAY, t0 + DAY - 300) >= t0 + DAY - 300 + DAY / 4 * 3);
	/* All of it counted, and late. */
	s.counted = DAY;
	s.saved = t0 + 3 * DAY;
	CHECK(stats_due(&s, DAY, t0 + 3 * DAY) == t0 + 3 * DAY - 600 + 3600);
	/* Not a whole hour: to the second. */
	s = (struct stats) { .since = t0, .saved = t0 };
	CHECK(stats_due(&s, 5400, t0) == t0 + 5400);
	/* Five minutes past the hour are still that hour. */
	s.since = s.saved = 20000 * (int64_t)DAY + 240;
	CHECK(stats_due(&s, DAY, s.since) == s.since - 240 + DAY);
}

static char base[64], file[80];

static void
home(struct server_conf *c)
{
	snprintf(base, sizeof(base), "/tmp/test_statsXXXXXX");
	CHECK(mkdtemp(base) != NULL);
	snprintf(file, sizeof(file), "%s/stats", base);
	*c = (struct server_conf) { .stats_file = file };
}

static void
away(void)
{
	char pending[96];

	snprintf(pending, sizeof(pending), "%s.pending", file);
	unlink(pending);
	unlink(file);
	CHECK(rmdir(base) == 0);
}

static void
read_file(char *text, size_t size)
{
	FILE *f = fopen(file, "r");
	size_t n = f != NULL ? fread(text, 1, size - 1, f) : 0;

	text[n] = '\0';
	if (f != NULL)
		fclose(f);
}

/* What is pending survives; the time that nobody counted does not count. */
static void
test_pending(void)
{
	struct server_conf c;
	struct stats s, again;
	char pending[96];

	home(&c);
	stats_load(&s, &c, 1000);
	CHECK(s.since == 1000 && s.saved == 1000 && s.counted == 0);
	stats_count(&s, P_MMTPD, "packets_received", 10);
	s.counted = 500;
	s.saved = 1500;
	stats_save(&s, &c);
	stats_load(&again, &c, 9000);
	CHECK(again.since == 1000 && again.counted == 500 && again.saved == 9000);
	CHECK(event(&again, "ReceivedPacket") == 10);
	stats_count(&again, P_MMTPD, "packets_received", 12);
	CHECK(event(&again, "ReceivedPacket") == 12);
	/* From the future, or cut: begun anew. */
	stats_load(&again, &c, 900);
	CHECK(again.since == 900 && event(&again, "ReceivedPacket") == 0);
	snprintf(pending, sizeof(pending), "%s.pending", file);
	CHECK(truncate(pending, 60) == 0);
	stats_load(&again, &c, 9000);
	CHECK(again.since == 9000 && event(&again, "ReceivedPacket") == 0);
	away();
}

static void
test_rotate(void)
{
	char text[4096], want[64];
	struct server_conf c;
	struct stats s;

	home(&c);
	stats_load(&s, &c, 0 * DAY + 1);
	stats_count(&s, P_MMTPD, "packets_received", 10);
	CHECK(stats_rotate(&s, &c, DAY) == 0);
	CHECK(s.since == DAY && s.counted == 0 && event(&s, "ReceivedPacket") == 0);
	stats_count(&s, P_MMTPD, "packets_received", 11);
	CHECK(stats_rotate(&s, &c, 2 * DAY) == 0);
	read_file(text, sizeof(text));
	snprintf(want, sizeof(want), "========== From %s to %s:\n", "1970/01/02 00:00:00",
	    "1970/01/03 00:00:00");
	CHECK(strstr(text, want) != NULL);
	CHECK(strstr(text, "  ReceivedPacket: 10\n") != NULL);
	CHECK(strstr(text, "  ReceivedPacket: 1\n") != NULL);
	CHECK(strstr(text, "  UnretriableDelivery: 0\n") != NULL);
	CHECK(text[0] == '#' && strstr(text + 1, "#") == NULL);
	c.stats_file = base; /* a directory: it goes on */
	stats_count(&s, P_MMTPD, "packets_received", 13);
	CHECK(stats_rotate(&s, &c, 3 * DAY) == -1 && event(&s, "ReceivedPacket") == 2);
	away();
}

TESTS(T(test_growth), T(test_sums), T(test_due), T(test_pending), T(test_rotate))
