#include <sys/queue.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "loop.h"

struct loop_io {
	TAILQ_ENTRY(loop_io) entry;
	struct loop *l;
	int fd;
	short events;
	int dead; /* deleted; freed when no callback can be looking */
	void (*cb)(int, short, void *);
	void *arg;
};

struct loop_timer {
	struct loop *l;
	int64_t due;
	size_t at; /* place in the heap, or NOT_ARMED */
	void (*cb)(void *);
	void *arg;
};

#define NOT_ARMED SIZE_MAX

struct loop_sig {
	void (*cb)(int, void *);
	void *arg;
};

struct loop {
	TAILQ_HEAD(, loop_io) ios;
	size_t nios;
	size_t ndead;
	struct pollfd *pfd;      /* rebuilt from ios each round */
	struct loop_io **polled; /* ... and whose entry each is */
	size_t cap;
	struct loop_timer **heap; /* least due first */
	size_t ntimers, timers_cap;
	struct loop_sig sig[NSIG];
	sigset_t inside; /* the mask while polling */
	void (*each)(void *);
	void *each_arg;
	int stopped;
};

/* The handler only notes; the loop calls. */
static volatile sig_atomic_t pending[NSIG];

static void
note_signal(int signo)
{
	pending[signo] = 1;
}

int64_t
loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		fatal("loop");
	TAILQ_INIT(&l->ios);
	sigprocmask(SIG_BLOCK, NULL, &l->inside);
	return l;
}

void
loop_free(struct loop *l)
{
	struct loop_io *io;

	while ((io = TAILQ_FIRST(&l->ios)) != NULL) {
		TAILQ_REMOVE(&l->ios, io, entry);
		free(io);
	}
	for (size_t i = 0; i < l->ntimers; i++)
		l->heap[i]->at = NOT_ARMED;
	free(l->pfd);
	free(l->polled);
	free(l->heap);
	free(l);
}

struct loop_io *
loop_add(struct loop *l, int fd, short events, void (*cb)(int, short, void *), void *arg)
{
	struct loop_io *io = calloc(1, sizeof(*io));

	if (io == NULL)
		fatal("loop_add");
	*io = (struct loop_io){ .l = l, .fd = fd, .events = events, .cb = cb, .arg = arg };
	TAILQ_INSERT_TAIL(&l->ios, io, entry);
	l->nios++;
	return io;
}

void
loop_events(struct loop_io *io, short events)
{
	io->events = events;
}

void
loop_del(struct loop_io *io)
{
	if (io == NULL || io->dead)
		return;
	io->dead = 1;
	io->l->ndead++;
}

static void
sweep(struct loop *l)
{
	struct loop_io *io, *next;

	if (l->ndead == 0)
		return;
	for (io = TAILQ_FIRST(&l->ios); io != NULL; io = next) {
		next = TAILQ_NEXT(io, entry);
		if (io->dead) {
			TAILQ_REMOVE(&l->ios, io, entry);
			l->nios--;
			free(io);
		}
	}
	l->ndead = 0;
}

/* --- timers: a binary heap --- */

static void
heap_put(struct loop *l, size_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->at = i;
}

static void
heap_up(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];

	for (; i > 0 && l->heap[(i - 1) / 2]->due > t->due; i = (i - 1) / 2)
		heap_put(l, i, l->heap[(i - 1) / 2]);
	heap_put(l, i, t);
}

static void
heap_down(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];
	size_t kid;

	while ((kid = 2 * i + 1) < l->ntimers) {
		if (kid + 1 < l->ntimers && l->heap[kid + 1]->due < l->heap[kid]->due)
			kid++;
		if (l->heap[kid]->due >= t->due)
			break;
		heap_put(l, i, l->heap[kid]);
		i = kid;
	}
	heap_put(l, i, t);
}

static void
disarm(struct loop_timer *t)
{
	struct loop *l = t->l;
	size_t i = t->at;

	if (i == NOT_ARMED)
		return;
	t->at = NOT_ARMED;
	if (i == --l->ntimers)
		return;
	heap_put(l, i, l->heap[l->ntimers]);
	heap_up(l, i);
	heap_down(l, l->heap[i]->at);
}

