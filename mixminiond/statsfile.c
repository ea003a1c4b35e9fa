/*
 * StatsFile, and the file beside it with what is pending. Only whole intervals go to the first: a
 * shorter one would tell more about whom it counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "proto.h"
#include "stats.h"

#define PENDING_MAX 8192
#define LAST_LINE   "end\n" /* without it the file was cut */

/* --- the processes --- */

static void
take_lines(struct stats *s, enum proc_id p, char *text)
{
	char *line, *value;

	while ((line = strsep(&text, "\n")) != NULL) {
		if ((value = strchr(line, ' ')) == NULL)
			continue;
		*value++ = '\0';
		stats_count(s, p, line, strtoull(value, NULL, 10));
	}
}

void
stats_ask(struct stats *s, const struct server_conf *c, int64_t now, int quiet)
{
	for (enum proc_id p = 0; p < P_COUNT; p++) {
		struct buf text = { 0 };

		if (!proc_wanted(c, p))
			continue;
		if (ask_text(c, p, V_STATS, &text) == 0)
			take_lines(s, p, buf_cstr(&text));
		else if (!quiet)
			log_warn("%s does not tell its counters", proc_names[p]);
		buf_free(&text);
	}
	if (now > s->saved)
		s->counted += now - s->saved;
	s->saved = now;
}

/* --- what is pending --- */

static void
pending_path(char path[512], const struct server_conf *c)
{
	snprintf(path, 512, "%s.pending", c->stats_file);
}

static void
take_number(struct stats *s, const char *name, unsigned i, int64_t n)
{
	if (strcmp(name, "since") == 0)
		s->since = n;
	else if (strcmp(name, "counted") == 0)
		s->counted = n;
	else if (strcmp(name, "event") == 0 && i < N_EVENTS)
		s->event[i] = (uint64_t)n;
	else if (strcmp(name, "total") == 0 && i < EVENT_SOURCES_MAX)
		s->total[i] = (uint64_t)n;
}

/* 1 if it is whole. */
static int
parse_pending(struct stats *s, char *text)
{
	size_t len = strlen(text), end = strlen(LAST_LINE);
	char name[16], *line;
	unsigned i;
	int64_t n;

	if (len < end || strcmp(text + len - end, LAST_LINE) != 0)
		return 0;
	while ((line = strsep(&text, "\n")) != NULL)
		if (sscanf(line, "%15s %u %" SCNd64, name, &i, &n) == 3)
			take_number(s, name, i, n);
	return s->since > 0 && s->counted >= 0;
}

void
stats_load(struct stats *s, const struct server_conf *c, int64_t now)
{
	char path[512], text[PENDING_MAX + 1];
	ssize_t n = -1;
	int fd;

	*s = (struct stats){ 0 };
	pending_path(path, c);
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) != -1) {
		n = read(fd, text, PENDING_MAX);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	if (!parse_pending(s, text) || s->since > now)
		*s = (struct stats){ .since = now };
	/* Nobody counted since it was saved. */
	s->saved = now;
}

/* In place: the directory is not for everyone who counts to write in. */
void
stats_save(const struct stats *s, const struct server_conf *c)
{
	char path[512];
	struct buf b = { 0 };
	int fd;

	buf_printf(&b, "since 0 %" PRId64 "\ncounted 0 %" PRId64 "\n", s->since, s->counted);
	for (unsigned i = 0; i < N_EVENTS; i++)
		buf_printf(&b, "event %u %" PRIu64 "\n", i, s->event[i]);
	for (unsigned i = 0; i < n_event_sources; i++)
		buf_printf(&b, "total %u %" PRIu64 "\n", i, s->total[i]);
	buf_str(&b, LAST_LINE);
	pending_path(path, c);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1 || write(fd, b.p, b.len) != (ssize_t)b.len)
		log_warn("%s", path);
	if (fd != -1)
		close(fd);
	buf_free(&b);
}

/* --- StatsFile --- */

static void
put_time(struct buf *b, int64_t when)
{
	char text[32] = "";
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%Y/%m/%d %H:%M:%S", &tm);
	buf_str(b, text);
}

void
stats_format(struct buf *out, const struct stats *s, int64_t now)
{
	buf_str(out, "========== From ");
	put_time(out, s->since);
	buf_str(out, " to ");
	put_time(out, now);
	buf_str(out, ":\n");
	for (int i = 0; i < N_EVENTS; i++)
		buf_printf(out, "  %s: %" PRIu64 "\n", event_names[i], s->event[i]);
}

int
stats_rotate(struct stats *s, const struct server_conf *c, int64_t now)
{
	int fd = open(c->stats_file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	struct buf b = { 0 };
	int rc = -1;

	if (fd == -1)
		return -1;
	if (lseek(fd, 0, SEEK_END) == 0)
		buf_str(&b, "# Statistics of a Type III remailer, in UTC. What is not yet over "
			    "is shown by \"mixminiond stats\".\n");
	stats_format(&b, s, now);
	if (write(fd, b.p, b.len) == (ssize_t)b.len) {
		memset(s->event, 0, sizeof(s->event));
		s->since = s->saved = now;
		s->counted = 0;
		rc = 0;
	}
	close(fd);
	buf_free(&b);
	return rc;
}
