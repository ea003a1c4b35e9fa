/*
 * A fuzz harness: LLVMFuzzerTestOneInput for one parser, and what has to hold for whatever it
 * takes. A line "link: FLAG..." in a harness's opening comment adds flags of the linker.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What must hold; a finding if it does not. */
#define HOLDS(cond)                                                                   \
	do {                                                                          \
		if (!(cond)) {                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);    \
			abort();                                                      \
		}                                                                     \
	} while (0)

/* An object of fixed size from the input: cut, or filled with zeros. */
static inline void
fuzz_fixed(struct rd *r, void *to, size_t len)
{
	size_t n = rd_left(r) < len ? rd_left(r) : len;

	memset(to, 0, len);
	rd_copy(r, to, n);
}

#endif
