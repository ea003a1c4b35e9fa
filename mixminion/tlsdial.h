/*
 * A TLS connection to a server: name to address, connect, handshake, certificate check; then
 * reading and writing without waiting. All waiting is in dial_wait, with a timeout.
 */
#ifndef MIXMINION_TLSDIAL_H
#define MIXMINION_TLSDIAL_H

#include <sys/types.h>

#include "mix.h"
#include "routing.h"
#include "tls.h"

struct dial {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	int64_t timeout; /* seconds */
};

/* -1 with a reason; d needs no dial_close then. */
int dial_open(struct dial *d, const struct mix_addr *to, enum tls_kind kind, int64_t timeout,
    struct errmsg *e);
void dial_close(struct dial *d);
/* Octets done; 0: not now; -1 with a reason, also when the server closed. */
ssize_t dial_read(struct dial *d, void *p, size_t len, struct errmsg *e);
ssize_t dial_write(struct dial *d, const void *p, size_t len, struct errmsg *e);
/*
 * Until there is something to read or, if writing is set, room to write; -1 with a reason after
 * the timeout.
 */
int dial_wait(struct dial *d, int writing, struct errmsg *e);

#endif
