#include <signal.h>
#include <unistd.h>

#include "loop.h"
#include "t.h"

static struct loop *l;
static char order[64];

static void
note(char c)
{
	size_t n = strlen(order);

	order[n] = c;
	order[n + 1] = '\0';
}

static void
note_timer(void *arg)
{
	note(*(const char *)arg);
}

static void
stop_timer(void *arg)
{
	(void)arg;
	loop_stop(l);
}

static void
start(void)
{
	l = loop_new();
	order[0] = '\0';
}

static void
test_timers_fire_in_order(void)
{
	struct loop_timer *t[6];
	static const int ms[] = { 450, 150, 350, 50, 250 };
	static const char names[] = "ecdab";

	start();
	for (int i = 0; i < 5; i++) {
		t[i] = loop_timer(l, note_timer, (void *)(uintptr_t)(names + i));
		loop_timer_set(t[i], ms[i]);
	}
	t[5] = loop_timer(l, stop_timer, NULL);
	loop_timer_set(t[5], 600);
	loop_timer_set(t[1], -1);
	loop_timer_set(t[0], 0);
	loop_run(l);
	CHECK_STR(order, "eabd");
	for (int i = 0; i < 6; i++)
		loop_timer_free(t[i]);
	loop_free(l);
}

static struct loop_timer *again;
static int times;

static void
set_again(void *arg)
{
	(void)arg;
	if (++times == 3)
		loop_stop(l);
	else
		loop_timer_set(again, 0);
}

static void
test_timer_sets_itself_again(void)
{
	start();
	times = 0;
	again = loop_timer(l, set_again, NULL);
	loop_timer_set(again, 0);
	loop_run(l);
	CHECK(times == 3);
	loop_timer_free(again);
	loop_free(l);
}

static struct loop_io *other[2];
static int fds[2][2];

/* Whichever is called first deletes both: the second must not be called any more. */
static void
delete_both(int fd, short revents, void *arg)
{
	(void)fd;
	(void)revents;
	(void)arg;
	note('x');
	loop_del(other[0]);
	loop_del(other[1]);
	loop_stop(l);
}

static void
open_pipes(void)
{
	for (int i = 0; i < 2; i++) {
		CHECK(pipe(fds[i]) == 0);
		CHECK(write(fds[i][1], "", 1) == 1);
	}
}

static void
close_pipes(void)
{
	for (int i = 0; i < 2; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

static void
test_delete_within_callback(void)
{
	start();
	open_pipes();
	for (int i = 0; i < 2; i++)
		other[i] = loop_add(l, fds[i][0], POLLIN, delete_both, NULL);
	loop_run(l);
	CHECK_STR(order, "x");
	close_pipes();
	loop_free(l);
}

static void
pause_other(int fd, short revents, void *arg)
{
	(void)fd;
	(void)revents;
	note(*(const char *)arg);
	loop_events(other[*(const char *)arg == 'a'], 0);
}

static void
each_round(void *arg)
{
	(void)arg;
	note('|');
	if (++times == 2)
		loop_stop(l);
}

static void
test_pause_and_each(void)
{
	start();
	times = 0;
	open_pipes();
	other[0] = loop_add(l, fds[0][0], POLLIN, pause_other, (void *)(uintptr_t) "a");
	other[1] = loop_add(l, fds[1][0], POLLIN, pause_other, (void *)(uintptr_t) "b");
	loop_each(l, each_round, NULL);
	loop_run(l);
	CHECK_STR(order, "a|a|");
	close_pipes();
	loop_free(l);
}

static void
deleted_before_run(int fd, short revents, void *arg)
{
	(void)fd;
	(void)revents;
	(void)arg;
	note('!');
}

static void
test_deleted_before_run(void)
{
	struct loop_timer *t;

	start();
	open_pipes();
	loop_del(loop_add(l, fds[0][0], POLLIN, deleted_before_run, NULL));
	t = loop_timer(l, stop_timer, NULL);
	loop_timer_set(t, 0);
	loop_run(l);
	CHECK_STR(order, "");
	loop_timer_free(t);
	close_pipes();
	loop_free(l);
}

static void
on_signal(int signo, void *arg)
{
	(void)arg;
	note(signo == SIGUSR1 ? 's' : '?');
	loop_stop(l);
}

static void
test_signal_waits_for_the_loop(void)
{
	start();
	loop_signal(l, SIGUSR1, on_signal, NULL);
	kill(getpid(), SIGUSR1);
	CHECK_STR(order, "");
	loop_run(l);
	CHECK_STR(order, "s");
	loop_free(l);
}

TESTS(T(test_timers_fire_in_order), T(test_timer_sets_itself_again), T(test_delete_within_callback),
    T(test_pause_and_each), T(test_deleted_before_run), T(test_signal_waits_for_the_loop))
