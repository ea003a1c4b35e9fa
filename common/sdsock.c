#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "sdsock.h"

#define FIRST_FD 3
#define MAX_FDS  64

static char *names[MAX_FDS];
static int count;
static int notify_fd = -1;

static void
set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		fatal("a socket that was passed in (%d)", fd);
}

/* Were they meant for this process? */
static int
for_us(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"), *err;

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid())
		return 0;
	count = (int)strtonum(fds, 0, MAX_FDS, &err);
	if (err != NULL)
		fatalx("LISTEN_FDS is %s", err);
	return 1;
}

void
sdsock_init(void)
{
	const char *env = getenv("LISTEN_FDNAMES");
	char *at; /* never freed: names point into it */

	if (for_us() && count > 0) {
		if ((at = strdup(env != NULL ? env : "")) == NULL)
			fatal("strdup");
		for (int i = 0; i < count; i++) {
			set_flags(FIRST_FD + i);
			names[i] = strsep(&at, ":");
		}
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

int
sdsock_get(const char *name, unsigned i)
{
	for (int n = 0; n < count; n++)
		if (names[n] != NULL && strcmp(names[n], name) == 0 && i-- == 0)
			return FIRST_FD + n;
	return -1;
}

void
sdnotify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len;

	if (path == NULL)
		return;
	len = strlen(path);
	if (len >= sizeof(sa.sun_path))
		fatalx("NOTIFY_SOCKET is too long");
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = '\0'; /* abstract */
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify_fd == -1 || connect(notify_fd, (struct sockaddr *)&sa,
				   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1)
		fatal("NOTIFY_SOCKET");
	unsetenv("NOTIFY_SOCKET");
}

/* By sendmsg: one call less to allow. */
void
sdnotify_ready(void)
{
	char text[] = "READY=1";
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (notify_fd == -1)
		return;
	if (sendmsg(notify_fd, &msg, MSG_NOSIGNAL) == -1)
		log_warn("whoever started this process does not hear it");
	close(notify_fd);
	notify_fd = -1;
}
