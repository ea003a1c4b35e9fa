/*
 * Mails of one routing type by the time of their next attempt: a binary heap of small entries,
 * least first.
 */
#ifndef LANE_H
#define LANE_H

#include "pool.h"

struct mailq_entry {
	char name[POOL_NAME_LEN];
	uint16_t rtype;
	uint8_t left; /* bit i: recipient i still waits */
	uint32_t attempts;
	int64_t next; /* daemon_steady */
	uint32_t wait; /* seconds from the last attempt to it */
};

struct lane {
	uint16_t rtype;
	struct mailq_entry **heap;
	size_t n;
	size_t cap;
};

void lane_push(struct lane *l, struct mailq_entry *e); /* owns it from now on */
struct mailq_entry *lane_pop(struct lane *l); /* the least; there must be one */
/* How many are due at now, or max if there are more. */
size_t lane_due(const struct lane *l, int64_t now, size_t max);
void lane_free(struct lane *l);

#endif
