/*
 * The node's link keys: made here, certified by keyd for a short life, never written
 * (ARCHITECTURE "Keys never leave keyd").
 */
#ifndef MMTPD_LINKKEY_H
#define MMTPD_LINKKEY_H

#include <openssl/ssl.h>

#include "mmtpd.h"
#include "proto.h"

struct linkkey;

/*
 * Makes the keys and has them certified over a connected keyd-mmtpd socket, waiting for the
 * answers: before the sandbox. legacy: also those that the reference understands. Fatal if keyd
 * refuses. The socket is owned from now on.
 */
struct linkkey *linkkey_new(struct daemon *d, int keyd_fd, int legacy);
/* Renews in time from here on. */
void linkkey_start(struct linkkey *k);
/* A server connection with the current certificates. NULL only if out of memory. */
SSL *linkkey_ssl(struct linkkey *k);
const uint8_t *linkkey_keyid(const struct linkkey *k);

#endif
