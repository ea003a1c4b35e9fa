#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "ipc.h"
#include "log.h"

#define MAX_QUEUED_RECORDS 4096
#define MAX_QUEUED_OCTETS  (4u << 20)
#define RECORDS_A_TURN     64 /* then others have theirs */
#define ACCEPT_AGAIN_MS    1000

struct record {
	STAILQ_ENTRY(record) entry;
	struct ipc_hdr hdr;
	size_t len;
	uint8_t body[];
};

struct ipc_listener {
	struct loop *l;
	struct loop_io *io;
	struct loop_timer *again;
	const char *label;
	const struct ipc_verb *verbs;
	unsigned max, open;
	void (*opened)(struct ipc_conn *);
	void (*closed)(struct ipc_conn *, void *);
	struct log_state trouble;
};

struct ipc_conn {
	struct loop *l;
	struct loop_io *io;
	struct loop_timer *closer;
	struct ipc_listener *from; /* NULL if we connected */
	int fd;
	const char *label;
	const struct ipc_verb *verbs;
	void (*closed)(struct ipc_conn *, void *);
	void *arg;
	STAILQ_HEAD(, record) queue;
	size_t records, octets;
	int paused;
	int closing; /* closer is armed; nothing is read or sent any more */
	int fd_type; /* type of records that carry a descriptor; -1 none */
	int passed;  /* the descriptor of the record in hand, or -1 */
};

static void
set_events(struct ipc_conn *c)
{
	short events = 0;

	if (!c->closing && !c->paused)
		events |= POLLIN;
	if (!c->closing && c->records > 0)
		events |= POLLOUT;
	loop_events(c->io, events);
}

static void
free_record(struct ipc_conn *c, struct record *r)
{
	STAILQ_REMOVE_HEAD(&c->queue, entry);
	c->records--;
	c->octets -= r->len;
	wipe(r, sizeof(*r) + r->len);
	free(r);
}

static void
finish_close(void *arg)
{
	struct ipc_conn *c = arg;
	struct ipc_listener *from = c->from;
	struct record *r;

	if (c->closed != NULL)
		c->closed(c, c->arg);
	while ((r = STAILQ_FIRST(&c->queue)) != NULL)
		free_record(c, r);
	loop_del(c->io);
	loop_timer_free(c->closer);
	close(c->fd);
	free(c);
	if (from != NULL && from->open-- == from->max)
		loop_events(from->io, POLLIN);
}

void
ipc_close(struct ipc_conn *c)
{
	if (c->closing)
		return;
	c->closing = 1;
	set_events(c);
	loop_timer_set(c->closer, 0);
}

/* A peer that does not keep to the protocol is not one of ours: said, then dropped. */
static int
drop(struct ipc_conn *c, const char *why)
{
	log_warnx("%s: connection dropped: %s", c->label, why);
	ipc_close(c);
	return -1;
}

/* 0 sent, 1 the socket is full, -1 the peer is gone. */
static int
send_record(int fd, const struct ipc_hdr *h, const void *body, size_t len)
{
	struct ipc_hdr hdr = *h;
	struct iovec iov[2] = { { &hdr, sizeof(hdr) }, { NULL, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len > 0 ? 2 : 1 };
	ssize_t n;

	/* iovec knows no const */
	memcpy(&iov[1].iov_base, &body, sizeof(body));
	do
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 1 : -1;
}

static int
enqueue(struct ipc_conn *c, const struct ipc_hdr *h, const void *body, size_t len)
{
	struct record *r;

	if (c->records >= MAX_QUEUED_RECORDS || c->octets + len > MAX_QUEUED_OCTETS)
		return drop(c, "it does not read its answers");
	if ((r = malloc(sizeof(*r) + len)) == NULL)
		fatal("ipc");
	r->hdr = *h;
	r->len = len;
	if (len > 0)
		memcpy(r->body, body, len);
	STAILQ_INSERT_TAIL(&c->queue, r, entry);
	c->records++;
	c->octets += len;
	set_events(c);
	return 0;
}

int
ipc_send(struct ipc_conn *c, uint16_t type, uint32_t id, const void *body, size_t len)
{
	struct ipc_hdr h = { .type = type, .id = id };

	if (len > IPC_MAX_BODY)
		fatalx("%s: a record of %zu octets is too long", c->label, len);
	if (c->closing)
		return -1;
	if (c->records > 0)
		return enqueue(c, &h, body, len);
	switch (send_record(c->fd, &h, body, len)) {
	case 0: return 0;
	case 1: return enqueue(c, &h, body, len);
	default:
		log_debug("%s: peer is gone: %s", c->label, strerror(errno));
		ipc_close(c);
		return -1;
	}
}

static void
flush_queue(struct ipc_conn *c)
{
	struct record *r;
	int rc;

	while ((r = STAILQ_FIRST(&c->queue)) != NULL) {
		rc = send_record(c->fd, &r->hdr, r->body, r->len);
		if (rc == 1)
			return;
		if (rc == -1) {
			ipc_close(c);
			return;
		}
		free_record(c, r);
	}
	set_events(c);
}

/* --- receiving --- */

/* One for all connections: a record is handled before the next is read. */
static struct {
	struct ipc_hdr hdr;
	_Alignas(8) uint8_t body[IPC_MAX_BODY];
} in;

static const struct ipc_verb *
find_verb(const struct ipc_conn *c, uint16_t type)
{
	for (const struct ipc_verb *v = c->verbs; v->handle != NULL; v++)
		if (v->type == type)
			return v;
	return NULL;
}

static int
dispatch(struct ipc_conn *c, size_t got)
{
	const struct ipc_verb *v;
	size_t len;

	if (got < sizeof(in.hdr) || in.hdr.flags != 0)
		return drop(c, "a malformed record");
	len = got - sizeof(in.hdr);
	if ((v = find_verb(c, in.hdr.type)) == NULL)
		return drop(c, "a verb that is not allowed here");
	if (len < v->minlen || len > v->maxlen)
		return drop(c, "a record of a wrong length");
	if (c->passed != -1 && c->fd_type != in.hdr.type)
		return drop(c, "a descriptor that was not asked for");
	if (v->handle(c, in.hdr.id, in.body, len) == -1) {
		ipc_close(c);
		return -1;
	}
	return 0;
}

/* A descriptor that came along, where this connection may send one. 0, or -1 for anything else. */
static int
take_control(struct ipc_conn *c, struct msghdr *msg)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(msg);

	if (cm != NULL && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS &&
	    cm->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&c->passed, CMSG_DATA(cm), sizeof(int));
	if (msg->msg_flags & MSG_CTRUNC)
		return -1;
	return cm != NULL && c->passed == -1 ? -1 : 0;
}

