/*
 * The DNS process: forked before the sandbox, it has the network and the pair to the front, and
 * nothing else. c-ares asks for IPv4 and IPv6 addresses; how long it tries is bounded here.
 */
#include <sys/socket.h>

#include <ares.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dirsync.h"

#define TRY_MS	 2000 /* c-ares doubles it for the second try: six seconds a server */
#define TRIES	 2
#define MAX_FDS	 600 /* for each question an IPv4 and an IPv6 one, and some over TCP */
#define PAIR_FD	 3
#define NO_TTL	 60

static struct {
	struct loop *loop;
	ares_channel channel;
	struct ipc_conn *front;
	struct loop_timer *timer;
	struct {
		int fd;
		struct loop_io *io; /* NULL: free */
	} fds[MAX_FDS];
} net;

struct job {
	uint32_t id;
};

/* --- c-ares and the loop --- */

static void
set_timer(void)
{
	struct timeval tv, *next = ares_timeout(net.channel, NULL, &tv);

	loop_timer_set(net.timer,
	    next == NULL ? -1 : (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
}

static void
on_timer(void *arg)
{
	(void)arg;
	ares_process_fd(net.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer();
}

static void
on_fd(int fd, short revents, void *arg)
{
	(void)arg;
	ares_process_fd(net.channel,
	    revents & (POLLIN | POLLHUP | POLLERR) ? fd : ARES_SOCKET_BAD,
	    revents & POLLOUT ? fd : ARES_SOCKET_BAD);
	set_timer();
}

/* c-ares says what it wants to know of a socket; nothing: it is about to close it. */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
	size_t i, free_one = MAX_FDS;

	(void)arg;
	for (i = 0; i < MAX_FDS; i++) {
		if (net.fds[i].io == NULL)
			free_one = i;
		else if (net.fds[i].fd == fd)
			break;
	}
	if (i < MAX_FDS && events == 0) {
		loop_del(net.fds[i].io);
		net.fds[i].io = NULL;
	} else if (i < MAX_FDS)
		loop_events(net.fds[i].io, events);
	else if (events != 0 && free_one < MAX_FDS) {
		net.fds[free_one].fd = fd;
		net.fds[free_one].io = loop_add(net.loop, fd, events, on_fd, NULL);
	}
}

/* --- one question --- */

static void
take_node(struct net_rep *nr, const struct ares_addrinfo_node *n)
{
	const void *sa = n->ai_addr;
	struct resolve_rep *r = &nr->rep;

	if (n->ai_family == AF_INET && r->n4 < 8)
		memcpy(r->a4[r->n4++], &((const struct sockaddr_in *)sa)->sin_addr, 4);
	else if (n->ai_family == AF_INET6 && r->n6 < 8)
		memcpy(r->a6[r->n6++], &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	if (n->ai_ttl >= 0 && (uint32_t)n->ai_ttl < nr->ttl)
		nr->ttl = (uint32_t)n->ai_ttl;
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *res)
{
	struct job *j = arg;
	struct net_rep nr = { .rep = { .status = ST_LATER }, .ttl = UINT32_MAX };

	(void)timeouts;
	if (status == ARES_SUCCESS && res != NULL)
		for (const struct ares_addrinfo_node *n = res->nodes; n != NULL; n = n->ai_next)
			take_node(&nr, n);
	if (nr.rep.n4 + nr.rep.n6 > 0)
		nr.rep.status = ST_OK;
	else
		nr.ttl = NO_TTL;
	if (res != NULL)
		ares_freeaddrinfo(res);
	if (status != ARES_EDESTRUCTION)
		ipc_send(net.front, V_RESOLVE, j->id, &nr, sizeof(nr));
	free(j);
}

static int
on_question(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	/* Unsorted: sorting would connect sockets to the addresses. */
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC };
	struct resolve_req req;
	struct job *j = calloc(1, sizeof(*j));

	(void)c;
	(void)len;
	if (j == NULL)
		fatal("netproc");
	memcpy(&req, body, sizeof(req));
	if (memchr(req.host, '\0', sizeof(req.host)) == NULL)
		fatalx("a name without end");
	j->id = id;
	ares_getaddrinfo(net.channel, req.host, NULL, &hints, on_answer, j);
	set_timer();
	return 0;
}

static void
front_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	loop_stop(net.loop);
}

/* --- start --- */

/* resolv.conf is read here; nothing is left to be opened later but /etc/hosts. */
static void
open_channel(const char *server)
{
	struct ares_options o = { .flags = ARES_FLAG_NOSEARCH, .timeout = TRY_MS, .tries = TRIES,
		.sock_state_cb = on_socket_state };
	char lookups[] = "fb";
	int rc, mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;

	o.lookups = lookups;
#ifdef ARES_OPT_UDP_MAX_QUERIES
	/*
	 * A socket, and so a port, of its own for each query: harder to forge answers for, and
	 * newer versions give up all that share a socket with an answer that they cannot read.
	 */
	o.udp_max_queries = 1;
	mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
	if ((rc = ares_library_init(ARES_LIB_INIT_ALL)) != ARES_SUCCESS ||
	    (rc = ares_init_options(&net.channel, &o, mask)) != ARES_SUCCESS)
		fatalx("DNS: %s", ares_strerror(rc));
	if (server != NULL &&
	    (rc = ares_set_servers_ports_csv(net.channel, server)) != ARES_SUCCESS)
		fatal_permanent("-r %s: %s", server, ares_strerror(rc));
}

static void __attribute__((noreturn))
run(struct daemon *d, int fd, const char *server)
{
	static const struct ipc_verb verbs[] = {
		{ V_RESOLVE, sizeof(struct resolve_req), sizeof(struct resolve_req), on_question },
		{ 0, 0, 0, NULL },
	};
	static const struct sandbox_path paths[] = { { "/etc/hosts", SB_READ } };

	log_init("dirsync-net", d->conf->log_level);
	if (fd != PAIR_FD && dup3(fd, PAIR_FD, O_CLOEXEC) == -1)
		fatal("dup3");
	closefrom(PAIR_FD + 1);
	net.loop = loop_new();
	net.timer = loop_timer(net.loop, on_timer, NULL);
	open_channel(server);
	daemon_confine(d, ROLE_DIRSYNC_NET, paths, access(paths[0].path, R_OK) == 0);
	net.front = ipc_conn_new(net.loop, PAIR_FD, "dirsync", verbs, front_gone, NULL);
	loop_run(net.loop);
	ares_destroy(net.channel);
	ares_library_cleanup();
	_exit(0);
}

int
netproc_start(struct daemon *d, const char *server)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == -1)
		fatal("socketpair");
	switch (fork()) {
	case -1: fatal("fork");
	case 0: close(fd[0]); run(d, fd[1], server);
	default: close(fd[1]); return fd[0];
	}
}
