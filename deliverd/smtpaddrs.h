/*
 * The addresses of a mail server, as dirsync gives them, ready to be connected to.
 */
#ifndef SMTPADDRS_H
#define SMTPADDRS_H

#include <sys/socket.h>

#include "proto.h"

#define SMTPADDRS_MAX 16

struct smtpaddrs {
	size_t n;
	struct {
		struct sockaddr_storage ss;
		socklen_t len;
	} a[SMTPADDRS_MAX];
};

/* IPv4 first: more servers know what to think of it. */
void smtpaddrs_set(struct smtpaddrs *a, const struct resolve_rep *rep, uint16_t port);
/* A non-blocking socket that is connecting to address i; -1 with errno. */
int smtpaddrs_connect(const struct smtpaddrs *a, size_t i);
/* RFC 6761 6.3: no name service has a say in it. */
extern const struct resolve_rep smtpaddrs_localhost;

#endif
