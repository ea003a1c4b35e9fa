#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "t.h"

enum { ECHO = 1, FIXED, FDREC, REFUSE, BURST };

static struct loop *l;
static int peer; /* the test's end */
static struct ipc_conn *conn;
static int closed_calls, got_fd;

static int
do_echo(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	ipc_send(c, ECHO, id, body, len);
	return 0;
}

static int
do_fd(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	got_fd = ipc_take_fd(c);
	return do_echo(c, id, body, len);
}

static int
do_refuse(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)c;
	(void)id;
	(void)body;
	(void)len;
	return -1;
}

/* Answers more than a socket holds: the rest is queued. */
static int
do_burst(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	static const uint8_t big[IPC_MAX_BODY];

	(void)id;
	(void)body;
	(void)len;
	for (uint32_t i = 0; i < 100; i++)
		if (ipc_send(c, ECHO, i, big, sizeof(big)) == -1)
			return -1;
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ ECHO, 0, IPC_MAX_BODY, do_echo },
	{ FIXED, 8, 8, do_echo },
	{ FDREC, 0, 0, do_fd },
	{ REFUSE, 0, 0, do_refuse },
	{ BURST, 0, 0, do_burst },
	{ 0, 0, 0, NULL },
};

static void
closed(struct ipc_conn *c, void *arg)
{
	CHECK(c == conn);
	CHECK(arg == &peer);
	closed_calls++;
}

static void
start(void)
{
	int sv[2];

	log_init("test", LOGL_NEVER);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == 0);
	l = loop_new();
	closed_calls = 0;
	got_fd = -1;
	peer = sv[0];
	conn = ipc_conn_new(l, sv[1], "test", verbs, closed, &peer);
}

static void
stop_now(void *arg)
{
	(void)arg;
	loop_stop(l);
}

/* Some rounds: all that can happen without new input has happened. */
static void
turn(void)
{
	struct loop_timer *t = loop_timer(l, stop_now, NULL);

	for (int i = 0; i < 3; i++) {
		loop_timer_set(t, 0);
		loop_run(l);
	}
	loop_timer_free(t);
}

static void
finish(void)
{
	if (closed_calls == 0) {
		ipc_close(conn);
		turn();
	}
	CHECK(closed_calls == 1);
	close(peer);
	loop_free(l);
}

static void
put(uint16_t type, uint16_t flags, uint32_t id, size_t len)
{
	struct {
		struct ipc_hdr h;
		uint8_t body[IPC_MAX_BODY + 8];
	} rec = { .h = { type, flags, id } };

	CHECK(send(peer, &rec, sizeof(rec.h) + len, MSG_NOSIGNAL) != -1);
}

/* Length of the next record's body, -1 if there is none, -2 at the end. */
static int
get(struct ipc_hdr *h)
{
	static struct {
		struct ipc_hdr h;
		uint8_t body[IPC_MAX_BODY];
	} rec;
	ssize_t n = recv(peer, &rec, sizeof(rec), MSG_DONTWAIT);

	*h = rec.h;
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return -2;
	return n == -1 ? -1 : (int)(n - (ssize_t)sizeof(rec.h));
}

static void
test_answers_in_order_with_ids(void)
{
	struct ipc_hdr h;

	start();
	put(ECHO, 0, 7, 0);
	put(FIXED, 0, 8, 8);
	put(ECHO, 0, 9, IPC_MAX_BODY);
	turn();
	CHECK(get(&h) == 0 && h.id == 7 && h.type == ECHO);
	CHECK(get(&h) == 8 && h.id == 8);
	CHECK(get(&h) == IPC_MAX_BODY && h.id == 9);
	CHECK(get(&h) == -1);
	finish();
}

static void
check_dropped(void)
{
	struct ipc_hdr h;

	turn();
	CHECK(get(&h) == -2);
	CHECK(closed_calls == 1);
	finish();
}

static void
test_unknown_type(void)
{
	start();
	put(77, 0, 1, 0);
	check_dropped();
}

static void
test_wrong_length(void)
{
	start();
	put(FIXED, 0, 1, 7);
	check_dropped();
	start();
	put(FIXED, 0, 1, 9);
	check_dropped();
}

static void
test_flags_set(void)
{
	start();
	put(ECHO, 1, 1, 0);
	check_dropped();
}

static void
test_short_header(void)
{
	start();
	CHECK(send(peer, "1234567", 7, 0) == 7);
	check_dropped();
}

static void
test_truncated(void)
{
	start();
	put(ECHO, 0, 1, IPC_MAX_BODY + 1);
	check_dropped();
}

static void
test_handler_refuses(void)
{
	start();
	put(REFUSE, 0, 1, 0);
	put(ECHO, 0, 2, 0);
	check_dropped();
}

static void
send_fds(uint16_t type, const int *fds, unsigned n)
{
	struct ipc_hdr h = { .type = type, .id = 3 };
	struct iovec iov = { &h, sizeof(h) };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cm), fds, n * sizeof(int));
	CHECK(sendmsg(peer, &msg, 0) == (ssize_t)sizeof(h));
}

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
test_descriptor_where_none_belongs(void)
{
	int two[2] = { 0, 0 }, before;

	start();
	send_fds(FDREC, two, 1);
	check_dropped();
	start();
	ipc_allow_fd(conn, FDREC);
	send_fds(ECHO, two, 1);
	check_dropped();
	start();
	ipc_allow_fd(conn, FDREC);
	before = open_descriptors();
	send_fds(FDREC, two, 2);
	turn();
	CHECK(open_descriptors() == before - 1); /* the connection, and nothing stays */
	check_dropped();
	CHECK(got_fd == -1);
}

