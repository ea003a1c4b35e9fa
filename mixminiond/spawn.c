#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mixminiond.h"
#include "sandbox.h"

#define FIRST_FD 3
#define HIGH_FD  100 /* above all that is passed on */
#define MAX_ARGS 16
#define MAX_ENV  16
#define ENV_LEN  256

const char *const proc_names[P_COUNT] = { "keyd", "dirsync", "mixer", "deliverd-run", "deliverd",
	"mmtpd" };

int
proc_wanted(const struct server_conf *c, enum proc_id p)
{
	return p != P_RUN || conf_runs_commands(c);
}

/* --- programs --- */

/* Beside this one, or in libexec where they were installed. */
static char *
find_program(const char *exe_dir, const char *name)
{

	char *path;

	if (asprintf(&path, "%s/%s", exe_dir, name) == -1)
		fatal("asprintf");
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	if (asprintf(&path, "%s/../libexec/mixminiond/%s", exe_dir, name) == -1)
		fatal("asprintf");
	if (access(path, X_OK) == 0)
		return path;
	fatal_permanent("the program %s is neither in %s nor in %s/../libexec/mixminiond", name,
	    exe_dir, exe_dir);
}

void
spawn_init(struct spawn *s)
{
	char exe[512], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n == -1)
		fatal("/proc/self/exe");
	exe[n] = '\0';
	if ((slash = strrchr(exe, '/')) != NULL)
		*slash = '\0';
	for (enum proc_id p = 0; p < P_COUNT; p++)
		s->program[p] = find_program(exe, proc_names[p]);
}

/* --- in the child --- */

int
spawn_open_log(const struct server_conf *c, enum proc_id p)
{
	char path[512];
	int n = p == P_COUNT ? snprintf(path, sizeof(path), "%s", c->log_file)
			     : snprintf(path, sizeof(path), "%s.%s", c->log_file, proc_names[p]);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
}

/*
 * Nothing of the operator's terminal or files but where the log goes, and what "keyd -k" prints.
 * With --echo standard output is where our own log goes.
 */
static void
point_standard_fds(const struct spawn *s, enum proc_id p)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), keeps = s->job != KEYD_SERVES;
	int out = s->opt->echo ? STDERR_FILENO : fd;

	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1 ||
	    ((!keeps || s->opt->quiet) && dup2(keeps ? fd : out, STDOUT_FILENO) == -1))
		fatal("/dev/null");
	if (keeps)
		return;
	fd = spawn_open_log(s->conf, p);
	if (fd == -1)
		fatal("%s.%s", s->conf->log_file, proc_names[p]);
	if (dup2(fd, STDERR_FILENO) == -1)
		fatal("dup2");
}

/* All descriptors that p gets, from FIRST_FD on; names are joined for LISTEN_FDNAMES. */
static int
arrange_sockets(const struct sockets *s, enum proc_id p, char *names, size_t size)
{
	int high[MAX_SOCKETS], n = 0;

	names[0] = '\0';
	for (size_t i = 0; i < s->n; i++) {
		if (s->s[i].to != p)
			continue;
		high[n] = fcntl(s->s[i].fd, F_DUPFD_CLOEXEC, HIGH_FD);
		if (high[n++] == -1)
			fatal("dup");
		if (names[0] != '\0')
			strlcat(names, ":", size);
		strlcat(names, s->s[i].name, size);
	}
	for (int i = 0; i < n; i++)
		if (dup2(high[i], FIRST_FD + i) == -1)
			fatal("dup2");
	return n;
}

static void
copy_file(int to, const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	char block[8192];
	ssize_t n = -1;

	while (from != -1 && (n = read(from, block, sizeof(block))) > 0)
		if (write(to, block, (size_t)n) != n)
			fatal("%s", path);
	if (n == -1)
		fatal("%s", path);
	close(from);
}

/*
 * A process of another uid may be unable to reach the file, or to read it, or there is none yet. It
 * gets the text then as a file without a name, on descriptor fd.
 */
static const char *
readable_conf(const struct spawn *s, int fd)
{
	static char path[32];
	char culprit[512];
	struct stat st;
	int to;

	if (s->text == NULL &&
	    (!s->owners->many || (stat(s->conf->file, &st) == 0 && (st.st_mode & S_IROTH) &&
				     paranoia_reachable(s->conf->file, culprit, sizeof(culprit)))))
		return s->conf->file;
	if ((to = memfd_create("mixminiond.conf", MFD_CLOEXEC)) == -1)
		fatal("memfd_create");
	if (s->text == NULL)
		copy_file(to, s->conf->file);
	else if (write(to, s->text->p, s->text->len) != (ssize_t)s->text->len)
		fatal("memfd");
	if (lseek(to, 0, SEEK_SET) == -1 || dup2(to, fd) == -1)
		fatal("%s", s->conf->file);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	return path;
}

struct strings {
	size_t n;
	char *v[MAX_ARGS + MAX_ENV];
};

