/*
 * dird start: the supervisor, where systemd is not used. It makes the sockets, starts the
 * four processes, each with a uid of its own if it is root, starts again what ends, and stops them.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "dird.h"
#include "files.h"
#include "keypass.h"
#include "listen.h"
#include "dproto.h"
#include "rsakey.h"

#define MAX_SOCKETS    8
#define FIRST_FD       3
#define HIGH_FD	       100
#define BACKOFF_MIN_MS 200
#define BACKOFF_MAX_MS 30000
#define STEADY_MS      60000

static const char usage[] =
    "usage: dird start [-f file] [--daemon] [--passphrase-fd=N] [--uid-base=N] [--unconfined]\n"
    "       dird mirror, with the same options\n";

static struct {
	struct dird_conf *conf;
	const char *file;
	struct downers owners;
	int daemonize, unconfined, pid_fd, exe;
	char *passphrase; /* NULL: the key is not encrypted */
	struct {
		enum dproc to;
		const char *name;
		int fd;
	} sockets[MAX_SOCKETS];
	size_t nsockets;
	struct proc {
		enum dproc id;
		pid_t pid;
		int64_t since, backoff;
		struct loop_timer *timer;
	} procs[DP_COUNT];
	struct loop *loop;
	int stopping;
	int reloading; /* they are ending, to be started again together */
	unsigned answers; /* to "dird reload" */
} sv = { .exe = -1 };

/* --- sockets --- */

static void
add_socket(enum dproc to, const char *name, int fd)
{
	sv.sockets[sv.nsockets].to = to;
	sv.sockets[sv.nsockets].name = name;
	sv.sockets[sv.nsockets++].fd = fd;
}

static void
add_local(enum dproc to, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	add_socket(to, name, listen_local(sv.conf->run_dir, name, mode, uid, gid));
}

static void
make_sockets(void)
{
	const struct downers *o = &sv.owners;

	add_local(DP_SIGN, SOCK_DIRD_SIGN, 0600, o->uid[DP_CORE], o->gid[DP_CORE]);
	add_local(DP_FETCH, SOCK_DIRD_FETCH, 0600, o->uid[DP_CORE], o->gid[DP_CORE]);
	add_local(DP_CORE, SOCK_DIRD_UPLOAD, 0600, o->uid[DP_HTTP], o->gid[DP_HTTP]);
	add_local(DP_CORE, SOCK_DIRD_CONTROL, o->many ? 0660 : 0600, geteuid(), o->control);
	add_socket(DP_HTTP, "dird-tcp", listen_tcp(sv.conf->listen_ip, sv.conf->port));
	if (sv.conf->listen_ip6 != NULL)
		add_socket(DP_HTTP, "dird-tcp", listen_tcp(sv.conf->listen_ip6, sv.conf->port));
}

static void
remove_sockets(void)
{
	char path[256];

	for (size_t i = 0; i < sv.nsockets; i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", sv.conf->run_dir, sv.sockets[i].name);
		unlink(path);
	}
}

/* --- a process --- */

static void
point_standard_fds(enum dproc p)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	char path[512];

	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		fatal("/dev/null");
	if (!sv.daemonize)
		return;
	snprintf(path, sizeof(path), "%s.%s", sv.conf->log_file, dproc_names[p]);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		fatal("%s", path);
}

/* Its sockets from FIRST_FD on; names are joined. */
static int
arrange_sockets(enum dproc p, char *names, size_t size)
{
	int high[MAX_SOCKETS], n = 0;

	names[0] = '\0';
	for (size_t i = 0; i < sv.nsockets; i++) {
		if (sv.sockets[i].to != p)
			continue;
		if ((high[n++] = fcntl(sv.sockets[i].fd, F_DUPFD_CLOEXEC, HIGH_FD)) == -1)
			fatal("dup");
		if (names[0] != '\0')
			strlcat(names, ":", size);
		strlcat(names, sv.sockets[i].name, size);
	}
	for (int i = 0; i < n; i++)
		if (dup2(high[i], FIRST_FD + i) == -1)
			fatal("dup2");
	return n;
}

struct strings {
	size_t n;
	char *v[16];
};

__attribute__((format(printf, 2, 3))) static void
add(struct strings *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (s->n >= 15 || vasprintf(&s->v[s->n++], fmt, ap) == -1)
		fatalx("too many arguments");
	va_end(ap);
}

