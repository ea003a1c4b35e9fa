/*
 * stop, reload and stats: what is said to a node that runs.
 */
#include <sys/pidfd.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "mixminiond.h"
#include "proto.h"
#include "stats.h"

#define STOP_WAIT_MS 120000 /* five processes, 20 seconds each, and some */

char *
conf_path(const char *given)
{
	char *path = given != NULL ? strdup(given) : conf_find();

	if (path == NULL)
		fatal_permanent("no configuration file found: name one with -f");
	return path;
}

struct server_conf *
load_conf(const char *given)
{
	struct errmsg e = { "" };
	char *path = conf_path(given);
	struct server_conf *c = conf_load(path, NULL, &e);

	if (c == NULL)
		fatal_permanent("%s", e.s);
	free(path);
	return c;
}

struct server_conf *
conf_of_options(int argc, char **argv, struct options *o)
{
	struct options opt;
	int rc = options_parse(&opt, TAKES_FILE | TAKES_QUIET, NULL, argc, argv);

	if (o != NULL)
		*o = opt;
	return rc == 0 ? load_conf(opt.conf_file) : NULL;
}

static pid_t
running(const struct server_conf *c)
{
	pid_t pid = pidfile_holder(c->pid_file);

	if (pid == -1)
		fatal("%s", c->pid_file);
	return pid;
}

int
command_stop(int argc, char **argv)
{
	struct server_conf *c = conf_of_options(argc, argv, NULL);
	struct pollfd p = { .events = POLLIN };
	pid_t pid;

	if (c == NULL)
		return EXIT_USAGE;
	if ((pid = running(c)) == 0)
		fatal_permanent("the node is not running: nobody holds %s", c->pid_file);
	p.fd = pidfd_open(pid, 0);
	if (p.fd == -1 || kill(pid, SIGTERM) == -1)
		fatal_permanent("process %ld: %s", (long)pid, strerror(errno));
	if (poll(&p, 1, STOP_WAIT_MS) != 1)
		fatalx("process %ld does not end: its log says why", (long)pid);
	conf_free(c);
	return 0;
}

/*
 * The daemons are asked from here, so that what one of them does not like is seen by who asked.
 * Under systemd there is no supervisor; where there is one it follows.
 */
int
command_reload(int argc, char **argv)
{
	struct server_conf *c = conf_of_options(argc, argv, NULL);
	struct buf text = { 0 };
	struct errmsg e;
	pid_t pid;
	int rc;

	if (c == NULL)
		return EXIT_USAGE;
	for (size_t i = 0; i < c->nwarnings; i++)
		log_warnx("%s", c->warnings[i]);
	if (ask_read_conf(c->file, &text, &e) == -1)
		fatal_permanent("%s", e.s);
	pid = running(c);
	rc = ask_reload(c, &text);
	if (rc == 0 && pid > 0 && kill(pid, SIGUSR1) == -1)
		fatal_permanent("process %ld: %s", (long)pid, strerror(errno));
	if (rc == 0 && pid == 0)
		log_info("for StatsFile and metrics: systemctl restart mixminion-stats");
	buf_free(&text);
	conf_free(c);
	return rc == 0 ? 0 : EXIT_AGAIN;
}

static int
print_counters(const struct server_conf *c, enum proc_id p)
{
	struct buf text = { 0 };
	char *at, *line;
	int rc = ask_text(c, p, V_STATS, &text);

	if (rc == -1)
		log_warn("%s does not answer", proc_names[p]);
	for (at = buf_cstr(&text); (line = strsep(&at, "\n")) != NULL;)
		if (line[0] != '\0')
			printf("%s %s\n", proc_names[p], line);
	buf_free(&text);
	return rc;
}

/* The events of the interval that is not over, and every counter since the processes started. */
int
command_stats(int argc, char **argv)
{
	struct server_conf *c = conf_of_options(argc, argv, NULL);
	int64_t now = time(NULL);
	struct buf text = { 0 };
	struct stats s;
	int rc = 0;

	if (c == NULL)
		return EXIT_USAGE;
	stats_load(&s, c, now);
	stats_ask(&s, c, now, 1);
	stats_format(&text, &s, now);
	if (c->log_stats)
		fputs(buf_cstr(&text), stdout);
	for (enum proc_id p = 0; p < P_COUNT; p++)
		if (proc_wanted(c, p) && print_counters(c, p) == -1)
			rc = EXIT_AGAIN;
	buf_free(&text);
	conf_free(c);
	return rc;
}
