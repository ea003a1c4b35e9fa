#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cycle.h"
#include "dirtext.h"

#define DAY   86400
#define HOUR  3600
#define ENTRY "Voting-Period"

struct cycle
cycle_at(int64_t now, int64_t interval)
{
	return (struct cycle){ interval, now / interval * interval + interval };
}

struct cycle
cycle_next(const struct cycle *c)
{
	return (struct cycle){ c->interval, c->end + c->interval };
}

/* In twelfths of the time from the first fetch of a vote to the end: an hour in a day. */
int64_t
cycle_when(const struct cycle *c, enum cycle_time t)
{
	static const int64_t before_end[] = { [CYCLE_VOTE] = 14, [CYCLE_COLLECT] = 12,
		[CYCLE_TALLY] = 7, [CYCLE_SIGNATURES] = 6, [CYCLE_PUBLISH] = 0 };
	int64_t hour = c->interval >= DAY ? HOUR * 1000 : c->interval * 500;

	return c->end * 1000 - before_end[t] * hour / 12;
}

int64_t
cycle_valid_after(const struct cycle *c)
{
	return c->end / DAY * DAY;
}

void
cycle_name(char out[CYCLE_NAME_LEN], const struct cycle *c)
{
	char date[11];
	int64_t s = c->end % DAY;

	fmt_date(date, c->end);
	if (c->interval >= DAY)
		snprintf(out, CYCLE_NAME_LEN, "%s", date);
	else
		snprintf(out, CYCLE_NAME_LEN, "%s-%02d%02d%02d", date, (int)(s / HOUR),
		    (int)(s % HOUR / 60), (int)(s % 60));
}

static void
mark_line(char out[64], const struct cycle *c)
{
	char when[20];

	fmt_time(when, c->end);
	snprintf(out, 64, ENTRY ": %s", when);
}

void
cycle_mark(struct buf *body, const struct cycle *c)
{
	const char *text = buf_cstr(body);
	size_t at = dirtext_find(text, body->len, 0, "[Recommended-Software]");
	struct buf marked = { 0 };
	char line[64];

	if (c->interval >= DAY)
		return;
	mark_line(line, c);
	buf_put(&marked, body->p, at);
	buf_printf(&marked, "%s\n", line);
	buf_put(&marked, body->p + at, body->len - at);
	buf_free(body);
	*body = marked;
}

int
cycle_marked(const char *text, size_t len, const struct cycle *c)
{
	size_t head = dirtext_find(text, len, 0, "[Directory-Info]");
	size_t end = dirtext_find(text, len, head, "[Recommended-Software]");
	char line[64];

	if (c->interval >= DAY)
		return 1;
	mark_line(line, c);
	return dirtext_find(text, end, head, line) < end;
}
