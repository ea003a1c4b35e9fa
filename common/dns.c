#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"
#include "log.h"

#define TRY_MS	2000 /* c-ares doubles it for the second try: six seconds a server */
#define TRIES	2
#define MAX_FDS 600 /* for each question an IPv4 and an IPv6 one, and some over TCP */
#define NO_TTL	60

static struct {
	struct loop *loop;
	ares_channel channel;
	struct loop_timer *timer;
	struct {
		int fd;
		struct loop_io *io; /* NULL: free */
	} fds[MAX_FDS];
} dns;

struct question {
	void (*done)(void *arg, const struct resolve_rep *rep, uint32_t ttl);
	void *arg;
};

/* --- c-ares and the loop --- */

static void
set_timer(void)
{
	struct timeval tv, *next = ares_timeout(dns.channel, NULL, &tv);

	loop_timer_set(dns.timer,
	    next == NULL ? -1 : (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
}

static void
on_timer(void *arg)
{
	(void)arg;
	ares_process_fd(dns.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer();
}

static void
on_fd(int fd, short revents, void *arg)
{
	(void)arg;
	ares_process_fd(dns.channel,
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
		if (dns.fds[i].io == NULL)
			free_one = i;
		else if (dns.fds[i].fd == fd)
			break;
	}
	if (i < MAX_FDS && events == 0) {
		loop_del(dns.fds[i].io);
		dns.fds[i].io = NULL;
	} else if (i < MAX_FDS) {
		loop_events(dns.fds[i].io, events);
	} else if (events != 0 && free_one < MAX_FDS) {
		dns.fds[free_one].fd = fd;
		dns.fds[free_one].io = loop_add(dns.loop, fd, events, on_fd, NULL);
	}
}

void
dns_init(struct loop *l, const char *server)
{
	struct ares_options o = { .flags = ARES_FLAG_NOSEARCH, .timeout = TRY_MS, .tries = TRIES,
		.sock_state_cb = on_socket_state };
	char lookups[] = "fb";
	int rc, mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;

	dns.loop = l;
	dns.timer = loop_timer(l, on_timer, NULL);
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
	    (rc = ares_init_options(&dns.channel, &o, mask)) != ARES_SUCCESS)
		fatalx("DNS: %s", ares_strerror(rc));
	if (server != NULL &&
	    (rc = ares_set_servers_ports_csv(dns.channel, server)) != ARES_SUCCESS)
		fatal_permanent("DNS server %s: %s", server, ares_strerror(rc));
}

void
dns_end(void)
{
	ares_destroy(dns.channel);
	ares_library_cleanup();
}

/* --- one question --- */

static void
take_node(struct resolve_rep *r, uint32_t *ttl, const struct ares_addrinfo_node *n)
{
	const void *sa = n->ai_addr;

	if (n->ai_family == AF_INET && r->n4 < 8)
		memcpy(r->a4[r->n4++], &((const struct sockaddr_in *)sa)->sin_addr, 4);
	else if (n->ai_family == AF_INET6 && r->n6 < 8)
		memcpy(r->a6[r->n6++], &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	if (n->ai_ttl >= 0 && (uint32_t)n->ai_ttl < *ttl)
		*ttl = (uint32_t)n->ai_ttl;
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *res)
{
	struct question *q = arg;
	struct resolve_rep rep = { .status = ST_LATER };
	uint32_t ttl = UINT32_MAX;

	(void)timeouts;
	if (status == ARES_SUCCESS && res != NULL)
		for (const struct ares_addrinfo_node *n = res->nodes; n != NULL; n = n->ai_next)
			take_node(&rep, &ttl, n);
	if (rep.n4 + rep.n6 > 0)
		rep.status = ST_OK;
	else
		ttl = NO_TTL;
	if (res != NULL)
		ares_freeaddrinfo(res);
	if (status != ARES_EDESTRUCTION)
		q->done(q->arg, &rep, ttl);
	free(q);
}

void
dns_ask(const char *host, void (*done)(void *arg, const struct resolve_rep *rep, uint32_t ttl),
    void *arg)
{
	/* Unsorted: sorting would connect sockets to the addresses. */
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC };
	struct question *q = malloc(sizeof(*q));

	if (q == NULL)
		fatal("out of memory");
	*q = (struct question){ done, arg };
	ares_getaddrinfo(dns.channel, host, NULL, &hints, on_answer, q);
	set_timer();
}
