#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ipc.h"
#include "listen.h"
#include "log.h"

#define BACKLOG	      512
#define BUSY_TRIES    50
#define BUSY_PAUSE_MS 100

static void
pause_a_little(void)
{
	const struct timespec ts = { 0, BUSY_PAUSE_MS * 1000000L };

	nanosleep(&ts, NULL);
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

int
listen_tcp(const char *host, uint16_t port)
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
	    listen(fd, BACKLOG) == -1)
		fatal("listening on %s port %u", host, port);
	return fd;
}

int
listen_local(const char *dir, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	char path[256];
	int fd = -1;

	snprintf(path, sizeof(path), "%s/%s.sock", dir, name);
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
