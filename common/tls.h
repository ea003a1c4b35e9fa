/*
 * TLS as MMTP wants it: contexts modern and legacy, the certificate chain rule (ARCHITECTURE "Keys never leave keyd", WIRE
 * "MMTP and TLS"). Shared by mmtpd and the client.
 */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include <openssl/ssl.h>

#include "mix.h"

/*
 * Client context. legacy: exactly what the reference speaks (TLS 1.0 to 1.2, DHE-RSA-AES128-SHA, level 0, 512-bit
 * DH taken); otherwise TLS 1.3 and 1.2, level 2. No tickets, no session cache, no SNI. Fatal on failure.
 */
SSL_CTX *tls_client_ctx(int legacy);
/* Server context without a certificate yet. */
SSL_CTX *tls_server_ctx(int legacy);
/*
 * 0 if the peer's chain is: two certificates, leaf in its dates at now, signed by the second's key; the second
 * self-signed; SHA-1 of the second's PKCS#1 key equal to keyid. keyid all zero: any; got (may be NULL) gets the key id.
 */
int tls_check_chain(SSL *ssl, const uint8_t keyid[HASH_LEN], int64_t now, uint8_t *got,
    struct errmsg *e);
/* 1 if the descriptor's Software says that this is the reference (outgoing legacy is decided before connecting). */
int tls_software_is_legacy(const char *software);

#endif
