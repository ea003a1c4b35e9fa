/*
 * StatsFile where no supervisor writes it: under systemd, as a unit of its own.
 */
#include <errno.h>
#include <time.h>

#include "log.h"
#include "mixminiond.h"

static void
sleep_seconds(int64_t n)
{
	struct timespec left = { .tv_sec = (time_t)n };

	while (clock_nanosleep(CLOCK_BOOTTIME, 0, &left, &left) == EINTR)
		continue;
}

/* Ends with TERM, as any command does: an interval that is not over is never written. */
int
command_collect(int argc, char **argv)
{
	struct server_conf *c = conf_of_options(argc, argv);

	if (c == NULL)
		return EXIT_USAGE;
	log_setlevel(c->log_level);
	if (!c->log_stats) {
		conf_free(c);
		return 0;
	}
	statsfile_begin(c);
	for (;;) {
		sleep_seconds(c->stats_interval);
		statsfile_write(c);
	}
}
