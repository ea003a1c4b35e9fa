#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builders.h"
#include "log.h"
#include "progress.h"

#define MANY	    32 /* packets, from which on a process is worth its start */
#define MAX_WORKERS 8

/* What a worker answers: a packet, or why there is none. */
struct built {
	int failed;
	struct errmsg why;
	struct mix_addr to;
	uint8_t packet[PACKET_LEN];
};

struct workers {
	size_t n;
	int fd[MAX_WORKERS];
	pid_t pid[MAX_WORKERS];
};

static size_t
worker_count(size_t packets)
{
	cpu_set_t cores;
	size_t n;

	if (packets < MANY || sched_getaffinity(0, sizeof(cores), &cores) == -1)
		return 0;
	n = (size_t)CPU_COUNT(&cores);
	return n < 2 ? 0 : n < MAX_WORKERS ? n : MAX_WORKERS;
}

/* Every step-th packet from first on; it ends also when nobody listens any more. */
static void __attribute__((noreturn))
work(int fd, size_t first, size_t step, size_t n, build_one build, void *ctx)
{
	struct built *b = calloc(1, sizeof(*b));

	for (size_t i = first; b != NULL && i < n && !b->failed; i += step) {
		b->failed = build(ctx, i, b->packet, &b->to, &b->why) == -1;
		if (send(fd, b, sizeof(*b), MSG_NOSIGNAL) != (ssize_t)sizeof(*b))
			break;
	}
	freezero(b, sizeof(*b));
	_exit(0);
}

static int
start(struct workers *w, size_t want, size_t n, build_one build, void *ctx)
{
	for (; w->n < want; w->n++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
			return -1;
		w->pid[w->n] = fork();
		if (w->pid[w->n] == 0) {
			for (size_t i = 0; i < w->n; i++)
				(void)close(w->fd[i]);
			(void)close(pair[0]);
			work(pair[1], w->n, want, n, build, ctx);
		}
		(void)close(pair[1]);
		w->fd[w->n] = pair[0];
		if (w->pid[w->n] == -1) {
			(void)close(pair[0]);
			return -1;
		}
	}
	return 0;
}

static void
stop(struct workers *w)
{
	for (size_t i = 0; i < w->n; i++)
		(void)close(w->fd[i]);
	for (size_t i = 0; i < w->n; i++)
		while (waitpid(w->pid[i], NULL, 0) == -1 && errno == EINTR)
			continue;
	w->n = 0;
}

static int
receive(int fd, struct built *b, struct errmsg *e)
{
	ssize_t len;

	do
		len = recv(fd, b, sizeof(*b), 0);
	while (len == -1 && errno == EINTR);
	if (len != (ssize_t)sizeof(*b))
		return err_set(e, "a process that builds packets ended early");
	return b->failed ? err_set(e, "%s", b->why.s) : 0;
}

/* Packet i, from its worker or made here. */
static int
get(const struct workers *w, size_t i, build_one build, void *ctx, struct built *b,
    struct errmsg *e)
{
	if (w->n > 0)
		return receive(w->fd[i % w->n], b, e);
	return build(ctx, i, b->packet, &b->to, e);
}

int
builders_run(size_t n, build_one build, void *ctx, const struct packet_sink *sink,
    struct errmsg *e)
{
	struct built *b = calloc(1, sizeof(*b));
	struct workers w = { .n = 0 };
	struct progress progress;
	int r = sink->begin(sink->ctx, n, e);

	if (b == NULL)
		fatal("no memory for a packet");
	if (r == 0 && start(&w, worker_count(n), n, build, ctx) == -1)
		stop(&w);
	progress_begin(&progress, "Building", "Built", n);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = get(&w, i, build, ctx, b, e);
		if (r == 0)
			r = sink->take(sink->ctx, b->packet, &b->to, e);
		progress_step(&progress);
	}
	progress_end(&progress);
	stop(&w);
	freezero(b, sizeof(*b));
	return r;
}
