/*
 * Whether somebody answers at an address.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define PATIENCE 5 /* seconds */

static int
try_address(const struct addrinfo *a)
{
	const struct timeval patience = { PATIENCE, 0 };
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0), saved;

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	saved = errno == EINPROGRESS ? ETIMEDOUT : errno;
	close(fd);
	errno = saved;
	return -1;
}

int
reach(const char *host, uint16_t port, struct errmsg *e)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char service[8];
	int fd = -1, rc;

	snprintf(service, sizeof(service), "%u", port);
	if ((rc = getaddrinfo(host, service, &want, &list)) != 0)
		return err_set(e, "%s", gai_strerror(rc));
	for (const struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next)
		fd = try_address(a);
	if (fd == -1)
		err_set(e, "%s", strerror(errno));
	freeaddrinfo(list);
	return fd;
}
