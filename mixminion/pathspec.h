/*
 * A path specification, parsed (path-spec 3.1). Private to path.c and pathspec.c.
 */
#ifndef MIXMINION_PATHSPEC_H
#define MIXMINION_PATHSPEC_H

#include "path.h"

enum path_element_kind {
	ELEM_NAME, /* a nickname, or a descriptor's file */
	ELEM_RANDOM, /* exactly n random hops: "?", "*n" */
	ELEM_ABOUT /* about n of them, at least one: "~n" */
};

struct path_element {
	enum path_element_kind kind;
	char *name;
	unsigned n;
};

struct path_spec {
	enum path_kind kind;
	struct path_element *elements;
	size_t n;
	size_t split; /* elements of the first leg, or SPLIT_LATER */
};

#define SPLIT_LATER SIZE_MAX /* in the middle of what it expands to */

#endif
