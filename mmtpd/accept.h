/*
 * The listening sockets and the limits on who may come in.
 */
#ifndef MMTPD_ACCEPT_H
#define MMTPD_ACCEPT_H

#include "inconn.h"

/* The name under which listening sockets are passed in. */
#define MMTP_LISTENER "mmtp"

struct acceptor;

/* Takes every socket that was passed in as "mmtp". Fatal if there is none. */
struct acceptor *acceptor_new(
    struct daemon *d, struct inconns *conns, const struct mmtpd_limits *limits);
/* Accepts from here on; nothing more. */
void acceptor_start(struct acceptor *a);
void acceptor_stop(struct acceptor *a);

#endif
