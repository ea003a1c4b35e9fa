/* Which of several addresses is connected to; and who once was modern. */
#include <netinet/in.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "crypto.h"
#include "mmtpd/dial.h"
#include "mmtpd/modern.h"
#include "t.h"

static struct loop *loop;
static int got;

static void
done(int fd, void *arg)
{
	CHECK(arg == &loop);
	got = fd;
	loop_stop(loop);
}

static int
listener(int family, uint16_t *port)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *v4 = (void *)&ss;
	struct sockaddr_in6 *v6 = (void *)&ss;
	socklen_t len = family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	int fd = socket(family, SOCK_STREAM, 0);

	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		v6->sin6_addr = in6addr_loopback;
	if (fd == -1 || bind(fd, (struct sockaddr *)&ss, len) == -1 || listen(fd, 1) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	*port = ntohs(family == AF_INET ? v4->sin_port : v6->sin6_port);
	return fd;
}

/* One address of each family; only one of them listens. The family that was reached. */
static int
reach(const struct resolve_rep *rep, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int family = 0;

	loop = loop_new();
	dial_start(loop, rep, port, done, &loop);
	loop_run(loop);
	if (got != -1 && getpeername(got, (struct sockaddr *)&ss, &len) == 0)
		family = ss.ss_family;
	if (got != -1)
		close(got);
	loop_free(loop);
	return family;
}

static const struct resolve_rep both = {
	.n4 = 1, .n6 = 1, .a4 = { { 127, 0, 0, 1 } }, .a6 = { { [15] = 1 } }
};

static void
test_falls_back_to_ipv4(void)
{
	uint16_t port;
	int fd = listener(AF_INET, &port);

	CHECK(fd != -1);
	CHECK(reach(&both, port) == AF_INET);
	close(fd);
}

static void
test_ipv6(void)
{
	uint16_t port;
	int fd = listener(AF_INET6, &port);

	if (fd == -1) {
		printf("not run - test_ipv6: this machine has no IPv6 loopback\n");
		return;
	}
	CHECK(reach(&both, port) == AF_INET6);
	close(fd);
}

static void
test_nobody_there(void)
{
	uint16_t port;
	int fd = listener(AF_INET, &port);

	close(fd);
	got = 0;
	CHECK(reach(&both, port) == 0 && got == -1);
}

static void
test_no_address(void)
{
	const struct resolve_rep none = { .status = ST_OK };

	got = 0;
	CHECK(reach(&none, 1) == 0 && got == -1);
}

static void
never(int fd, void *arg)
{
	(void)fd;
	(void)arg;
	CHECK(!"called after it was cancelled");
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
test_cancel(void)
{
	uint16_t port;
	int fd = listener(AF_INET, &port);
	struct dial *d;
	struct loop_timer *t;

	loop = loop_new();
	d = dial_start(loop, &both, port, never, NULL);
	dial_cancel(d);
	t = loop_timer(loop, stop, loop);
	loop_timer_set(t, 20);
	loop_run(loop);
	loop_timer_free(t);
	loop_free(loop);
	close(fd);
}

/* The record is kept across a restart; one that a crash cut short is written over. */
static void
test_modern_is_remembered(void)
{
	char dir[] = "/tmp/modernXXXXXX";
	uint8_t a[HASH_LEN] = { 1 }, b[HASH_LEN] = { 2 }, c[HASH_LEN] = { 3 };
	struct modern *m;
	int fd, file;

	CHECK(mkdtemp(dir) != NULL);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	m = modern_open(fd);
	modern_note(m, a);
	modern_note(m, a);
	modern_note(m, b);
	CHECK(modern_known(m, a) && modern_known(m, b) && !modern_known(m, c));
	modern_free(m);
	file = openat(fd, "modern", O_WRONLY | O_APPEND);
	CHECK(lseek(file, 0, SEEK_END) == 2 * HASH_LEN);
	CHECK(write(file, "half", 4) == 4);
	close(file);
	m = modern_open(fd);
	CHECK(modern_known(m, a) && modern_known(m, b));
	modern_note(m, c);
	modern_free(m);
	m = modern_open(fd);
	CHECK(modern_known(m, c));
	modern_free(m);
	unlinkat(fd, "modern", 0);
	close(fd);
	CHECK(rmdir(dir) == 0);
}

TESTS(T(test_falls_back_to_ipv4), T(test_ipv6), T(test_nobody_there), T(test_no_address),
    T(test_cancel), T(test_modern_is_remembered))
