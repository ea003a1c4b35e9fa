#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "smtpaddrs.h"

const struct resolve_rep smtpaddrs_localhost = { .status = ST_OK, .n4 = 1, .n6 = 1,
	.a4 = { { 127, 0, 0, 1 } }, .a6 = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } } };

static void
add(struct smtpaddrs *a, const void *sa, socklen_t len)
{
	if (a->n == SMTPADDRS_MAX)
		return;
	memcpy(&a->a[a->n].ss, sa, len);
	a->a[a->n++].len = len;
}

void
smtpaddrs_set(struct smtpaddrs *a, const struct resolve_rep *rep, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < rep->n4; i++) {
		memcpy(&sin.sin_addr, rep->a4[i], 4);
		add(a, &sin, sizeof(sin));
	}
	for (size_t i = 0; i < rep->n6; i++) {
		memcpy(&sin6.sin6_addr, rep->a6[i], 16);
		add(a, &sin6, sizeof(sin6));
	}
}

int
smtpaddrs_connect(const struct smtpaddrs *a, size_t i)
{
	int fd = socket(a->a[i].ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)&a->a[i].ss, a->a[i].len) == -1 &&
	    errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}
