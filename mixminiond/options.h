/*
 * The options of the commands: each command takes some of one table.
 */
#ifndef MIXMINIOND_OPTIONS_H
#define MIXMINIOND_OPTIONS_H

#include <sys/types.h>

#include <getopt.h>

/* What a command takes. */
#define TAKES_FILE  0x01u /* -f FILE, as all do */
#define TAKES_QUIET 0x02u /* -Q */
#define TAKES_UIDS  0x04u /* --uid-base */
#define TAKES_KEYS  0x08u /* --passphrase-fd, --unconfined: what keyd needs */
#define TAKES_START 0x10u /* --daemon, --nodaemon, --echo, --severity */

struct options {
	const char *conf_file; /* NULL: the search path */
	int quiet;
	int daemonize; /* -1: as the configuration says */
	int echo;
	int severity; /* enum log_level, -1: as the configuration says */
	uid_t uid_base; /* 0: not given */
	int unconfined;
	int passphrase_fd; /* -1: the terminal is asked */
};

#define OPTIONS_MORE 512

/* Options of one command alone: v ends with a NULL name, its values begin at OPTIONS_MORE. */
struct options_more {
	const struct option *v;
	/* 0; -1: said what is wrong */
	int (*take)(int value, const char *arg);
};

/*
 * argv[0] is the name of the command, and nothing but options may follow. more may be NULL. 0, or
 * -1 if the usage is wrong; what is wrong was said.
 */
int options_parse(struct options *o, unsigned takes, const struct options_more *more, int argc,
    char **argv);

#endif
