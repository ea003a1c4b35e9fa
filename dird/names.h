/*
 * Names of hosts for dird-fetch, by c-ares: libcurl's own way needs a thread, which the sandbox
 * forbids.
 */
#ifndef DIRD_NAMES_H
#define DIRD_NAMES_H

#include <stdint.h>

#include "loop.h"

/*
 * answer is told of each question: entry is "HOST:PORT:ADDRESS,...", or NULL where the host is an
 * address; else why says what went wrong.
 */
void names_init(struct loop *l, void (*answer)(uint32_t id, const char *entry, const char *why));
/* The host of a URL, or of a proxy's. May answer at once. */
void names_ask(uint32_t id, const char *url);

#endif
