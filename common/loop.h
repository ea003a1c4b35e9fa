/*
 * The event loop of every daemon: ppoll, timers, signals that are blocked but inside the call.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <poll.h>
#include <stdint.h>

struct loop;
struct loop_io;
struct loop_timer;

struct loop *loop_new(void);
void loop_free(struct loop *l);

/* Watches fd (not owned). events as for poll; cb gets revents. */
struct loop_io *loop_add(
    struct loop *l, int fd, short events, void (*cb)(int fd, short revents, void *arg), void *arg);
void loop_events(struct loop_io *io, short events); /* 0 pauses */
/* Allowed from within callbacks, also for others; NULL is fine. */
void loop_del(struct loop_io *io);

/* One-shot; set again from the callback for a period. Milliseconds from now; -1 disarms. */
struct loop_timer *loop_timer(struct loop *l, void (*cb)(void *arg), void *arg);
void loop_timer_set(struct loop_timer *t, int64_t ms);
void loop_timer_free(struct loop_timer *t);

/* cb runs in the loop, not in signal context. */
void loop_signal(struct loop *l, int signo, void (*cb)(int signo, void *arg), void *arg);
/* Called once after each round of events (for group commits); may be NULL. */
void loop_each(struct loop *l, void (*cb)(void *arg), void *arg);

void loop_run(struct loop *l); /* until loop_stop */
void loop_stop(struct loop *l);
int64_t loop_now(void); /* milliseconds, monotonic */

#endif
