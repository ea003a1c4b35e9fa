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
	/* Options of its own, as for getopt, and who takes them; NULL: none. */
	const char *more_options;
	void (*option)(int ch, const char *arg);
};

/*
 * The caller has set name, counters and the handlers.
 * Options -f FILE, -n (check the configuration and exit), -s DIR, -1, -U, -l LEVEL, -h; log;
 * configuration; crypto_init; loop; signals. Exits by itself with a message and status 0, 64 or 100
 * where that is the end.
 */
void daemon_init(struct daemon *d, int argc, char **argv, const char *usage);

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
 * Current time, seconds since 1970: the one clock of the daemons. MIXMINION_FAKE_TIME_OFFSET shifts
 * it in test builds only.
 */
int64_t daemon_now(void);

#endif
