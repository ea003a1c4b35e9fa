/*
 * deliverd-run: runs the programs that the configuration names, for deliverd, which may run none.
 * It has neither a filter nor no_new_privs, because those would be its programs' too, and the
 * sendmail of Postfix could not hand its mail over under them: its walls are its uid, its unit, and
 * that it takes no word of a program's name or arguments from anybody.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <stdlib.h>

#include "deliverd-run.h"

static const char usage[] =
    "usage: deliverd-run [-1cehnU] [-f file] [-l level] [-s directory]\n"
    "Runs SendmailCommand, MixCommand and modules for deliverd. Started by systemd or mixminiond.\n"
    "-c only says, by its exit status, whether the configuration names any.";

struct counter run_counters[RC_COUNT + 1] = {
	[RC_RUNS] = { "runs", 0 },
	[RC_DONE] = { "done", 0 },
	[RC_LATER] = { "later", 0 },
	[RC_REFUSED] = { "refused", 0 },
	[RC_TIMEOUTS] = { "timeouts", 0 },
	[RC_UNKNOWN] = { "unknown", 0 },
	[RC_COUNT] = { NULL, 0 },
};

static int only_ask;

static void
option(int ch, const char *arg)
{
	(void)arg;
	only_ask = ch == 'c';
}

static int
reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	(void)d;
	return jobs_configure(fresh, e);
}

static void
close_to_others(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("prctl");
}

int
main(int argc, char **argv)
{
	static struct daemon d = { .name = "deliverd-run", .counters = run_counters,
		.reload = reload, .more_options = "c", .option = option };
	struct errmsg e;
	int fd;

	daemon_init(&d, argc, argv, usage);
	if (only_ask)
		return conf_runs_commands(d.conf) ? 0 : 1;
	if ((fd = daemon_socket(SOCK_DELIVERD_RUN, 0)) == -1)
		fatal_permanent("no socket %s was passed in", SOCK_DELIVERD_RUN);
	close_to_others();
	jobs_init(&d);
	if (jobs_configure(d.conf, &e) == -1)
		fatal_permanent("%s", e.s);
	jobs_serve(&d, fd);
	daemon_control(&d);
	daemon_ready(&d);
	loop_run(d.loop);
	jobs_end();
	daemon_log_counters(&d);
	return 0;
}