static void
make_env(struct strings *e, int n, const char *names)
{
	static const char *const kept[] = { "TZ", "JOURNAL_STREAM", "MIXMINION_FAKE_CLOCK",
		"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (getenv(kept[i]) != NULL)
			add(e, "%s=%s", kept[i], getenv(kept[i]));
	add(e, "LISTEN_PID=%ld", (long)getpid());
	add(e, "LISTEN_FDS=%d", n);
	add(e, "LISTEN_FDNAMES=%s", names);
}

__attribute__((noreturn)) static void
become(enum dproc p, pid_t supervisor, int passphrase)
{
	struct strings args = { 0 }, env = { 0 };
	char names[256];
	sigset_t none;
	int n, last;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	point_standard_fds(p);
	if (passphrase != -1 && (passphrase = fcntl(passphrase, F_DUPFD_CLOEXEC, HIGH_FD)) == -1)
		fatal("dup");
	n = arrange_sockets(p, names, sizeof(names));
	last = FIRST_FD + n;
	add(&args, "dird");
	add(&args, "%s", dproc_names[p] + strlen("dird-"));
	add(&args, "-f");
	add(&args, "%s", sv.file);
	if (!sv.owners.many)
		add(&args, "-1");
	if (sv.unconfined)
		add(&args, "-U");
	if (passphrase != -1) {
		if (dup2(passphrase, last) == -1)
			fatal("dup2");
		add(&args, "-p");
		add(&args, "%d", last++);
	}
	make_env(&env, n, names);
	if (close_range((unsigned)last, ~0u, CLOSE_RANGE_CLOEXEC) == -1)
		fatal("close_range");
	downers_become(&sv.owners, p);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != supervisor)
		fatalx("the supervisor is gone");
	fexecve(sv.exe, args.v, env.v);
	fatal_permanent("dird: %s", strerror(errno));
}

/* A pipe with the passphrase in it; -1 if there is none. */
static int
passphrase_pipe(void)
{
	int fd[2];

	if (sv.passphrase == NULL)
		return -1;
	if (pipe2(fd, O_CLOEXEC) == -1 ||
	    write(fd[1], sv.passphrase, strlen(sv.passphrase)) != (ssize_t)strlen(sv.passphrase))
		fatal("pipe");
	close(fd[1]);
	return fd[0];
}

static void
start_process(void *arg)
{
	struct proc *p = arg;
	int passphrase = p->id == DP_SIGN ? passphrase_pipe() : -1;
	pid_t supervisor = getpid();

	p->since = loop_now();
	p->pid = fork();
	if (p->pid == 0)
		become(p->id, supervisor, passphrase);
	if (passphrase != -1)
		close(passphrase);
	if (p->pid == -1)
		fatal("fork");
}

/* --- the supervisor --- */

/* And what "dird reload" is answered: see tell.c. */
static void
write_pid(const char *answer)
{
	if (ftruncate(sv.pid_fd, 0) == -1 || lseek(sv.pid_fd, 0, SEEK_SET) == -1 ||
	    dprintf(sv.pid_fd, "%ld\n%u %s\n", (long)getpid(), sv.answers++, answer) < 0)
		log_warn("the file of the process id");
}

static void
start_all(void)
{
	for (size_t i = 0; i < DP_COUNT; i++)
		if (i != DP_SIGN || !sv.conf->mirror)
			start_process(&sv.procs[i]);
}

static void
go_on_if_all_ended(void)
{
	for (size_t i = 0; i < DP_COUNT; i++)
		if (sv.procs[i].pid > 0)
			return;
	if (sv.stopping) {
		loop_stop(sv.loop);
	} else {
		sv.reloading = 0;
		start_all();
		write_pid("good");
	}
}

static void
end_all(void)
{
	for (size_t i = 0; i < DP_COUNT; i++) {
		loop_timer_set(sv.procs[i].timer, -1);
		sv.procs[i].backoff = 0;
		if (sv.procs[i].pid > 0)
			kill(sv.procs[i].pid, SIGTERM);
	}
	go_on_if_all_ended();
}

static void
ended(struct proc *p, int how)
{
	p->pid = 0;
	if (sv.stopping || sv.reloading) {
		go_on_if_all_ended();
		return;
	}
	if (WIFSIGNALED(how))
		log_warnx("%s was killed by signal %d (%s)", dproc_names[p->id], WTERMSIG(how),
		    strsignal(WTERMSIG(how)));
	else
		log_warnx("%s ended with status %d", dproc_names[p->id], WEXITSTATUS(how));
	if (WIFEXITED(how) && WEXITSTATUS(how) == EXIT_PERMANENT)
		p->backoff = BACKOFF_MAX_MS;
	else if (p->backoff == 0 || loop_now() - p->since > STEADY_MS)
		p->backoff = BACKOFF_MIN_MS;
	else if ((p->backoff *= 2) > BACKOFF_MAX_MS)
		p->backoff = BACKOFF_MAX_MS;
	loop_timer_set(p->timer, p->backoff);
}

