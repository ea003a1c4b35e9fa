/*
 * One incoming connection: TLS, MMTP's server side, answers in the order of the frames. Never
 * sends anything else.
 */
#ifndef MMTPD_INCONN_H
#define MMTPD_INCONN_H

#include <sys/socket.h>

#include "intake.h"
#include "linkkey.h"
#include "mmtpd.h"

/*
 * What stands for one sender where connections are limited: the IPv4 address, or the first 64
 * bits of an IPv6 one.
 */
struct peer_net {
	uint8_t net[8];
};

struct inconn;

/* All of them. */
struct inconns;

struct inconns *inconns_new(struct daemon *d, struct linkkey *keys, struct intake *in,
    const struct mmtpd_limits *limits);
/* Takes an accepted, non-blocking socket. 0, or -1 (closed again). */
int inconns_add(struct inconns *all, int fd, const struct peer_net *peer);
size_t inconns_count(const struct inconns *all);
size_t inconns_count_net(const struct inconns *all, const struct peer_net *peer);
/* An answer for one (intake's callback): queued. */
void inconn_answer(void *conn, const uint8_t ack[MMTP_ACK_LEN]);
/* Sends what is queued (intake's "done"). */
void inconns_flush(void *all);
/* At the end of each round, after the commit: closes what has ended. */
void inconns_reap(struct inconns *all);
/* No more frames are taken: every connection ends when it has its answers. */
void inconns_stop(struct inconns *all);

#endif
