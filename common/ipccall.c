#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc.h"

#define LISTEN_BACKLOG 16

static int
fill_address(struct sockaddr_un *sa, const char *path)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return 0;
}

static int
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
ipc_connect_path(const char *path)
{
	struct sockaddr_un sa;
	int fd;

	if (fill_address(&sa, path) == -1)
		return -1;
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		return close_keeping_errno(fd);
	return fd;
}

/* Only a socket that nobody listens on may be in the way. */
static int
remove_stale(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if ((fd = ipc_connect_path(path)) != -1) {
		close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

int
ipc_listen_path(const char *path, mode_t mode)
{
	struct sockaddr_un sa;
	mode_t old;
	int fd, rc;

	if (fill_address(&sa, path) == -1 || remove_stale(path) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	old = umask(0777 & ~mode);
	rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa));
	umask(old);
	if (rc == -1 || listen(fd, LISTEN_BACKLOG) == -1)
		return close_keeping_errno(fd);
	return fd;
}

static int
send_question(int fd, struct ipc_hdr *h, const void *body, size_t len, int passfd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov[2] = { { h, sizeof(*h) }, { NULL, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len > 0 ? 2 : 1 };
	struct cmsghdr *cm;

	/* iovec knows no const */
	memcpy(&iov[1].iov_base, &body, sizeof(body));
	if (passfd != -1) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &passfd, sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

/* Waits for one record until the deadline (loop_now). Its length, or -1 with errno. */
static ssize_t
await_record(int fd, struct ipc_hdr *rh, void *reply, size_t max, int64_t deadline)
{
	struct iovec iov[2] = { { rh, sizeof(*rh) }, { reply, max } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t ms = deadline - loop_now();
	struct timespec ts;
	ssize_t n;

	if (ms < 0)
		ms = 0;
	ts = (struct timespec){ ms / 1000, (ms % 1000) * 1000000 };
	switch (ppoll(&p, 1, &ts, NULL)) {
	case -1: return -1;
	case 0:
		errno = ETIMEDOUT;
		return -1;
	}
	if ((n = recvmsg(fd, &msg, MSG_DONTWAIT)) == -1)
		return -1;
	if (n == 0) {
		errno = ECONNRESET;
		return -1;
	}
	if ((size_t)n < sizeof(*rh) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		errno = EPROTO;
		return -1;
	}
	return n - (ssize_t)sizeof(*rh);
}

static int
call(int fd, uint16_t type, const void *body, size_t len, int passfd, struct ipc_hdr *rh,
    void *reply, size_t max, size_t *rlen, int timeout_ms)
{
	static uint32_t last_id;
	struct ipc_hdr h = { .type = type, .id = ++last_id };
	int64_t deadline = loop_now() + timeout_ms;
	ssize_t n;

	if (send_question(fd, &h, body, len, passfd) == -1)
		return -1;
	/* Answers to questions that timed out earlier may come first. */
	do {
		n = await_record(fd, rh, reply, max, deadline);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return -1;
	} while (n == -1 || rh->id != h.id);
	*rlen = (size_t)n;
	return 0;
}

int
ipc_call(int fd, uint16_t type, const void *body, size_t len, struct ipc_hdr *rh, void *reply,
    size_t max, size_t *rlen, int timeout_ms)
{
	return call(fd, type, body, len, -1, rh, reply, max, rlen, timeout_ms);
}

int
ipc_next(int fd, uint32_t id, void *reply, size_t max, size_t *rlen, int timeout_ms)
{
	int64_t deadline = loop_now() + timeout_ms;
	struct ipc_hdr h = { .id = id + 1 };
	ssize_t n;

	do {
		n = await_record(fd, &h, reply, max, deadline);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return -1;
	} while (n == -1 || h.id != id);
	*rlen = (size_t)n;
	return 0;
}

int
ipc_call_fd(int fd, uint16_t type, int passfd, struct ipc_hdr *rh, void *reply, size_t max,
    size_t *rlen, int timeout_ms)
{
	return call(fd, type, NULL, 0, passfd, rh, reply, max, rlen, timeout_ms);
}
