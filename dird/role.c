/*
 * The start of every process: what daemon_init is for the node's, with dird.conf.
 */
#include <sys/prctl.h>
#include <sys/stat.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "dird.h"
#include "sdsock.h"

static long
number(const char *name, char opt, const char *s, long min, long max)
{
	const char *err;
	long n = (long)strtonum(s, min, max, &err);

	if (err == NULL)
		return n;
	fprintf(stderr, "%s: -%c %s: %s\n", name, opt, s, err);
	exit(EXIT_USAGE);
}

static int
level(const char *name, const char *s)
{
	int l = log_parselevel(s);

	if (l != -1)
		return l;
	fprintf(stderr, "%s: unknown log level \"%s\"\n", name, s);
	exit(EXIT_USAGE);
}

struct options {
	const char *file;
	int check, level;
};

static void
parse_options(struct dird_role *r, struct options *o, int argc, char **argv, const char *usage)
{
	int ch;

	while ((ch = getopt(argc, argv, "f:ns:1Ul:p:h")) != -1) {
		switch (ch) {
		case 'f': o->file = optarg; break;
		case 'n': o->check = 1; break;
		case 's': r->d.run_dir = optarg; break;
		case '1': r->d.one_uid = 1; break;
		case 'U': r->d.unconfined = 1; break;
		case 'l': o->level = level(r->d.name, optarg); break;
		case 'p': r->passphrase = (int)number(r->d.name, 'p', optarg, 3, 1023); break;
		case 'h': printf("%s", usage); exit(0);
		default: fprintf(stderr, "%s", usage); exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument \"%s\"\n%s", r->d.name, argv[optind],
		    usage);
		exit(EXIT_USAGE);
	}
}

static void
show_fault(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void
load(struct dird_role *r, const struct options *o)
{
	const char *path = o->file != NULL ? o->file : dconf_find();
	struct errmsg e;

	if (path == NULL)
		fatal_permanent("no dird.conf found: name one with -f");
	r->conf = dconf_load(path, o->check ? show_fault : NULL, &e);
	if (r->conf == NULL && o->check)
		exit(EXIT_PERMANENT); /* all of it was said */
	if (r->conf == NULL)
		fatal_permanent("%s", e.s);
	if (o->check) {
		printf("%s: the configuration is good\n", path);
		exit(0);
	}
}

static void
on_stop(int signo, void *arg)
{
	struct daemon *d = arg;

	(void)signo;
	if (d->stop != NULL)
		d->stop(d);
	else
		loop_stop(d->loop);
}

static void
on_hup(int signo, void *arg)
{
	(void)signo;
	(void)arg;
}

void
role_init(struct dird_role *r, const char *name, int argc, char **argv, const char *usage)
{
	struct options o = { NULL, 0, -1 };

	daemon_standard_fds();
	umask(0022);
	r->d.name = name;
	r->passphrase = -1;
	log_init(name, LOGL_INFO);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	parse_options(r, &o, argc, argv, usage);
	load(r, &o);
	log_setlevel(o.level != -1 ? (enum log_level)o.level : r->conf->log_level);
	if (r->d.run_dir == NULL)
		r->d.run_dir = r->conf->run_dir;
	sdsock_init();
	sdnotify_init();
	crypto_init();
	r->d.loop = loop_new();
	signal(SIGPIPE, SIG_IGN);
	loop_signal(r->d.loop, SIGTERM, on_stop, &r->d);
	loop_signal(r->d.loop, SIGINT, on_stop, &r->d);
	loop_signal(r->d.loop, SIGHUP, on_hup, &r->d);
}

int64_t
role_now_ms(void)
{
	struct timespec ts;
	int64_t shift = (daemon_now() - (int64_t)time(NULL)) * 1000;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + shift;
}