static void
reap(int signo, void *arg)
{
	pid_t pid;
	int how;

	(void)signo;
	(void)arg;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (size_t i = 0; i < DP_COUNT; i++)
			if (sv.procs[i].pid == pid)
				ended(&sv.procs[i], how);
}

static void
asked_to_stop(int signo, void *arg)
{
	(void)signo;
	(void)arg;
	sv.stopping = 1;
	end_all();
}

static void
asked_to_reload(int signo, void *arg)
{
	struct dird_conf *fresh;
	struct errmsg e;

	(void)signo;
	(void)arg;
	if (sv.stopping)
		return;
	if ((fresh = reload_check(sv.conf, sv.file, &e)) == NULL) {
		log_warnx("not reloaded, all stays as it was: %s", e.s);
		write_pid(e.s);
		return;
	}
	log_info("the configuration is good: all processes are started again with it");
	dconf_free(sv.conf);
	sv.conf = fresh;
	sv.reloading = 1;
	end_all();
}

static void
take_passphrase(int fd)
{
	struct buf pem = { 0 };
	struct errmsg e;
	int keys = daemon_opendir(sv.conf->key_dir);

	if (files_read(keys, IDENTITY_FILE, &pem, 16 * 1024, &e) == -1)
		fatal_permanent("%s/%s; \"dird init\" makes a key", sv.conf->key_dir, e.s);
	close(keys);
	if (rsakey_pem_encrypted((const char *)pem.p, pem.len))
		sv.passphrase = command_passphrase(fd, 0);
	buf_wipe(&pem);
}

static void
supervise(void)
{
	sv.loop = loop_new();
	loop_signal(sv.loop, SIGTERM, asked_to_stop, NULL);
	loop_signal(sv.loop, SIGINT, asked_to_stop, NULL);
	loop_signal(sv.loop, SIGCHLD, reap, NULL);
	loop_signal(sv.loop, SIGHUP, asked_to_reload, NULL);
	for (size_t i = 0; i < DP_COUNT; i++) {
		sv.procs[i].id = (enum dproc)i;
		sv.procs[i].timer = loop_timer(sv.loop, start_process, &sv.procs[i]);
	}
	start_all();
	loop_run(sv.loop);
	remove_sockets();
}

/* As root can reach it; out of the way of the sockets, which get the lowest numbers. */
static void
open_program(void)
{
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	if (fd == -1 || (sv.exe = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD)) == -1)
		fatal("/proc/self/exe");
	close(fd);
}

struct start_options {
	int passphrase_fd;
	uid_t uid_base;
};

static void
parse_options(struct start_options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "daemon", no_argument, NULL, 'd' },
		{ "passphrase-fd", required_argument, NULL, 'P' },
		{ "uid-base", required_argument, NULL, 'u' },
		{ "unconfined", no_argument, NULL, 'U' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int ch;

	while ((ch = getopt_long(argc, argv, "f:h", longs, NULL)) != -1) {
		switch (ch) {
		case 'f': sv.file = optarg; break;
		case 'd': sv.daemonize = 1; break;
		case 'U': sv.unconfined = 1; break;
		case 'P': o->passphrase_fd = command_fd(optarg); break;
		case 'u': o->uid_base = command_uid(optarg); break;
		case 'h': printf("%s", usage); exit(0);
		default: fprintf(stderr, "%s", usage); exit(EXIT_USAGE);
		}
	}
	command_no_more(argc, argv, usage);
}

int
command_start(int argc, char **argv)
{
	struct start_options o = { -1, 0 };

	parse_options(&o, argc, argv);
	log_init("dird", LOGL_INFO);
	if (sv.file == NULL)
		sv.file = dconf_find();
	sv.conf = command_conf(sv.file);
	if (strcmp(argv[0], "mirror") == 0 && !sv.conf->mirror)
		fatal_permanent("%s: \"Mirror: yes\" in [Voting] makes a mirror, and an Authority "
				"line for each whose directory it serves", sv.file);
	open_program();
	crypto_init();
	downers_init(&sv.owners, o.uid_base);
	dtree_make(sv.conf, &sv.owners);
	if (!sv.conf->mirror)
		take_passphrase(o.passphrase_fd);
	sv.pid_fd = pidfile_lock(sv.conf->base_dir, 0);
	make_sockets();
	if (sv.daemonize && daemon(1, 0) == -1)
		fatal("daemon");
	write_pid("started");
	supervise();
	keypass_free(sv.passphrase);
	return 0;
}
