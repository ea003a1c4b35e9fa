/*
 * The rows of the promise table, for sandbox.c and its tests.
 */
#ifndef COMMON_PROMISE_H
#define COMMON_PROMISE_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox.h"

/* One condition on an argument: (value & mask) == want, or the id of the process itself. */
#define PROMISE_OWN_PID UINT64_MAX
struct arg_rule {
	unsigned arg;
	uint64_t mask;
	uint64_t want;
};

#define PROMISE_CONDS 3

/* A system call that is allowed, if all its conditions (mask not zero) hold; rows add up. */
struct call_rule {
	const char *name;
	struct arg_rule cond[PROMISE_CONDS];
};

/* A system call that is answered with an error where no promise allows it. */
struct soft_rule {
	const char *name;
	int error;
};

/*
 * Rows of a role, one after the other: at is 0 for the first call and counts up; NULL is the end.
 * one_uid leaves out what may not be done where all processes share one uid.
 */
const struct call_rule *promise_call(enum role r, int one_uid, size_t at);
const struct soft_rule *promise_soft(size_t at);
/* What a role may use up: more than any node needs, less than hurts the machine. */
struct role_limits {
	unsigned files; /* open at once; 0: as its configuration says */
	unsigned file_size, memory; /* MiB: of a file it writes, of its data */
};
const struct role_limits *promise_limits(enum role r);
/* 1 if the role speaks TCP or UDP. */
int promise_network(enum role r);

#endif
