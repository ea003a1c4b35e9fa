#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "crypto.h"
#include "sdsock.h"
#include "step.h"

#define EXIT_USAGE     64
#define EXIT_PERMANENT 100

#define CONNECT_TRIES    100
#define CONNECT_PAUSE_MS 100

void
daemon_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		_exit(EXIT_PERMANENT);
	close(fd);
}

static void
show_usage(const char *usage)
{
	printf("%s\n", usage);
	if (!sandbox_built_in())
		printf("This build is for tests: it has no system call filter and no Landlock.\n");
	exit(0);
}

struct options {
	const char *file;
	int check;
	int level; /* -1: as the configuration says */
};

static int
parse_level(const char *name, const char *s)
{
	int level = log_parselevel(s);

	if (level == -1) {
		fprintf(stderr, "%s: unknown log level \"%s\"\n", name, s);
		exit(EXIT_USAGE);
	}
	return level;
}

static void
parse_options(struct daemon *d, struct options *o, int argc, char **argv, const char *usage)
{
	char all[32];
	int ch;

	snprintf(all, sizeof(all), "f:ns:1Uel:h%s", d->more_options != NULL ? d->more_options : "");
	while ((ch = getopt(argc, argv, all)) != -1) {
		switch (ch) {
		case 'f': o->file = optarg; break;
		case 'n': o->check = 1; break;
		case 's': d->run_dir = optarg; break;
		case '1': d->one_uid = 1; break;
		case 'U': d->unconfined = 1; break;
		case 'e': log_second(STDOUT_FILENO); break;
		case 'l': o->level = parse_level(d->name, optarg); break;
		case 'h': show_usage(usage); break;
		case '?': fprintf(stderr, "%s\n", usage); exit(EXIT_USAGE);
		default: d->option(ch, optarg); break;
		}
	}
	if (optind < argc) {
		fprintf(
		    stderr, "%s: unexpected argument \"%s\"\n%s\n", d->name, argv[optind], usage);
		exit(EXIT_USAGE);
	}
}

static void
show_fault(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void
load_conf(struct daemon *d, const struct options *o)
{
	struct errmsg e = { "" };
	char *found = o->file == NULL ? conf_find() : NULL;
	const char *path = o->file != NULL ? o->file : found;

	if (path == NULL)
		fatal_permanent("no configuration file found: name one with -f");
	d->conf = conf_load(path, o->check ? show_fault : NULL, &e);
	if (d->conf == NULL && o->check)
		exit(EXIT_PERMANENT); /* all of it was said */
	if (d->conf == NULL)
		fatal_permanent("%s", e.s);
	free(found);
}

static void
check_and_exit(const struct daemon *d)
{
	for (size_t i = 0; i < d->conf->nwarnings; i++)
		show_fault(d->conf->warnings[i]);
	printf("%s: the configuration is good\n", d->conf->file);
	exit(0);
}

static void
on_stop(int signo, void *arg)
{
	(void)signo;
	control_stop(arg);
}

static void
on_hup(int signo, void *arg)
{
	struct daemon *d = arg;

	(void)signo;
	if (d->hup != NULL)
		d->hup(d);
}

void
daemon_init(struct daemon *d, int argc, char **argv, const char *usage)
{
	struct options o = { NULL, 0, -1 };

	daemon_standard_fds();
	umask(0007);
	log_init(d->name, LOGL_WARN);
	prctl(PR_SET_NAME, d->name, 0, 0, 0); /* as ps shows it, however we were started */
	daemon_clock_init();
	step_arm(d->name);
	parse_options(d, &o, argc, argv, usage);
	load_conf(d, &o);
	if (o.check)
		check_and_exit(d);
	d->level = o.level;
	if (o.level != -1)
		d->conf->log_level = (enum log_level)o.level;
	log_setlevel(d->conf->log_level);
	if (d->conf->log_level < LOGL_INFO)
		log_warnx("LogLevel %s writes down what may endanger users",
		    d->conf->log_level == LOGL_TRACE ? "TRACE" : "DEBUG");
	if (d->run_dir == NULL)
		d->run_dir = d->conf->run_dir;
	sdsock_init();
	sdnotify_init();
	crypto_init();
	d->loop = loop_new();
	signal(SIGPIPE, SIG_IGN);
	loop_signal(d->loop, SIGTERM, on_stop, d);
	loop_signal(d->loop, SIGINT, on_stop, d);
	loop_signal(d->loop, SIGHUP, on_hup, d);
}

int
daemon_socket(const char *name, unsigned i)
{
	return sdsock_get(name, i);
}

int
daemon_try_connect(struct daemon *d, const char *name)
{
	char path[256];
	int n = snprintf(path, sizeof(path), "%s/%s.sock", d->run_dir, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return ipc_connect_path(path);
}

int
daemon_connect(struct daemon *d, const char *name)
{
	const struct timespec pause = { 0, CONNECT_PAUSE_MS * 1000000L };
	int fd;

	for (int i = 0; i < CONNECT_TRIES; i++) {
		if ((fd = daemon_try_connect(d, name)) != -1)
			return fd;
		nanosleep(&pause, NULL);
	}
	fatal("%s/%s.sock", d->run_dir, name);
}

int
daemon_opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		fatal_permanent("%s: %s; \"mixminiond start\" makes the directories of a node",
		    path, strerror(errno));
	return fd;
}

void
daemon_control(struct daemon *d)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s-control", d->name);
	if ((fd = daemon_socket(name, 0)) == -1)
		log_info("no control socket was passed in");
	else
		control_serve(d, fd);
}

void
daemon_confine(struct daemon *d, enum role r, const struct sandbox_path *paths, size_t n)
{
	sandbox_enter(
	    r, paths, n, (d->one_uid ? SB_ONE_UID : 0u) | (d->unconfined ? SB_UNCONFINED : 0u));
}

void
daemon_ready(struct daemon *d)
{
	log_info("%s is ready", d->name);
	sdnotify_ready();
}

void
daemon_log_counters(struct daemon *d)
{
	struct buf line = { 0 };

	for (struct counter *c = d->counters; c != NULL && c->name != NULL; c++)
		if (c->n != 0)
			buf_printf(&line, "%s%s %llu", line.len > 0 ? ", " : "", c->name,
			    (unsigned long long)c->n);
	if (line.len > 0)
		log_info("%s", buf_cstr(&line));
	buf_free(&line);
}
