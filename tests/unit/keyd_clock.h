/* A keyd with its processes and its walls, under clocks that a test sets. */
#ifndef KEYD_CLOCK_H
#define KEYD_CLOCK_H

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/x509.h>

#include "crypto.h"
#include "ipc.h"
#include "keyd/keyd.h"
#include "keyd/keyset.h"
#include "t.h"

#define HOUR	 3600
#define LIFETIME (21 * DAY)
#define OVERLAP	 (30 * HOUR)
#define CALL_MS	 120000 /* under valgrind keys take long */
#define FD_AWAY	 60
#define SETS_MAX 32

/* --- the clocks --- */

static struct {
	int64_t now, uptime;
} *clocks; /* shared with keyd's processes */

int64_t
daemon_now(void)
{
	return clocks->now;
}

int64_t
daemon_uptime(void)
{
	return clocks->uptime;
}

int64_t
daemon_steady(void)
{
	return clocks->uptime;
}

void
daemon_clock_init(void)
{
}

static void
pass_until(int64_t t)
{
	clocks->uptime += t - clocks->now;
	clocks->now = t;
}

/* --- a keyd --- */

static const char *const names[] = { SOCK_KEYD_MIXER, SOCK_KEYD_MMTPD, SOCK_KEYD_DIRSYNC,
	"keyd-control" };
enum { TO_MIXER, TO_MMTPD, TO_DIRSYNC, TO_CONTROL, NSOCKS };

static char base[256];
static pid_t keyd;
static int sock[NSOCKS];
static char conf[1024];

static const char *
at(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static void
put_conf(void)
{
	int fd = open(at("conf"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	snprintf(conf, sizeof(conf),
	    "[Server]\nBaseDir: %s\nNickname: Alice\nContact-Email: a@example.org\nMode: relay\n"
	    "LogLevel: INFO\nPublicKeyLifetime: 21 days\nPublicKeyOverlap: 30 hours\n"
	    "[Incoming/MMTP]\nEnabled: yes\nHostname: localhost\n[Outgoing/MMTP]\nEnabled: yes\n",
	    base);
	CHECK(write(fd, conf, strlen(conf)) == (ssize_t)strlen(conf));
	close(fd);
}

static void
run_keyd(const int *listener)
{
	static struct daemon d = { .name = "keyd" };
	char *argv[] = { strdup("keyd"), strdup("-1U"), strdup("-f"), strdup(at("conf")), NULL };
	char list[200] = "", number[16];
	struct front_fds fds;
	int log = open(at("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	for (int i = 0; i < NSOCKS; i++) {
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
		    i > 0 ? ":" : "", names[i]);
		dup2(listener[i], FD_AWAY + i);
	}
	for (int i = 0; i < NSOCKS; i++)
		dup2(FD_AWAY + i, 3 + i);
	dup2(log, STDERR_FILENO);
	setenv("LISTEN_FDNAMES", list, 1);
	snprintf(number, sizeof(number), "%d", NSOCKS);
	setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%ld", (long)getpid());
	setenv("LISTEN_PID", number, 1);
	daemon_init(&d, 4, argv, "");
	spawn_all(&d, &fds, -1);
	front_run(&d, &fds);
	exit(0);
}

static void
start_keyd(void)
{
	int listener[NSOCKS];
	char path[300];

	for (int i = 0; i < NSOCKS; i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", base, names[i]);
		CHECK((listener[i] = ipc_listen_path(path, 0600)) != -1);
	}
	fflush(stdout);
	if ((keyd = fork()) == 0)
		run_keyd(listener);
	for (int i = 0; i < NSOCKS; i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", base, names[i]);
		CHECK((sock[i] = ipc_connect_path(path)) != -1);
		close(listener[i]);
	}
}

static void
stop_keyd(void)
{
	int status = -1;

	kill(keyd, SIGTERM);
	CHECK(waitpid(keyd, &status, 0) == keyd && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (int i = 0; i < NSOCKS; i++)
		close(sock[i]);
}

static void
begin(int64_t now)
{
	/* In memory where that can be: this is not about disks, and a year has many commits. */
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/keydyearXXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(base) == NULL)
		perror(base);
	mkdir(at("keys"), 0700);
	mkdir(at("work"), 0700);
	mkdir(at("work/replay"), 0700);
	put_conf();
	clocks->now = now;
	clocks->uptime = 1000;
	start_keyd();
}

static void
end(void)
{
	char command[300];

	stop_keyd();
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	CHECK(system(command) == 0);
}

/* What keyd's processes have said so far. */
static const char *
log_text(void)
{
	static char text[65536];
	int fd = open(at("log"), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int
there(const char *name)
{
	struct stat st;

	return stat(at(name), &st) == 0;
}

static size_t
ask(int to, enum verb v, const void *body, size_t len, void *rep, size_t max)
{
	struct ipc_hdr h;
	size_t got = 0;

	if (t_failed)
		return 0;
	if (ipc_call(sock[to], (uint16_t)v, body, len, &h, rep, max, &got, CALL_MS) == -1) {
		CHECK(!"keyd answers");
		return 0;
	}
	return got;
}

#endif
