#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept.h"
#include "log.h"
#include "loop.h"

#define LISTENERS_MAX  16
#define ACCEPTS_A_ROUND 64
#define BACK_OFF_MS    500

struct acceptor {
	struct daemon *d;
	struct inconns *conns;
	const struct mmtpd_limits *limits;
	struct loop_timer *back_off;
	struct log_state trouble;
	size_t n;
	int fd[LISTENERS_MAX];
	struct loop_io *io[LISTENERS_MAX];
};

static void
listen_again(void *arg)
{
	struct acceptor *a = arg;

	for (size_t i = 0; i < a->n; i++)
		loop_events(a->io[i], POLLIN);
}

struct acceptor *
acceptor_new(struct daemon *d, struct inconns *conns, const struct mmtpd_limits *limits)
{
	struct acceptor *a = calloc(1, sizeof(*a));
	int fd;

	if (a == NULL)
		fatal("acceptor");
	a->d = d;
	a->conns = conns;
	a->limits = limits;
	while (a->n < LISTENERS_MAX && (fd = daemon_socket(MMTP_LISTENER, (unsigned)a->n)) != -1) {
		/*
		 * The socket is shared with whoever made it: a connection may be gone before
		 * accept.
		 */
		if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
			fatal("the listening socket");
		a->fd[a->n++] = fd;
	}
	if (a->n == 0)
		fatal_permanent("no listening socket named \"%s\" was passed in: start the node "
				"with mixminiond or systemd", MMTP_LISTENER);
	return a;
}

static void
net_of(struct peer_net *p, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *v4 = (const void *)ss;
	const struct sockaddr_in6 *v6 = (const void *)ss;

	memset(p, 0, sizeof(*p));
	if (ss->ss_family == AF_INET)
		memcpy(p->net, &v4->sin_addr, 4);
	else if (ss->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(p->net, v6->sin6_addr.s6_addr + 12, 4);
	else if (ss->ss_family == AF_INET6)
		memcpy(p->net, &v6->sin6_addr, 8);
}

/* Allow and Deny. Ports are those of who connects, and say nothing. */
static int
allowed(const struct acceptor *a, const struct sockaddr_storage *ss)
{
	const struct addr_rules *rules = &a->d->conf->incoming_rules;
	const struct sockaddr_in *v4 = (const void *)ss;
	const struct sockaddr_in6 *v6 = (const void *)ss;

	if (ss->ss_family == AF_INET)
		return addr_rules_allow(rules, AF_INET, (const uint8_t *)&v4->sin_addr, 0);
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return addr_rules_allow(rules, AF_INET, v6->sin6_addr.s6_addr + 12, 0);
	return addr_rules_allow(rules, AF_INET6, v6->sin6_addr.s6_addr, 0);
}

static void
admit(struct acceptor *a, int fd, const struct sockaddr_storage *ss)
{
	struct peer_net peer;
	int one = 1;

	if (!allowed(a, ss)) {
		count(C_CONN_REFUSED_RULE);
		close(fd);
		return;
	}
	net_of(&peer, ss);
	if (inconns_count(a->conns) >= a->limits->max_incoming) {
		count(C_CONN_REFUSED_LIMIT);
		close(fd);
		return;
	}
	if (inconns_count_net(a->conns, &peer) >= a->limits->max_per_address) {
		count(C_CONN_REFUSED_ADDRESS);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (inconns_add(a->conns, fd, &peer) == 0)
		count(C_CONN_ACCEPTED);
}

/* Out of descriptors or memory: waiting connections stay in the kernel's queue for a while. */
static void
rest(struct acceptor *a)
{
	if (log_once(&a->trouble))
		log_warn("new connections have to wait: raise the limit of open files or lower "
			 "MaxIncoming");
	for (size_t i = 0; i < a->n; i++)
		loop_events(a->io[i], 0);
	loop_timer_set(a->back_off, BACK_OFF_MS);
}

static void
incoming(int fd, short revents, void *arg)
{
	struct acceptor *a = arg;
	struct sockaddr_storage ss;
	socklen_t len;
	int got;

	(void)revents;
	for (int i = 0; i < ACCEPTS_A_ROUND; i++) {
		memset(&ss, 0, sizeof(ss));
		len = sizeof(ss);
		got = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (got == -1) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM)
				rest(a);
			return;
		}
		log_again(&a->trouble);
		admit(a, got, &ss);
	}
}

void
acceptor_start(struct acceptor *a)
{
	a->back_off = loop_timer(a->d->loop, listen_again, a);
	for (size_t i = 0; i < a->n; i++)
		a->io[i] = loop_add(a->d->loop, a->fd[i], POLLIN, incoming, a);
}

void
acceptor_stop(struct acceptor *a)
{
	for (size_t i = 0; i < a->n; i++)
		loop_del(a->io[i]);
	a->n = 0;
}
