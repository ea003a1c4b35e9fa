/*
 * How far a long piece of work is: a bar on a terminal, a line a quarter elsewhere, nothing under
 * --quiet.
 */
#ifndef MIXMINION_PROGRESS_H
#define MIXMINION_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *doing, *done; /* "Sending", "Sent" */
	size_t n, total;
	int64_t drawn; /* when the bar was drawn last, in milliseconds */
};

void progress_begin(struct progress *p, const char *doing, const char *done, size_t total);
/* One more is done. */
void progress_step(struct progress *p);
/* Takes the bar away. */
void progress_end(struct progress *p);

/* The bar, for n of total; total is not 0. */
void progress_bar(char *out, size_t size, const struct progress *p);
/* Whether a line is due now that p->n are done: at each quarter but the last, of eight or more. */
int progress_line_due(const struct progress *p);

#endif
