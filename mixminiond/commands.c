/*
 * stop, reload and stats: what is said to a node that runs.
 */
#include <sys/pidfd.h>

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mixminiond.h"

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

int
file_option(int argc, char **argv, const char **path)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'f' },
		{ "quiet", no_argument, NULL, 'Q' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	*path = NULL;
	while ((ch = getopt_long(argc, argv, "f:Q", long_options, NULL)) != -1) {
		if (ch == '?')
			return -1;
		if (ch == 'f')
			*path = optarg;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "mixminiond %s: unexpected argument \"%s\"\n", argv[0], argv[optind]);
	return -1;
}

struct server_conf *
conf_of_options(int argc, char **argv)
{
	const char *path;

	return file_option(argc, argv, &path) == 0 ? load_conf(path) : NULL;
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
	struct server_conf *c = conf_of_options(argc, argv);
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
	struct server_conf *c = conf_of_options(argc, argv);
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
	if (pid > 0 && kill(pid, SIGUSR1) == -1)
		fatal_permanent("process %ld: %s", (long)pid, strerror(errno));
	buf_free(&text);
	conf_free(c);
	return rc == 0 ? 0 : EXIT_AGAIN;
}

int
command_stats(int argc, char **argv)
{
	struct server_conf *c = conf_of_options(argc, argv);
	int rc = 0;

	if (c == NULL)
		return EXIT_USAGE;
	for (enum proc_id p = 0; p < P_COUNT; p++) {
		struct buf text = { 0 };
		char *at, *line;

		if (ask_stats(c, p, &text) == -1) {
			log_warn("%s does not answer", proc_names[p]);
			rc = EXIT_AGAIN;
		}
		for (at = buf_cstr(&text); (line = strsep(&at, "\n")) != NULL;)
			if (line[0] != '\0')
				printf("%s %s\n", proc_names[p], line);
		buf_free(&text);
	}
	conf_free(c);
	return rc;
}
