/*
 * The sockets that are made by who starts daemons; the daemons themselves get them passed in.
 * Both wait some seconds for an address in use: the processes of a supervisor that was killed may
 * take a moment to go. Fatal if it is in vain.
 */
#ifndef COMMON_LISTEN_H
#define COMMON_LISTEN_H

#include <sys/types.h>

#include <stdint.h>

/*
 * A listening TCP socket at a numeric IPv4 or IPv6 address (that alone: V6ONLY); close-on-exec and
 * non-blocking.
 */
int listen_tcp(const char *host, uint16_t port);
/* A listening socket for records at DIR/NAME.sock, of that mode and owner. */
int listen_local(const char *dir, const char *name, mode_t mode, uid_t uid, gid_t gid);

#endif
