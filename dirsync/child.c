#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "logrelay.h"

static void __attribute__((noreturn))
become(struct daemon *d, const char *name, int fd, pid_t front,
    void (*run)(struct daemon *d, const void *arg), const void *arg)
{
	logrelay_child();
	log_init(name, d->conf->log_level);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		fatal("prctl");
	if (getppid() != front)
		_exit(0);
	if (fd != CHILD_FD && dup3(fd, CHILD_FD, O_CLOEXEC) == -1)
		fatal("dup3");
	closefrom(CHILD_FD + 1);
	run(d, arg);
	_exit(0);
}

int
child_start(struct daemon *d, const char *name, void (*run)(struct daemon *d, const void *arg),
    const void *arg)
{
	pid_t front = getpid();
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == -1)
		fatal("socketpair");
	switch (fork()) {
	case -1: fatal("fork");
	case 0: become(d, name, fd[1], front, run, arg);
	default: close(fd[1]); return fd[0];
	}
}

void
child_gone(const char *which)
{
	logrelay_rest();
	fatalx("the %s is gone: to be started again together", which);
}

size_t
child_receive(struct child_record *r)
{
	struct iovec iov = { r, sizeof(*r) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(CHILD_FD, &msg, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		fatal("recvmsg");
	if (n == 0)
		_exit(0);
	if ((size_t)n < sizeof(r->hdr) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		fatalx("a malformed record of the front's");
	return (size_t)n - sizeof(r->hdr);
}

void
child_send(uint16_t type, uint32_t id, const void *body, size_t len)
{
	struct child_record r = { .hdr = { .type = type, .id = id } };

	if (len > sizeof(r.body))
		fatalx("a record too long to be sent");
	if (len > 0)
		memcpy(r.body, body, len);
	if (send(CHILD_FD, &r, sizeof(r.hdr) + len, MSG_NOSIGNAL) == -1) {
		if (errno != EPIPE)
			fatal("send");
		_exit(0);
	}
}

void
child_words(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}