static void
test_descriptor_is_taken(void)
{
	int p[2];
	char c = 0;

	start();
	CHECK(pipe(p) == 0);
	ipc_allow_fd(conn, FDREC);
	send_fds(FDREC, &p[1], 1);
	turn();
	CHECK(got_fd != -1 && write(got_fd, "k", 1) == 1);
	CHECK(read(p[0], &c, 1) == 1 && c == 'k');
	CHECK(fcntl(got_fd, F_GETFD) == FD_CLOEXEC);
	close(got_fd);
	close(p[0]);
	close(p[1]);
	finish();
}

static void
test_queue_drains(void)
{
	struct ipc_hdr h;
	uint32_t next = 0;
	int n;

	start();
	put(BURST, 0, 1, 0);
	turn();
	CHECK(ipc_queued(conn) > 0);
	for (int i = 0; i < 200 && next < 100; i++) {
		while ((n = get(&h)) >= 0) {
			CHECK(n == IPC_MAX_BODY && h.id == next);
			next++;
		}
		turn();
	}
	CHECK(next == 100);
	CHECK(ipc_queued(conn) == 0);
	finish();
}

static void
test_peer_that_never_reads(void)
{
	start();
	put(BURST, 0, 1, 0);
	put(BURST, 0, 1, 0);
	turn();
	CHECK(closed_calls == 1);
	finish();
}

static void
test_pause(void)
{
	struct ipc_hdr h;

	start();
	ipc_pause(conn, 1);
	put(ECHO, 0, 1, 0);
	turn();
	CHECK(get(&h) == -1);
	ipc_pause(conn, 0);
	turn();
	CHECK(get(&h) == 0);
	finish();
}

static void
test_peer_goes(void)
{
	start();
	shutdown(peer, SHUT_RDWR);
	turn();
	CHECK(closed_calls == 1);
	finish();
}

/* --- listeners and calls --- */

static int opened_calls;

static void
opened(struct ipc_conn *c)
{
	opened_calls++;
	ipc_set_arg(c, &opened_calls);
}

static void
listener_closed(struct ipc_conn *c, void *arg)
{
	(void)c;
	closed_calls += arg == &opened_calls;
}

static void
test_listener_takes_max(void)
{
	char dir[] = "/tmp/test_ipc.XXXXXX", path[64];
	struct stat st;
	int fd, a, b, c;

	log_init("test", LOGL_NEVER);
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/s", dir);
	CHECK((fd = ipc_listen_path(path, 0600)) != -1);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	l = loop_new();
	opened_calls = closed_calls = 0;
	ipc_listen(l, fd, "test", verbs, 2, opened, listener_closed);
	a = ipc_connect_path(path);
	b = ipc_connect_path(path);
	c = ipc_connect_path(path);
	CHECK(a != -1 && b != -1 && c != -1);
	turn();
	CHECK(opened_calls == 2);
	close(a);
	turn();
	turn();
	CHECK(closed_calls == 1 && opened_calls == 3);
	close(b);
	close(c);
	turn();
	CHECK(closed_calls == 3);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void
test_listen_path(void)
{
	char dir[] = "/tmp/test_ipc.XXXXXX", path[64];
	int fd;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/s", dir);
	CHECK((fd = ipc_listen_path(path, 0600)) != -1);
	CHECK(ipc_listen_path(path, 0600) == -1 && errno == EADDRINUSE);
	close(fd);
	CHECK((fd = ipc_listen_path(path, 0660)) != -1); /* a stale one was in the way */
	close(fd);
	unlink(path);
	CHECK((fd = open(path, O_CREAT | O_WRONLY, 0600)) != -1);
	CHECK(ipc_listen_path(path, 0600) == -1 && errno == EEXIST);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void
test_call(void)
{
	struct ipc_hdr rh, late = { .type = ECHO, .id = 0 };
	uint8_t reply[16];
	size_t len;
	int sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
	CHECK(ipc_call(sv[0], ECHO, "a", 1, &rh, reply, sizeof(reply), &len, 0) == -1);
	CHECK(errno == ETIMEDOUT);
	CHECK(send(sv[1], &late, sizeof(late), 0) == (ssize_t)sizeof(late)); /* another's */
	CHECK(ipc_call(sv[0], ECHO, "a", 1, &rh, reply, sizeof(reply), &len, 0) == -1);
	CHECK(errno == ETIMEDOUT);
	CHECK(send(sv[1], "abc", 3, 0) == 3);
	CHECK(ipc_call(sv[0], ECHO, "a", 1, &rh, reply, sizeof(reply), &len, 0) == -1);
	CHECK(errno == EPROTO);
	close(sv[1]);
	CHECK(ipc_call(sv[0], ECHO, "a", 1, &rh, reply, sizeof(reply), &len, 0) == -1);
	CHECK(errno == ECONNRESET || errno == EPIPE);
	close(sv[0]);
}

TESTS(T(test_answers_in_order_with_ids), T(test_unknown_type), T(test_wrong_length),
    T(test_flags_set), T(test_short_header), T(test_truncated), T(test_handler_refuses),
    T(test_descriptor_where_none_belongs), T(test_descriptor_is_taken), T(test_queue_drains),
    T(test_peer_that_never_reads), T(test_pause), T(test_peer_goes), T(test_listener_takes_max),
    T(test_listen_path), T(test_call))
