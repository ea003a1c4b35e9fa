/*
 * What all daemons have in common: options, configuration, sockets by the systemd protocol, role
 * connections, the control socket, counters. The order of start-up is ARCHITECTURE's "Two ways to
 * run".
 */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include "conf.h"
#include "ipc.h"
#include "log.h"
#include "loop.h"
#include "sandbox.h"

struct counter {
	const char *name; /* as STATS prints it */
	uint64_t n;
};

struct daemon {
	const char *name;
	struct server_conf *conf;
	struct loop *loop;
	int one_uid; /* -1: all share one uid; role sockets are connected before the sandbox only */
	int unconfined;           /* -U */
	int level; /* -l: enum log_level whatever the configuration says, or -1; by daemon_init */
	const char *run_dir;      /* -s DIR, else conf->run_dir */
	struct counter *counters; /* ended by a NULL name */
	/*
	 * Control handlers, NULL where there is nothing to do; text is owned by the caller. reload
	 * returning 0 has taken over whatever it had from the old conf: d->conf is replaced and the
	 * old one freed when it returns. Without a reload handler only the log level follows.
	 */
	int (*reload)(struct daemon *d, struct server_conf *fresh, struct errmsg *e);
	void (*queue)(struct daemon *d, struct buf *out);
	void (*stop)(struct daemon *d); /* TERM, INT or V_STOP; default loop_stop */
	void (*hup)(struct daemon *d);
	/*
	 * Verbs of the same names, each of one or two daemons alone: -1 with a reason, or 0 with
	 * what is done, one line.
	 */
	int (*republish)(struct daemon *d, struct errmsg *e);
	int (*confirm_clock)(struct daemon *d, struct errmsg *e);
	int (*clean)(struct daemon *d, struct errmsg *e);
	/* Options of its own, as for getopt, and who takes them; NULL: none. */
	const char *more_options;
	void (*option)(int ch, const char *arg);
};

/*
 * The caller has set name, counters and the handlers.
 * Options -f FILE, -n (check the configuration and exit), -s DIR, -1, -U, -e (log to standard
 * output too), -l LEVEL, -h; log; configuration; crypto_init; loop; signals. Exits by itself with
 * a message and status 0, 64 or 100 where that is the end.
 */
void daemon_init(struct daemon *d, int argc, char **argv, const char *usage);
/*
 * Opens what is missing of descriptors 0 to 2 (by daemon_init): a log line must never land in a
 * file that happened to get descriptor 2.
 */
void daemon_standard_fds(void);

/* A listening socket that was passed in under this name (the i'th of them); -1 if there is none. */
int daemon_socket(const char *name, unsigned i);
/* Connects to a role socket (name without ".sock"); retries for a few seconds; fatal if in vain. */
int daemon_connect(struct daemon *d, const char *name);
/* One attempt, for reconnecting inside the loop (not with -1); -1 with errno. */
int daemon_try_connect(struct daemon *d, const char *name);
/* Opens a directory, O_DIRECTORY; fatal with what to do if it is missing. */
int daemon_opendir(const char *path);
/* Takes the NAME-control listener and serves it. */
void daemon_control(struct daemon *d);
/* sandbox_enter with the flags of this run; it logs how the process is confined. */
void daemon_confine(struct daemon *d, enum role r, const struct sandbox_path *paths, size_t n);
/* READY=1 on NOTIFY_SOCKET (opened in daemon_init), if there is one. */
void daemon_ready(struct daemon *d);
/* One log line with the counters that are not zero, at INFO. */
void daemon_log_counters(struct daemon *d);
/*
 * Current time, seconds since 1970: the one clock of the daemons. In test builds only, a file that
 * MIXMINION_FAKE_CLOCK names shifts it, and the uptime.
 */
int64_t daemon_now(void);
/*
 * What the clock said when the process began, and what has passed since: for what waits, and is
 * not to be given up because somebody set the clock.
 */
int64_t daemon_steady(void);
/* Seconds since the machine was started, sleep included: no setting of the clock changes it. */
int64_t daemon_uptime(void);
void daemon_clock_init(void); /* by daemon_init */

#endif