__attribute__((format(printf, 2, 3))) static void
add_string(struct strings *s, const char *fmt, ...)
{
	va_list ap;

	if (s->n >= MAX_ARGS + MAX_ENV - 1)
		fatalx("too many arguments");
	va_start(ap, fmt);
	if (vasprintf(&s->v[s->n++], fmt, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
}

static void
make_args(
    struct strings *a, const struct spawn *s, enum proc_id p, const char *conf, int passphrase)
{
	static const char *const levels[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL",
		"NEVER" };

	add_string(a, "%s", proc_names[p]);
	add_string(a, "-f");
	add_string(a, "%s", conf);
	add_string(a, "-s");
	add_string(a, "%s", s->conf->run_dir);
	if (s->job != KEYD_SERVES)
		add_string(a, "%s", s->job == KEYD_MAKES ? "-k" : "-D");
	if (passphrase != -1) {
		add_string(a, "-p");
		add_string(a, "%d", passphrase);
	}
	if (!s->owners->many)
		add_string(a, "-1");
	if (s->opt->unconfined)
		add_string(a, "-U");
	if (s->opt->echo && s->job == KEYD_SERVES)
		add_string(a, "-e");
	if (s->opt->severity != -1) {
		add_string(a, "-l");
		add_string(a, "%s", levels[s->opt->severity]);
	}
}

/* Nothing of the operator's environment but what is named here. */
static void
make_env(struct strings *e, const struct spawn *s, int nsockets, const char *names)
{
	static const char *const kept[] = { "TZ", "JOURNAL_STREAM", "MIXMINION_FAKE_CLOCK",
		"MIXMINION_STEPS",
		"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (getenv(kept[i]) != NULL)
			add_string(e, "%s=%s", kept[i], getenv(kept[i]));
	add_string(e, "LISTEN_PID=%ld", (long)getpid());
	add_string(e, "LISTEN_FDS=%d", nsockets);
	add_string(e, "LISTEN_FDNAMES=%s", names);
	if (s->sockets->notify_path[0] != '\0')
		add_string(e, "NOTIFY_SOCKET=%s", s->sockets->notify_path);
}

static void
reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* keyd locks all of its memory, where it may. */
static void
allow_locked_memory(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &all) == -1)
		log_debug("the limit on locked memory stays");
}

/* What a process is given besides its sockets: descriptors from here on. */
struct given {
	int next;
	const char *conf;
	int passphrase;
};

static void
arrange_files(struct given *g, const struct spawn *s, int passphrase)
{
	g->conf = readable_conf(s, g->next);
	g->next += g->conf != s->conf->file;
	g->passphrase = -1;
	if (passphrase == -1)
		return;
	if (dup2(passphrase, g->next) == -1)
		fatal("dup2");
	g->passphrase = g->next++;
}

__attribute__((noreturn)) static void
become_process(const struct spawn *s, enum proc_id p, pid_t supervisor, int passphrase)
{
	struct strings args = { 0 }, env = { 0 };
	char names[ENV_LEN];
	struct given g;
	int n, exe;

	reset_signals();
	/* Control-C on a terminal is for the supervisor, which stops us in order. */
	setpgid(0, 0);
	point_standard_fds(s, p);
	if (passphrase != -1 && (passphrase = fcntl(passphrase, F_DUPFD_CLOEXEC, HIGH_FD)) == -1)
		fatal("dup");
	n = arrange_sockets(s->sockets, p, names, sizeof(names));
	g.next = FIRST_FD + n;
	arrange_files(&g, s, passphrase);
	make_args(&args, s, p, g.conf, g.passphrase);
	make_env(&env, s, n, names);
	if (close_range((unsigned)g.next, ~0u, 0) == -1)
		fatal("close_range");
	exe = open(s->program[p], O_PATH | O_CLOEXEC);
	if (p == P_KEYD)
		allow_locked_memory();
	owners_become(s->owners, p);
	/* Without anyone to stop them the five would be in the way of the next start. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != supervisor)
		fatalx("the supervisor is gone");
	execve(s->program[p], args.v, env.v);
	/* Another uid may be unable to reach the file by its path, below /root for instance. */
	if (errno == EACCES && exe != -1)
		fexecve(exe, args.v, env.v);
	fatal_permanent("%s: %s", s->program[p], strerror(errno));
}

pid_t
spawn_process(const struct spawn *s, enum proc_id p)
{
	int passphrase = p == P_KEYD ? passphrase_pipe() : -1;
	pid_t supervisor = getpid(), pid = fork();

	if (pid == 0)
		become_process(s, p, supervisor, passphrase);
	if (passphrase != -1)
		close(passphrase);
	return pid;
}

int
spawn_keys(const struct spawn *s)
{
	int status;
	pid_t pid = spawn_process(s, P_KEYD);

	if (pid == -1)
		fatal("fork");
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_AGAIN;
}
