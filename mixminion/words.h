/*
 * A line into words, as a shell does it: blanks separate, quotes and backslashes protect, '#'
 * begins a comment. Nothing is expanded.
 */
#ifndef MIXMINION_WORDS_H
#define MIXMINION_WORDS_H

#include "mix.h"

#define WORDS_MAX 128

/* The words, NULL behind the last; storage is line itself, which is changed. -1 with a reason. */
int words_split(char *line, char *words[WORDS_MAX + 1], struct errmsg *e);

#endif
