/*
 * Puts the parts of mmtpd together.
 */
#ifndef MMTPD_SERVE_H
#define MMTPD_SERVE_H

#include "daemon.h"

/*
 * After daemon_init: everything up to the sandbox and readiness. The loop is the caller's to run.
 */
void serve_start(struct daemon *d);

/* Handlers of the control socket. */
int serve_reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e);
void serve_queue(struct daemon *d, struct buf *out);
int serve_clean(struct daemon *d, struct errmsg *e);
void serve_stop(struct daemon *d);

#endif
