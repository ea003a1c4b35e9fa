/*
 * StatsFile and metrics where no supervisor has them: under systemd, as a unit of its own.
 */
#include <signal.h>

#include "log.h"
#include "stats.h"

static void
ended(int signo, void *arg)
{
	(void)signo;
	loop_stop(arg);
}

int
command_collect(int argc, char **argv)
{
	struct server_conf *c = conf_of_options(argc, argv, NULL);
	struct collector *x;
	struct loop *l;

	if (c == NULL)
		return EXIT_USAGE;
	log_setlevel(c->log_level);
	if (c->log_stats || c->metrics_socket != NULL || c->metrics_file != NULL) {
		l = loop_new();
		loop_signal(l, SIGTERM, ended, l);
		loop_signal(l, SIGINT, ended, l);
		x = collector_new(l, c);
		loop_run(l);
		collector_free(x);
		loop_free(l);
	}
	conf_free(c);
	return 0;
}
