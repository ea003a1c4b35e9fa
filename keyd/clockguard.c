#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clockguard.h"
#include "files.h"
#include "infofmt.h"
#include "log.h"

#define FILE_NAME "last-seen" /* seconds since 1970, in decimal */
#define FILE_LEN  24

struct newest {
	int dirfd;
	int64_t t;
};

static int
look_at_file(const char *name, void *arg)
{
	struct newest *n = arg;
	struct stat st;

	if (fstatat(n->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime > n->t)
		n->t = st.st_mtime;
	return 0;
}

/* A home of another implementation has no such file: then its newest one has to do. */
static int64_t
last_seen(int dirfd)
{
	struct newest n = { dirfd, 0 };
	struct buf text = { 0 };
	long long t = 0;

	if (files_read(dirfd, FILE_NAME, &text, FILE_LEN, NULL) == 0 && text.len > 0)
		t = strtoll(buf_cstr(&text), NULL, 10);
	buf_free(&text);
	if (t > 0)
		return t;
	if (files_each(dirfd, ".", look_at_file, &n) == -1)
		log_warn("KeyDir cannot be listed");
	return n.t;
}

void
clockguard_init(struct clockguard *g, int dirfd, int64_t uptime)
{
	int64_t seen = last_seen(dirfd);

	*g = (struct clockguard) { .dirfd = dirfd, .known = seen > 0, .start = seen - uptime,
		.ahead = CLOCK_AWAY };
}

static void
fmt_minute(char out[32], int64_t t)
{
	char day[11];
	int64_t minute = t / 60 % (24 * 60);

	fmt_date(day, t);
	snprintf(out, 32, "%s %02d:%02d", day, (int)(minute / 60), (int)(minute % 60));
}

void
clock_span(char out[CLOCK_SPAN_LEN], int64_t seconds)
{
	static const struct {
		int64_t length;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	uint64_t left = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
	size_t at = 0, said = 0;

	snprintf(out, CLOCK_SPAN_LEN, "no time");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && said < 2; i++) {
		uint64_t n = left / (uint64_t)units[i].length;

		left %= (uint64_t)units[i].length;
		if (n == 0)
			continue;
		at += (size_t)snprintf(out + at, CLOCK_SPAN_LEN - at, "%s%" PRIu64 " %s%s",
		    said++ > 0 ? " " : "", n, units[i].name, n == 1 ? "" : "s");
	}
}

static void
say_jump(const struct clockguard *g, int64_t now)
{
	char is[32], was[32], by[CLOCK_SPAN_LEN];

	fmt_minute(is, now);
	fmt_minute(was, now - g->jump);
	clock_span(by, g->jump);
	log_errorx("the clock says %s UTC, %s %s %s: no key is made or deleted until it is right "
		   "again, or \"mixminiond confirm-clock\" says that it is right",
	    is, by, g->jump > 0 ? "after" : "before", was);
}

static void
trust(struct clockguard *g, int64_t now, int64_t uptime)
{
	g->known = 1;
	g->start = now - uptime;
	g->ahead = CLOCK_JUMP;
	g->jump = 0;
}

int
clockguard_look(struct clockguard *g, int64_t now, int64_t uptime)
{
	int64_t off = g->known ? now - uptime - g->start : 0;
	int64_t before = g->jump;

	if (off >= -CLOCK_JUMP && off <= g->ahead) {
		if (before != 0)
			log_warnx("the clock is right again");
		trust(g, now, uptime);
		return 1;
	}
	g->jump = off;
	/* Said again only if it jumps once more. */
	if (before == 0 || off - before > CLOCK_JUMP || before - off > CLOCK_JUMP)
		say_jump(g, now);
	return 0;
}

int64_t
clockguard_expected(const struct clockguard *g, int64_t now)
{
	return now - g->jump;
}

void
clockguard_confirm(struct clockguard *g, int64_t now, int64_t uptime)
{
	if (g->jump != 0)
		log_warnx("the clock is right, says an operator");
	trust(g, now, uptime);
	clockguard_note(g, now);
}

void
clockguard_note(const struct clockguard *g, int64_t now)
{
	char text[FILE_LEN];
	struct errmsg e;

	snprintf(text, sizeof(text), "%" PRId64 "\n", now);
	if (files_replace(g->dirfd, FILE_NAME, text, strlen(text), &e) == -1)
		log_warnx("KeyDir: %s", e.s);
}
