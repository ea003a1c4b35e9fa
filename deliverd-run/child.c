/*
 * From fork to exec. What is done between them is safe in a child: no memory is asked for, and what
 * fails ends it with EX_OSERR, which means later.
 */
#include <sys/resource.h>

#include <fcntl.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "deliverd-run.h"

#define MAX_FILES     256
#define MAX_PROCESSES 64
#define MAX_FILE_SIZE (1L << 30)

static void
limit(int what, int64_t n)
{
	struct rlimit rl;

	if (getrlimit(what, &rl) == -1)
		_exit(EX_OSERR);
	if ((rlim_t)n < rl.rlim_max)
		rl.rlim_max = (rlim_t)n;
	if (rl.rlim_cur > rl.rlim_max)
		rl.rlim_cur = rl.rlim_max;
	if (setrlimit(what, &rl) == -1)
		_exit(EX_OSERR);
}

static void
set_limits(const struct run_limits *l)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, MAX_FILES);
	limit(RLIMIT_FSIZE, MAX_FILE_SIZE);
	limit(RLIMIT_CPU, l->seconds + 1);
	if (l->processes)
		limit(RLIMIT_NPROC, MAX_PROCESSES);
	limit(RLIMIT_DATA, l->memory);
}

static void
reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What a program says may name people: it is heard at DEBUG only. */
static void
point_standard_fds(int input, int talk)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || lseek(input, 0, SEEK_SET) == -1 || dup2(input, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 || (!talk && dup2(null, STDERR_FILENO) == -1))
		_exit(EX_OSERR);
	if (close_range(STDERR_FILENO + 1, ~0u, 0) == -1)
		_exit(EX_OSERR);
}

pid_t
child_start(const char *path, char *const argv[], char *const env[], int input,
    const struct run_limits *l)
{
	pid_t pid = fork();

	if (pid != 0) {
		/* Here too: whoever comes first, the group is there when it is to be killed. */
		if (pid != -1)
			(void)setpgid(pid, pid);
		return pid;
	}
	if (setpgid(0, 0) == -1)
		_exit(EX_OSERR);
	reset_signals();
	point_standard_fds(input, l->talk);
	if (chdir("/") == -1)
		_exit(EX_OSERR);
	set_limits(l);
	execve(path, argv, env);
	_exit(EX_OSERR);
}
