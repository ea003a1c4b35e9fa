#include <stdio.h>
#include <string.h>
#include <time.h>

#include "progress.h"
#include "ui.h"

#define CELLS	   30
#define EVERY_MS   100 /* between two drawings */
#define LINES_FROM 8 /* what is less is over before it can be read */

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
progress_bar(char *out, size_t size, const struct progress *p)
{
	char cells[CELLS + 1];
	size_t full = p->n * CELLS / p->total;

	memset(cells, '#', full);
	memset(cells + full, '.', CELLS - full);
	cells[CELLS] = '\0';
	(void)snprintf(out, size, "%s [%s] %zu of %zu packets", p->doing, cells, p->n, p->total);
}

int
progress_line_due(const struct progress *p)
{
	if (p->total < LINES_FROM || p->n == 0 || p->n == p->total)
		return 0;
	return p->n * 4 / p->total != (p->n - 1) * 4 / p->total;
}

static void
draw(struct progress *p)
{
	char bar[128];
	int64_t now = now_ms();

	if (p->n != 0 && now - p->drawn < EVERY_MS)
		return;
	progress_bar(bar, sizeof(bar), p);
	ui_bar(bar);
	p->drawn = now;
}

void
progress_begin(struct progress *p, const char *doing, const char *done, size_t total)
{
	*p = (struct progress) { .doing = doing, .done = done, .total = total };
	if (total != 0 && ui_has_terminal())
		draw(p);
}

void
progress_step(struct progress *p)
{
	if (p->n == p->total)
		return;
	p->n++;
	if (ui_has_terminal())
		draw(p);
	else if (progress_line_due(p))
		ui_info("%s: %zu of %zu packets.", p->done, p->n, p->total);
}

void
progress_end(struct progress *p)
{
	(void)p;
	ui_bar(NULL);
}
