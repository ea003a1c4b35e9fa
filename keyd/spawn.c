#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "keyd.h"
#include "logrelay.h"

#define END_TRIES    200
#define END_PAUSE_MS 10

static unsigned
count_cores(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return 1;
	n = CPU_COUNT(&set);
	return n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static void
make_pair(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		fatal("socketpair");
}

struct wiring {
	int front_keeper[2]; /* [0] is the former's end */
	int front_worker[WORKERS_MAX][2];
	int keeper_worker[WORKERS_MAX][2];
	unsigned n;
};

/* Closes all but these (n of them, and standard ones): the listening sockets too. */
static void
close_others(const int *mine, size_t n)
{
	int top = STDERR_FILENO;

	for (size_t i = 0; i < n; i++)
		if (mine[i] > top)
			top = mine[i];
	for (int fd = STDERR_FILENO + 1; fd < top; fd++) {
		size_t i = 0;

		while (i < n && mine[i] != fd)
			i++;
		if (i == n)
			close(fd);
	}
	closefrom(top + 1);
}

/* Stopping is the front's affair: it hears the signals, the others see its sockets close. */
static void
become_child(const int *mine, size_t n)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	logrelay_child();
	close_others(mine, n);
}

static pid_t
start(void)
{
	pid_t pid = fork();

	if (pid == -1)
		fatal("fork");
	return pid;
}

static void
keeper_child(struct daemon *d, const struct wiring *w, int passphrase)
{
	struct keeper_fds fds = {
		.front = w->front_keeper[1], .passphrase = passphrase, .nworkers = w->n
	};
	int mine[WORKERS_MAX + 2];

	for (unsigned i = 0; i < w->n; i++)
		fds.worker[i] = mine[i] = w->keeper_worker[i][0];
	mine[w->n] = fds.front;
	mine[w->n + 1] = passphrase;
	become_child(mine, w->n + 2);
	keeper_run(d, &fds);
}

static void
worker_child(struct daemon *d, const struct wiring *w, unsigned self)
{
	int mine[2] = { w->front_worker[self][1], w->keeper_worker[self][1] };

	become_child(mine, 2);
	worker_run(d, mine[0], mine[1]);
}

/*
 * When one process ends the others follow it, and any of them may be seen first: did one say that
 * starting again mends nothing? Bounded, lest one that was taken over keeps us here.
 */
static int
ended_for_good(void)
{
	const struct timespec pause = { 0, END_PAUSE_MS * 1000000L };
	pid_t pid = 0;
	int status;

	for (int i = 0; i < END_TRIES && pid != -1; i++) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 100)
			return 1;
		if (pid == 0)
			ppoll(NULL, 0, &pause, NULL);
	}
	return 0;
}

void
spawn_ended(const char *which)
{
	int for_good = ended_for_good();

	logrelay_rest();
	if (for_good)
		fatal_permanent("keyd cannot go on: the reason is above");
	fatalx("the %s ended: all of keyd ends, to be started again", which);
}

void
spawn_all(struct daemon *d, struct front_fds *fds, int passphrase)
{
	struct wiring w = { .n = count_cores() };
	const struct sched_param none = { 0 };

	/* For throughput: on a busy core nobody is interrupted for one of us. */
	if (sched_setscheduler(0, SCHED_BATCH, &none) == -1)
		log_debug("sched_setscheduler failed");

	make_pair(w.front_keeper);
	logrelay_open();
	for (unsigned i = 0; i < w.n; i++) {
		make_pair(w.front_worker[i]);
		make_pair(w.keeper_worker[i]);
	}
	if (start() == 0)
		keeper_child(d, &w, passphrase);
	for (unsigned i = 0; i < w.n; i++)
		if (start() == 0)
			worker_child(d, &w, i);
	close(w.front_keeper[1]);
	if (passphrase != -1)
		close(passphrase);
	*fds = (struct front_fds) { .keeper = w.front_keeper[0], .nworkers = w.n };
	for (unsigned i = 0; i < w.n; i++) {
		close(w.front_worker[i][1]);
		close(w.keeper_worker[i][0]);
		close(w.keeper_worker[i][1]);
		fds->worker[i] = w.front_worker[i][0];
	}
}
