/*
 * TLS to a mail server: a context made from the configuration, and who the server has to be. All
 * functions that do I/O set *wants to the poll events that they wait for where they have to wait.
 */
#ifndef SMTPTLS_H
#define SMTPTLS_H

#include <sys/types.h>

#include "smtpset.h"

/* cafile: whom to believe who the server is; NULL: nobody is asked. NULL with a reason. */
SSL_CTX *smtptls_ctx(const char *cafile, struct errmsg *e);

/* A connection over fd (not owned), as client; smtptls_end ends it. It uses s->ctx. */
SSL *smtptls_begin(const struct smtpset *s, int fd);
/* 1: done, and the server is who it has to be; 0: wait; -1: no, with a reason. */
int smtptls_handshake(SSL *ssl, const struct smtpset *s, short *wants, struct errmsg *e);
/* Octets; 0: wait; -1: the connection is over. */
ssize_t smtptls_read(SSL *ssl, void *p, size_t len, short *wants);
ssize_t smtptls_write(SSL *ssl, const void *p, size_t len, short *wants);
void smtptls_end(SSL *ssl); /* says goodbye if that is possible; NULL is fine */

#endif
