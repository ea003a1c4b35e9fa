/*
 * The sockets that the daemons are given: role sockets, control sockets, TCP listeners, and the one
 * on which they say that they are ready.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "mixminiond.h"
#include "proto.h"

#define TCP_BACKLOG      512
#define BUSY_TRIES       50
#define BUSY_PAUSE_MS    100
#define CONTROL_NAME_LEN 32

/* Who serves a role socket, and who alone may connect to it. */
static const struct {
	const char *name;
	enum proc_id server, client;
} roles[] = {
	{ SOCK_KEYD_MIXER, P_KEYD, P_MIXER },
	{ SOCK_KEYD_MMTPD, P_KEYD, P_MMTPD },
	{ SOCK_KEYD_DIRSYNC, P_KEYD, P_DIRSYNC },
	{ SOCK_DIRSYNC_MMTPD, P_DIRSYNC, P_MMTPD },
};

static char control_names[P_COUNT][CONTROL_NAME_LEN];

static void
add(struct sockets *s, enum proc_id to, const char *name, int fd)
{
	if (s->n == MAX_SOCKETS)
		fatalx("too many sockets");
	s->s[s->n++] = (struct passed){ to, name, fd };
}

static void
pause_a_little(void)
{
	const struct timespec ts = { 0, BUSY_PAUSE_MS * 1000000L };

	nanosleep(&ts, NULL);
}

/* The processes of a supervisor that was killed may take a moment to go. */
static int
listen_local(const char *run_dir, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	char path[256];
	int fd = -1;

	snprintf(path, sizeof(path), "%s/%s.sock", run_dir, name);
	for (int i = 0; i < BUSY_TRIES; i++) {
		fd = ipc_listen_path(path, mode);
		if (fd != -1 || errno != EADDRINUSE)
			break;
		pause_a_little();
	}
	if (fd == -1 && errno == ENAMETOOLONG)
		fatal_permanent(
		    "%s: the path of a socket may have 107 characters: BaseDir is too long", path);
	if (fd == -1)
		fatal("%s", path);
	if (lchown(path, uid, gid) == -1)
		fatal("%s", path);
	return fd;
}

static int
bind_busy(int fd, const struct sockaddr *sa, socklen_t len)
{
	for (int i = 0; i < BUSY_TRIES; i++) {
		if (bind(fd, sa, len) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -1;
		pause_a_little();
	}
	return -1;
}

static void
listen_tcp(struct sockets *s, const char *host, uint16_t port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int is4 = inet_pton(AF_INET, host, &in4.sin_addr) == 1, on = 1, fd;

	if (!is4 && inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		fatal_permanent("ListenIP: \"%s\" is no IP address", host);
	fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		fatal("TCP socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!is4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind_busy(fd, is4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6,
		is4 ? sizeof(in4) : sizeof(in6)) == -1 ||
	    listen(fd, TCP_BACKLOG) == -1)
		fatal("listening on %s port %u", host, port);
	add(s, P_MMTPD, "mmtp", fd);
}

/* Everyone may write, so each datagram comes with the sender's process id. */
static void
make_notify(struct sockets *s, const char *run_dir)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int on = 1;

	if ((size_t)snprintf(s->notify_path, sizeof(s->notify_path), "%s/notify.sock", run_dir) >=
	    sizeof(sa.sun_path))
		fatal_permanent("%s/notify.sock: the path is too long", run_dir);
	memcpy(sa.sun_path, s->notify_path, strlen(s->notify_path) + 1);
	unlink(s->notify_path);
	s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->notify == -1 || bind(s->notify, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    chmod(s->notify_path, 0666) == -1)
		fatal("%s", s->notify_path);
}

void
sockets_make(struct sockets *s, const struct server_conf *c, const struct owners *o)
{
	s->n = 0;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		add(s, roles[i].server, roles[i].name,
		    listen_local(c->run_dir, roles[i].name, 0600, owners_uid(o, roles[i].client),
			owners_gid(o, roles[i].client)));
	for (enum proc_id p = 0; p < P_COUNT; p++) {
		snprintf(control_names[p], CONTROL_NAME_LEN, "%s-control", proc_names[p]);
		add(s, p, control_names[p],
		    listen_local(c->run_dir, control_names[p], o->many ? 0660 : 0600, geteuid(),
			owners_control(o)));
	}
	listen_tcp(s, c->listen_ip != NULL ? c->listen_ip : c->ip, c->listen_port);
	if (c->listen_ip6 != NULL)
		listen_tcp(s, c->listen_ip6, c->listen_port);
	make_notify(s, c->run_dir);
}

void
sockets_remove(const struct sockets *s, const struct server_conf *c)
{
	char path[256];

	for (size_t i = 0; i < s->n; i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", c->run_dir, s->s[i].name);
		unlink(path);
		close(s->s[i].fd);
	}
	unlink(s->notify_path);
	close(s->notify);
}
