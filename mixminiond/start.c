#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "mixminiond.h"

static void
apply_conf(struct options *o, const struct server_conf *c)
{
	if (o->daemonize == -1)
		o->daemonize = c->daemonize;
	if (o->daemonize && o->echo)
		log_warnx("--echo has no effect in the background");
	o->echo = !o->daemonize && (o->echo || c->echo_messages);
	log_setlevel(o->severity != -1 ? (enum log_level)o->severity : c->log_level);
}

static void
say_warnings(const struct server_conf *c)
{
	for (size_t i = 0; i < c->nwarnings; i++)
		log_warnx("%s", c->warnings[i]);
}

/* Every process of another uid has to pass all directories above BaseDir. */
static void
check_reachable(const struct server_conf *c, const struct owners *o)
{
	char culprit[512];

	if (o->many && !paranoia_reachable(c->base_dir, culprit, sizeof(culprit)))
		fatal_permanent(
		    "the node's processes have uids of their own and cannot pass %s on the way "
		    "to BaseDir: chmod o+x it",
		    culprit);
}

/* In the foreground LogFile is the second place of what we say; the terminal is the first. */
static void
log_in_file(const struct server_conf *c)
{
	int fd = spawn_open_log(c, P_COUNT);

	if (fd == -1)
		fatal("%s", c->log_file);
	log_second(fd);
}

/* --- into the background --- */

struct background {
	int report; /* the starter waits for a status octet there; -1 in the foreground */
	const struct spawn *spawn;
	int pidfile;
};

static int
await_status(int fd)
{
	unsigned char status;

	/* Without a word it died, and has said why. */
	return read(fd, &status, 1) == 1 ? status : EXIT_AGAIN;
}

/* Returns in the process that goes on; the starter waits until all is up, and exits. */
static int
fork_away(void)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		fatal("pipe");
	switch (fork()) {
	case -1: fatal("fork");
	case 0:
		close(p[0]);
		if (setsid() == -1)
			fatal("setsid");
		return p[1];
	default: close(p[1]); exit(await_status(p[0]));
	}
}

static void
report_status(struct background *b, int status)
{
	unsigned char octet = (unsigned char)status;

	if (b->report == -1)
		return;
	if (write(b->report, &octet, 1) == -1)
		log_warn("the starting command is gone");
	close(b->report);
	b->report = -1;
}

/* The terminal is let go only now: until here it showed what went wrong. */
static void
all_started(void *arg)
{
	struct background *b = arg;
	const struct options *o = b->spawn->opt;
	int log, null, n = 0;

	for (enum proc_id p = 0; p < P_COUNT; p++)
		n += proc_wanted(b->spawn->conf, p);
	if (!o->quiet)
		printf("mixminiond: %s is up: %d processes, port %u\n", b->spawn->conf->nickname,
		    n, b->spawn->conf->listen_port);
	fflush(stdout);
	if (!o->daemonize)
		return;
	log = spawn_open_log(b->spawn->conf, P_COUNT);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (log == -1 || null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1)
		fatal("%s", b->spawn->conf->log_file);
	log_reopen(log);
	close(null);
	log_info("started");
	report_status(b, 0);
}

int
prepare_tree(const struct server_conf *c, const struct owners *o)
{
	int pidfile;

	umask(022);
	tree_make_base(c, o);
	paranoia_check(c);
	check_reachable(c, o);
	pidfile = pidfile_lock(c->pid_file);
	tree_make(c, o);
	leftovers_report(c);
	return pidfile;
}

/*
 * A wrong passphrase is better said here than in keyd's log: keyd tries it, and makes what keys are
 * missing, before anything is started.
 */
static void
unlock_keys(struct spawn *s)
{
	int status;

	if (!passphrase_get(s->conf, s->opt->passphrase_fd))
		return;
	fflush(stdout);
	s->job = KEYD_MAKES;
	if ((status = spawn_keys(s)) != 0) {
		unlink(s->conf->pid_file);
		exit(status); /* keyd has said why */
	}
	s->job = KEYD_SERVES;
}

int
command_start(int argc, char **argv)
{
	static struct options opt;
	static struct owners owners;
	static struct sockets sockets;
	static struct spawn spawn = { .opt = &opt, .owners = &owners, .sockets = &sockets };
	struct background b = { .report = -1, .spawn = &spawn };
	int status;

	if (options_parse(&opt, ~0u, NULL, argc, argv) == -1)
		return EXIT_USAGE;
	spawn.conf = load_conf(opt.conf_file);
	apply_conf(&opt, spawn.conf);
	say_warnings(spawn.conf);
	crypto_init();
	owners_init(&owners, opt.uid_base);
	spawn_init(&spawn);
	b.pidfile = prepare_tree(spawn.conf, &owners);
	unlock_keys(&spawn);
	if (opt.daemonize)
		b.report = fork_away();
	else
		log_in_file(spawn.conf);
	passphrase_settle();
	pidfile_record(b.pidfile);
	signal(SIGPIPE, SIG_IGN);
	sockets_make(&sockets, spawn.conf, &owners);
	status = supervise(&spawn, all_started, &b);
	sockets_remove(&sockets, spawn.conf);
	unlink(spawn.conf->pid_file);
	report_status(&b, status);
	return status;
}
