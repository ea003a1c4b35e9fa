/*
 * Which of the known names somebody may have meant who typed another one.
 */
#ifndef MIXMINION_NEAREST_H
#define MIXMINION_NEAREST_H

#include "bytes.h"

#define NEAREST_MAX 3

/* The best offers so far, the nearest first. Zero-initialised but for typed. Names are borrowed. */
struct nearest {
	const char *typed;
	const char *name[NEAREST_MAX];
	unsigned distance[NEAREST_MAX];
	size_t n;
};

/* Takes a known name into account. */
void nearest_offer(struct nearest *n, const char *name);
/* Appends "; did you mean A, B or C?", or nothing where no name is near. */
void nearest_say(struct buf *out, const struct nearest *n);

#endif
