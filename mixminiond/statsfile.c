/*
 * StatsFile: what was counted in each StatsInterval, added up over the processes. Only whole
 * intervals are written: a shorter one would tell more about whom it counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "mixminiond.h"

#define MAX_COUNTERS 256
#define NAME_LEN     48

struct seen {
	enum proc_id p;
	char name[NAME_LEN];
	uint64_t total; /* when it was last asked */
	uint64_t grown; /* in this interval */
};

static struct seen seen[MAX_COUNTERS];
static size_t nseen;
static time_t since;

static struct seen *
find(enum proc_id p, const char *name)
{
	for (size_t i = 0; i < nseen; i++)
		if (seen[i].p == p && strcmp(seen[i].name, name) == 0)
			return &seen[i];
	if (nseen == MAX_COUNTERS || strlen(name) >= NAME_LEN)
		return NULL;
	seen[nseen] = (struct seen){ .p = p };
	memcpy(seen[nseen].name, name, strlen(name) + 1);
	return &seen[nseen++];
}

/* One "name value" line. A process that was restarted counts from zero again. */
static void
take_line(enum proc_id p, char *line)
{
	char *value = strchr(line, ' ');
	unsigned long long n;
	struct seen *s;

	if (value == NULL)
		return;
	*value++ = '\0';
	n = strtoull(value, NULL, 10);
	if ((s = find(p, line)) == NULL)
		return;
	s->grown = n >= s->total ? n - s->total : n;
	s->total = n;
}

static void
take_all(const struct server_conf *c)
{
	for (enum proc_id p = 0; p < P_COUNT; p++) {
		struct buf text = { 0 };
		char *at, *line;

		for (size_t i = 0; i < nseen; i++)
			if (seen[i].p == p)
				seen[i].grown = 0;
		if (ask_stats(c, p, &text) == -1) {
			log_warn("%s does not tell its counters", proc_names[p]);
		} else {
			at = buf_cstr(&text);
			while ((line = strsep(&at, "\n")) != NULL)
				take_line(p, line);
		}
		buf_free(&text);
	}
}

static void
put_time(struct buf *b, time_t t)
{
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	buf_str(b, when);
}

void
statsfile_begin(const struct server_conf *c)
{
	take_all(c);
	since = time(NULL);
}

void
statsfile_write(const struct server_conf *c)
{
	time_t now = time(NULL);
	struct buf b = { 0 };
	int fd;

	take_all(c);
	buf_str(&b, "From ");
	put_time(&b, since);
	buf_str(&b, " to ");
	put_time(&b, now);
	buf_str(&b, " UTC:\n");
	for (size_t i = 0; i < nseen; i++)
		buf_printf(&b, "    %s %s %llu\n", proc_names[seen[i].p], seen[i].name,
		    (unsigned long long)seen[i].grown);
	fd = open(c->stats_file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1 || write(fd, b.p, b.len) != (ssize_t)b.len)
		log_warn("%s", c->stats_file);
	if (fd != -1)
		close(fd);
	buf_free(&b);
	since = now;
}
