/*
 * The cells: one table, role -> promises -> system calls (seccomp, default KILL_PROCESS), and
 * Landlock for paths. sandbox.c holds the code, promise.c the table.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stddef.h>

#include "mix.h"

enum role {
	ROLE_KEYD_FRONT,
	ROLE_KEYD_WORKER,
	ROLE_KEYD_KEEPER,
	ROLE_MIXER,
	ROLE_MMTPD,
	ROLE_DELIVERD,
	ROLE_DIRSYNC,
	ROLE_DIRSYNC_NET,
	ROLE_DIRSYNC_FETCH,
	ROLE_DIRSYNC_PARSE,
	ROLE_DIRD_CORE,
	ROLE_DIRD_SIGN,
	ROLE_DIRD_HTTP,
	ROLE_DIRD_FETCH,
	ROLE_COUNT
};

const char *role_name(enum role r);

/* What Landlock lets a process do below a path. */
#define SB_READ  0x1 /* read files, list directories */
#define SB_WRITE 0x2 /* write to, make, rename and remove regular files */
#define SB_REFER 0x4 /* move files from or to here */
#define SB_TREE  0x8 /* make, rename and remove directories and symbolic links too (key sets) */

struct sandbox_path {
	const char *path;
	unsigned rights;
};

#define SB_ONE_UID    0x1 /* connect(AF_UNIX) is forbidden too */
#define SB_UNCONFINED 0x2 /* the node may run without Landlock (logged) */

/*
 * No core, no_new_privs, not dumpable, no new processes, limits on open files, on the length of
 * files and on memory, Landlock, seccomp, in this order. Fatal if a wall cannot be raised (Landlock
 * missing: a log line; in the one-uid mode fatal unless SB_UNCONFINED). Builds with sanitizers or
 * for valgrind leave all but the first two out and say so in the log. Signal handlers are set
 * before: afterwards none can be.
 *
 * A forbidden call is trapped, not made: a handler writes its name to standard error and the
 * process dies of SIGSYS, just as under KILL_PROCESS but with a line that says why. Code that an
 * attacker runs gains nothing: it can neither change the handler (rt_sigaction is forbidden) nor
 * have the call.
 */
void sandbox_enter(enum role r, const struct sandbox_path *paths, size_t n, unsigned flags);
/* 1 if this build raises the filter. */
int sandbox_built_in(void);

/*
 * For tests: names of the calls that the filter of a role allows, with or without a look at their
 * arguments, one a line, each once; and of those answered with an errno.
 */
struct buf;
void sandbox_list(enum role r, int one_uid, struct buf *allowed, struct buf *soft);

#endif
