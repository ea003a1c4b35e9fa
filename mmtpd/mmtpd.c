#include "mmtpd.h"
#include "serve.h"

static const char usage[] =
    "usage: mmtpd [-1ehnU] [-f FILE] [-l LEVEL] [-s RUNDIR]\n"
    "Receives and sends packets by MMTP; started by mixminiond or systemd. See mmtpd(8).\n"
    "  -f FILE    configuration (mixminiond.conf)\n"
    "  -n         check the configuration and exit\n"
    "  -l LEVEL   log from this level on\n"
    "  -e         log to standard output too\n"
    "  -s RUNDIR  where the role sockets are\n"
    "  -1         all processes of the node share one uid\n"
    "  -U         run even where Landlock is missing\n"
    "  -h         this text";

int
main(int argc, char **argv)
{
	static struct daemon d = {
		.name = "mmtpd",
		.counters = mmtpd_counters,
		.reload = serve_reload,
		.queue = serve_queue,
		.clean = serve_clean,
		.stop = serve_stop,
	};

	daemon_init(&d, argc, argv, usage);
	serve_start(&d);
	loop_run(d.loop);
	daemon_log_counters(&d);
	return 0;
}
