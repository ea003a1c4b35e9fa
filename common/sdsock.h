/*
 * The systemd protocol, without libsystemd: sockets that were passed in (sd_listen_fds(3)) and the
 * word that a daemon is ready (sd_notify(3)).
 */
#ifndef COMMON_SDSOCK_H
#define COMMON_SDSOCK_H

/* Takes LISTEN_FDS out of the environment: the sockets become close-on-exec and non-blocking. */
void sdsock_init(void);
/* The i'th socket of this name; -1 if there is none. */
int sdsock_get(const char *name, unsigned i);
/* Connects to NOTIFY_SOCKET if there is one, before the sandbox. */
void sdnotify_init(void);
/*
 * Says READY=1 and closes the socket: through it one could send to whoever else has a socket of
 * datagrams.
 */
void sdnotify_ready(void);

#endif
