/*
 * What OpenSSL does only once (fetching algorithms, reading its configuration, opening files)
 * happens before the sandbox.
 */
#ifndef MMTPD_WARMUP_H
#define MMTPD_WARMUP_H

#include "linkkey.h"

/*
 * A handshake in memory with each kind of context in use, and one record each way. Fatal if it
 * fails.
 */
void warmup(struct linkkey *k, int legacy);

#endif