/* 1 a record was handled, 0 nothing more for now, -1 the connection is closing. */
static int
receive(struct ipc_conn *c)
{
	struct iovec iov = { &in, sizeof(in) };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int rc;

	if (c->fd_type != -1) {
		msg.msg_control = control;
		/* Not CMSG_SPACE: its padding would take in a second descriptor. */
		msg.msg_controllen = CMSG_LEN(sizeof(int));
	}
	n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	if (n <= 0) {
		ipc_close(c);
		return -1;
	}
	if (take_control(c, &msg) == -1)
		rc = drop(c, "control data");
	else if (msg.msg_flags & MSG_TRUNC)
		rc = drop(c, "a record that is too long");
	else
		rc = dispatch(c, (size_t)n);
	wipe(&in, (size_t)n);
	if (c->passed != -1) {
		close(c->passed);
		c->passed = -1;
	}
	return rc == 0 ? 1 : -1;
}

static void
conn_ready(int fd, short revents, void *arg)
{
	struct ipc_conn *c = arg;

	(void)fd;
	if (revents & POLLOUT)
		flush_queue(c);
	for (int i = 0; i < RECORDS_A_TURN && !c->closing && !c->paused; i++)
		if (receive(c) != 1)
			break;
	/* Hung up while we do not read: nobody is left to answer. */
	if (c->paused && (revents & (POLLHUP | POLLERR)))
		ipc_close(c);
}

struct ipc_conn *
ipc_conn_new(struct loop *l, int fd, const char *label, const struct ipc_verb *verbs,
    void (*closed)(struct ipc_conn *, void *), void *arg)
{
	struct ipc_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		fatal("ipc");
	*c = (struct ipc_conn){ .l = l,
		.fd = fd,
		.label = label,
		.verbs = verbs,
		.closed = closed,
		.arg = arg,
		.fd_type = -1,
		.passed = -1 };
	STAILQ_INIT(&c->queue);
	c->io = loop_add(l, fd, POLLIN, conn_ready, c);
	c->closer = loop_timer(l, finish_close, c);
	return c;
}

void
ipc_pause(struct ipc_conn *c, int paused)
{
	c->paused = paused;
	set_events(c);
}

size_t
ipc_queued(const struct ipc_conn *c)
{
	return c->records;
}

void *
ipc_arg(struct ipc_conn *c)
{
	return c->arg;
}

void
ipc_set_arg(struct ipc_conn *c, void *arg)
{
	c->arg = arg;
}

const char *
ipc_label(const struct ipc_conn *c)
{
	return c->label;
}

void
ipc_allow_fd(struct ipc_conn *c, uint16_t type)
{
	c->fd_type = type;
}

int
ipc_take_fd(struct ipc_conn *c)
{
	int fd = c->passed;

	c->passed = -1;
	return fd;
}

/* --- listening --- */

static void
accept_again(void *arg)
{
	struct ipc_listener *li = arg;

	if (li->open < li->max)
		loop_events(li->io, POLLIN);
}

static void
accept_one(int fd, short revents, void *arg)
{
	struct ipc_listener *li = arg;
	struct ipc_conn *c;
	int peer;

	(void)revents;
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (peer == -1) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		if (log_once(&li->trouble))
			log_warn("%s: accept", li->label);
		loop_events(li->io, 0);
		loop_timer_set(li->again, ACCEPT_AGAIN_MS);
		return;
	}
	log_again(&li->trouble);
	c = ipc_conn_new(li->l, peer, li->label, li->verbs, li->closed, NULL);
	c->from = li;
	if (++li->open == li->max)
		loop_events(li->io, 0);
	if (li->opened != NULL)
		li->opened(c);
}

struct ipc_listener *
ipc_listen(struct loop *l, int fd, const char *label, const struct ipc_verb *verbs, unsigned max,
    void (*opened)(struct ipc_conn *), void (*closed)(struct ipc_conn *, void *))
{
	struct ipc_listener *li = calloc(1, sizeof(*li));

	if (li == NULL)
		fatal("ipc");
	*li = (struct ipc_listener){ .l = l,
		.label = label,
		.verbs = verbs,
		.max = max,
		.opened = opened,
		.closed = closed };
	li->io = loop_add(l, fd, POLLIN, accept_one, li);
	li->again = loop_timer(l, accept_again, li);
	return li;
}
