#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "log.h"

#define ADDRS_MAX 16
#define NEXT_MS	  300 /* RFC 8305 section 5 recommends 250 */

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct attempt {
	struct dial *d;
	int fd;
	struct loop_io *io; /* NULL: not under way */
};

struct dial {
	struct loop *l;
	void (*done)(int, void *);
	void *arg;
	struct loop_timer *timer;
	size_t n, begun, open;
	union any_addr addr[ADDRS_MAX];
	struct attempt attempt[ADDRS_MAX];
};

static void
add_v4(struct dial *d, const uint8_t ip[4], uint16_t port)
{
	union any_addr *a = &d->addr[d->n++];

	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(port);
	memcpy(&a->v4.sin_addr, ip, 4);
}

static void
add_v6(struct dial *d, const uint8_t ip[16], uint16_t port)
{
	union any_addr *a = &d->addr[d->n++];

	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(port);
	memcpy(&a->v6.sin6_addr, ip, 16);
}

static void
attempt_end(struct attempt *at)
{
	loop_del(at->io);
	at->io = NULL;
	close(at->fd);
	at->d->open--;
}

static void
dial_free(struct dial *d)
{
	for (size_t i = 0; i < d->begun; i++)
		if (d->attempt[i].io != NULL)
			attempt_end(&d->attempt[i]);
	loop_timer_free(d->timer);
	free(d);
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		dial_free(d);
}

static void
succeed(struct attempt *at)
{
	struct dial *d = at->d;
	void (*done)(int, void *) = d->done;
	void *arg = d->arg;
	int fd = at->fd;

	loop_del(at->io);
	at->io = NULL;
	d->open--;
	dial_free(d);
	done(fd, arg);
}

static void
connected(int fd, short revents, void *arg)
{
	struct attempt *at = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)revents;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0) {
		succeed(at);
		return;
	}
	attempt_end(at);
	loop_timer_set(at->d->timer, 0);
}

/* 0 if the connection is under way. */
static int
begin(struct dial *d)
{
	size_t i = d->begun++;
	const union any_addr *a = &d->addr[i];
	struct attempt *at = &d->attempt[i];
	socklen_t len = a->sa.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
	int one = 1;

	at->d = d;
	at->fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (at->fd == -1)
		return -1;
	setsockopt(at->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(at->fd, &a->sa, len) == -1 && errno != EINPROGRESS) {
		close(at->fd);
		return -1;
	}
	at->io = loop_add(d->l, at->fd, POLLOUT, connected, at);
	d->open++;
	return 0;
}

static void
next(void *arg)
{
	struct dial *d = arg;
	void (*done)(int, void *) = d->done;
	void *done_arg = d->arg;

	while (d->begun < d->n)
		if (begin(d) == 0) {
			loop_timer_set(d->timer, NEXT_MS);
			return;
		}
	if (d->open > 0)
		return;
	dial_free(d);
	done(-1, done_arg);
}

struct dial *
dial_start(struct loop *l, const struct resolve_rep *addrs, uint16_t port,
    void (*done)(int, void *), void *arg)
{
	struct dial *d = calloc(1, sizeof(*d));

	if (d == NULL)
		fatal("dial");
	d->l = l;
	d->done = done;
	d->arg = arg;
	for (size_t i = 0; i < 8; i++) {
		if (i < addrs->n6)
			add_v6(d, addrs->a6[i], port);
		if (i < addrs->n4)
			add_v4(d, addrs->a4[i], port);
	}
	d->timer = loop_timer(l, next, d);
	loop_timer_set(d->timer, 0);
	return d;
}
