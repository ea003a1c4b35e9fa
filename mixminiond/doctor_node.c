#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "proto.h"

/* --- the port --- */

union address {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static socklen_t
make_address(union address *a, const char *host, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &a->in4.sin_addr) == 1) {
		a->in4.sin_family = AF_INET;
		a->in4.sin_port = htons(port);
		return sizeof(a->in4);
	}
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	inet_pton(AF_INET6, host, &a->in6.sin6_addr);
	return sizeof(a->in6);
}

/* Does anybody listen there? To connect to "any address" is to connect to this machine. */
static int
answers(const union address *a, socklen_t len)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	rc = fd != -1 ? connect(fd, &a->sa, len) : -1;
	if (fd != -1)
		close(fd);
	return rc == 0;
}

/* 0, or the errno for which the node could not listen there. */
static int
try_to_bind(const union address *a, socklen_t len)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, err = 0;

	if (fd == -1)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->sa, len) == -1 || listen(fd, 1) == -1)
		err = errno;
	close(fd);
	return err;
}

static void
look_at_address(const struct server_conf *c, const char *host, int running)
{
	union address a;
	socklen_t len = make_address(&a, host, c->listen_port);
	int err;

	if (running) {
		if (answers(&a, len))
			found(FOUND_OK, "port",
			    "%s port %u answers here; \"mixminion ping\" elsewhere tells whether "
			    "the world gets there",
			    host, c->listen_port);
		else
			found(FOUND_BAD, "port",
			    "the node runs, and %s port %u does not answer (%s): mmtpd's log says "
			    "why; restart the node if ListenIP or a port was changed",
			    host, c->listen_port, strerror(errno));
		return;
	}
	err = try_to_bind(&a, len);
	if (err == 0)
		found(FOUND_OK, "port", "%s port %u is free", host, c->listen_port);
	else if (err == EADDRINUSE)
		found(FOUND_BAD, "port",
		    "%s port %u is taken by another program (\"ss -ltnp\" names it): stop that, or "
		    "choose another Port",
		    host, c->listen_port);
	else
		found(FOUND_BAD, "port", "this user cannot listen on %s port %u (%s): %s", host,
		    c->listen_port, strerror(err),
		    err == EACCES ? "start the node as root, or choose a port from 1024 on"
				  : "correct ListenIP");
}

/* --- the processes --- */

/* What a counter above zero says, and what to do. */
static const struct {
	enum proc_id p;
	const char *counter, *meaning;
} troubles[] = {
	{ P_KEYD, "later_no_key", "packets waited for want of a valid key: look at the clock" },
	{ P_KEYD, "clock_doubt_seconds", "the clock has jumped: set it right, or say \"mixminiond "
					 "confirm-clock\"" },
	{ P_KEYD, "commits_later", "the replay log could not be written: look at the disk" },
	{ P_KEYD, "keeper_refused", "requests for certificates or signatures were refused: see its "
				    "log" },
	{ P_DIRSYNC, "descriptors_refused", "the node's descriptor was not signed: see its log" },
	{ P_DIRSYNC, "directories_bad", "directories or descriptors in work/dir are no good: "
					"replace them" },
	{ P_DIRSYNC, "publish_refused", "a directory server refuses the node's descriptor: see its "
					"log" },
	{ P_MIXER, "quarantined", "strange files were found in a pool: see its log" },
	{ P_DELIVERD, "server_unreachable", "the mail server did not answer: look at SMTPServer" },
	{ P_DELIVERD, "given_up", "mail could not be delivered in time: look at the mail server" },
	{ P_DELIVERD, "fragments_no_room", "fragments were thrown away: raise MaximumSize of "
					   "[Delivery/Fragmented], or make room" },
	{ P_MMTPD, "packets_rejected_storage", "packets were refused: look at the disk" },
	{ P_MMTPD, "certificate_failures", "keyd gave no certificate: see keyd's log" },
	{ P_MMTPD, "conn_refused_limit", "connections were refused: raise MaxIncoming" },
	{ P_MMTPD, "packets_given_up", "next hops stayed unreachable: look at this machine's way "
				       "out" },
};

static unsigned long long
counter_value(char *text, const char *name)
{
	size_t len = strlen(name);

	for (char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

static unsigned
say_troubles(enum proc_id p, char *text)
{
	unsigned long long n;
	unsigned said = 0;

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (troubles[i].p != p || (n = counter_value(text, troubles[i].counter)) == 0)
			continue;
		found(FOUND_WARN, proc_names[p], "%s %llu since it was started: %s",
		    troubles[i].counter, n, troubles[i].meaning);
		said++;
	}
	return said;
}

static void
look_at_process(const struct server_conf *c, enum proc_id p)
{
	struct buf text = { 0 };

	if (ask_text(c, p, V_STATS, &text) == -1)
		found(FOUND_BAD, proc_names[p], "it does not answer (%s): %s", strerror(errno),
		    errno == EACCES ? "run doctor as root or in the group of the control sockets"
				    : "its log says why");
	else if (say_troubles(p, buf_cstr(&text)) == 0)
		found(FOUND_OK, proc_names[p], "answers, and counts no trouble");
	buf_free(&text);
}

/* The supervisor is there, or (under systemd there is none) somebody answers. */
static int
is_running(const struct server_conf *c)
{
	struct buf text = { 0 };
	int up = pidfile_holder(c->pid_file) != 0;

	for (enum proc_id p = 0; p < P_COUNT && !up; p++)
		up = proc_wanted(c, p) && (ask_text(c, p, V_STATS, &text) == 0 || errno == EACCES);
	buf_free(&text);
	return up;
}

void
look_at_port(const struct server_conf *c)
{
	int running = is_running(c);

	look_at_address(c, c->listen_ip != NULL ? c->listen_ip : c->ip, running);
	if (c->listen_ip6 != NULL)
		look_at_address(c, c->listen_ip6, running);
}

void
look_at_processes(const struct server_conf *c)
{
	if (!is_running(c)) {
		found(FOUND_WARN, "processes",
		    "the node does not run: \"mixminiond start\" starts it");
		return;
	}
	for (enum proc_id p = 0; p < P_COUNT; p++)
		if (proc_wanted(c, p))
			look_at_process(c, p);
}
