/*
 * What the files of deliverd-run share. The way of a request: job (a connection of deliverd's) ->
 * commands (which program) -> child (it runs) -> job (how it ended).
 */
#ifndef DELIVERD_RUN_H
#define DELIVERD_RUN_H

#include <sys/types.h>

#include "command.h"
#include "conf.h"
#include "daemon.h"
#include "proto.h"

enum run_count {
	RC_RUNS, /* programs started */
	RC_DONE,
	RC_LATER,
	RC_REFUSED,
	RC_TIMEOUTS,
	RC_UNKNOWN, /* requests for what the configuration does not name */
	RC_COUNT
};
extern struct counter run_counters[RC_COUNT + 1];

/* --- commands.c: what the configuration lets run --- */

struct run_command {
	const char *option; /* as the configuration calls it, for the log */
	enum run_what what;
	uint16_t rtype; /* of a module */
	struct command c;
	const char *dirs; /* where a program without a path is looked for */
	struct log_state trouble;
};

struct run_commands {
	struct run_command v[RUN_WHAT_COUNT + CONF_MAX_MODULES];
	size_t n;
};

/* dirs are kept by reference to conf. 0, or -1 with a reason. */
int commands_read(struct run_commands *r, const struct server_conf *conf, struct errmsg *e);
void commands_free(struct run_commands *r);
/* NULL: nothing is configured for that. */
struct run_command *commands_find(struct run_commands *r, uint32_t what, uint32_t rtype);
/* Says in the log which programs are not there. */
void commands_check(const struct run_commands *r);

/* --- facts.c: what a program learns from its environment --- */

/*
 * 1 if they are well formed: "NAME=value" and NUL each, names from the list of deliverd-run(8),
 * each once.
 */
int facts_ok(const char *facts, size_t len);
/* PATH and the like, then the facts; ended by NULL. The array is to be freed, not its strings. */
char **facts_environment(char *facts, size_t len);

/* --- child.c --- */

struct run_limits {
	int64_t seconds;
	int64_t memory; /* octets */
	int processes; /* bounded too: not where deliverd-run shares its uid */
	int talk; /* its standard error goes to the log */
};

/*
 * Starts path in a process group of its own, with input (from its beginning) as standard input and
 * nothing else. Its process id, or -1 with errno.
 */
pid_t child_start(const char *path, char *const argv[], char *const env[], int input,
    const struct run_limits *l);

/* --- job.c --- */

void jobs_init(struct daemon *d);
/* Serves the role socket; commands and limits may change under it (jobs_configure). */
void jobs_serve(struct daemon *d, int fd);
int jobs_configure(const struct server_conf *c, struct errmsg *e);
void jobs_end(void); /* no program outlives us */

#endif
