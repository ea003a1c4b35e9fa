/*
 * Misbehaves, for tests of AppArmor's profiles: probe WHAT ARGUMENT ... tries each pair in turn and
 * says what became of it, a line each: "WHAT ARGUMENT: ok", or the name of the error.
 */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each returns -1 with errno, or what is no error. */

static int
opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd != -1)
		close(fd);
	return fd;
}

static int
try_read(const char *path)
{
	return opened(path, O_RDONLY);
}

static int
try_write(const char *path)
{
	return opened(path, O_WRONLY);
}

static int
try_make(const char *path)
{
	return opened(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int
try_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

static int
try_fifo(const char *path)
{
	return mkfifo(path, 0600);
}

static int
try_link(const char *path)
{
	return symlink("/etc/passwd", path);
}

/* The error of execve(2) comes back by a pipe, which a program that runs would close. */
static int
try_exec(const char *path)
{
	char arg0[64];
	char *argv[] = { arg0, NULL };
	int p[2], error = 0;
	pid_t pid;

	snprintf(arg0, sizeof(arg0), "%s", path);
	if (pipe2(p, O_CLOEXEC) == -1)
		return -1;
	if ((pid = fork()) == 0) {
		execv(path, argv);
		error = errno;
		_exit(write(p[1], &error, sizeof(error)) == -1);
	}
	close(p[1]);
	if (read(p[0], &error, sizeof(error)) == -1)
		error = errno;
	close(p[0]);
	waitpid(pid, NULL, 0);
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
try_socket(const char *name)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} list[] = { { "tcp", AF_INET, SOCK_STREAM, 0 }, { "tcp6", AF_INET6, SOCK_STREAM, 0 },
		{ "udp", AF_INET, SOCK_DGRAM, 0 }, { "raw", AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ "packet", AF_PACKET, SOCK_RAW, 0 }, { "netlink", AF_NETLINK, SOCK_RAW, 0 } };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(list[i].name, name) == 0)
			return socket(
			    list[i].family, list[i].type | SOCK_CLOEXEC, list[i].protocol);
	errno = EINVAL;
	return -1;
}

static int
try_trace(const char *pid)
{
	return (int)ptrace(PTRACE_SEIZE, (pid_t)atoi(pid), NULL, NULL);
}

static int
try_signal(const char *pid)
{
	return kill((pid_t)atoi(pid), SIGURG); /* which is ignored by default */
}

static int
try_uid(const char *uid)
{
	return setuid((uid_t)atoi(uid));
}

static int
try_mount(const char *path)
{
	return mount("none", path, "tmpfs", 0, NULL);
}

static const struct {
	const char *what;
	int (*try)(const char *);
} tries[] = { { "read", try_read }, { "write", try_write }, { "make", try_make },
	{ "map", try_map }, { "fifo", try_fifo }, { "link", try_link }, { "exec", try_exec },
	{ "socket", try_socket }, { "trace", try_trace }, { "signal", try_signal },
	{ "mount", try_mount }, { "uid", try_uid } };

static int
attempt(const char *what, const char *arg)
{
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (strcmp(tries[i].what, what) == 0)
			return tries[i].try(arg);
	fprintf(stderr, "probe: no \"%s\"\n", what);
	exit(64);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		int rc = attempt(argv[i], argv[i + 1]);

		printf("%s %s: %s\n", argv[i], argv[i + 1],
		    rc == -1 ? strerrorname_np(errno) : "ok");
		fflush(stdout);
	}
	return 0;
}