struct loop_timer *
loop_timer(struct loop *l, void (*cb)(void *), void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		fatal("loop_timer");
	*t = (struct loop_timer){ .l = l, .at = NOT_ARMED, .cb = cb, .arg = arg };
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t ms)
{
	struct loop *l = t->l;

	disarm(t);
	if (ms < 0)
		return;
	if (l->ntimers == l->timers_cap) {
		l->timers_cap = l->timers_cap * 2 + 8;
		l->heap = reallocarray(l->heap, l->timers_cap, sizeof(*l->heap));
		if (l->heap == NULL)
			fatal("loop_timer_set");
	}
	t->due = loop_now() + ms;
	heap_put(l, l->ntimers++, t);
	heap_up(l, t->at);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	disarm(t);
	free(t);
}

/* Timers that callbacks set anew for "now" wait for the next round: files must not starve. */
static void
run_timers(struct loop *l)
{
	int64_t now;

	if (l->ntimers == 0)
		return;
	now = loop_now();
	for (size_t n = l->ntimers; n > 0 && l->ntimers > 0 && l->heap[0]->due <= now; n--) {
		struct loop_timer *t = l->heap[0];
		disarm(t);
		t->cb(t->arg);
	}
}

/* --- signals --- */

void
loop_signal(struct loop *l, int signo, void (*cb)(int, void *), void *arg)
{
	struct sigaction sa = { .sa_handler = note_signal };
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signo);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigdelset(&l->inside, signo);
	l->sig[signo] = (struct loop_sig){ cb, arg };
	sigfillset(&sa.sa_mask);
	if (sigaction(signo, &sa, NULL) == -1)
		fatal("sigaction");
}

static void
run_signals(struct loop *l)
{
	for (int s = 1; s < NSIG; s++) {
		if (!pending[s] || l->sig[s].cb == NULL)
			continue;
		pending[s] = 0;
		l->sig[s].cb(s, l->sig[s].arg);
	}
}

void
loop_each(struct loop *l, void (*cb)(void *), void *arg)
{
	l->each = cb;
	l->each_arg = arg;
}

/* --- rounds --- */

static size_t
fill_pollfds(struct loop *l)
{
	struct loop_io *io;
	size_t n = 0;

	if (l->nios > l->cap) {
		l->cap = l->nios * 2;
		l->pfd = reallocarray(l->pfd, l->cap, sizeof(*l->pfd));
		l->polled = reallocarray(l->polled, l->cap, sizeof(struct loop_io *));
		if (l->pfd == NULL || l->polled == NULL)
			fatal("loop");
	}
	TAILQ_FOREACH(io, &l->ios, entry) {
		if (io->events == 0)
			continue;
		l->pfd[n] = (struct pollfd){ .fd = io->fd, .events = io->events };
		l->polled[n++] = io;
	}
	return n;
}

static int
wait_events(struct loop *l, size_t n)
{
	struct timespec ts, *timeout = NULL;
	int64_t ms;
	int got;

	if (l->ntimers > 0) {
		ms = l->heap[0]->due - loop_now();
		if (ms < 0)
			ms = 0;
		ts = (struct timespec){ ms / 1000, (ms % 1000) * 1000000 };
		timeout = &ts;
	}
	got = ppoll(l->pfd, n, timeout, &l->inside);
	if (got == -1 && errno != EINTR && errno != EAGAIN && errno != ENOMEM)
		fatal("ppoll");
	return got;
}

static void
round_once(struct loop *l)
{
	size_t n;
	int got;

	sweep(l);
	n = fill_pollfds(l);
	got = wait_events(l, n);
	run_signals(l);
	for (size_t i = 0; i < n && got > 0; i++) {
		struct loop_io *io = l->polled[i];
		if (l->pfd[i].revents == 0)
			continue;
		got--;
		/* An earlier callback of this round may have deleted or paused it. */
		if (!io->dead && io->events != 0)
			io->cb(io->fd, l->pfd[i].revents, io->arg);
	}
	run_timers(l);
	if (l->each != NULL)
		l->each(l->each_arg);
}

void
loop_run(struct loop *l)
{
	l->stopped = 0;
	while (!l->stopped)
		round_once(l);
}

void
loop_stop(struct loop *l)
{
	l->stopped = 1;
}
