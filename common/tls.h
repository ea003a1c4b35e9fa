/*
 * TLS as MMTP wants it: contexts modern and legacy, the certificate chain rule (ARCHITECTURE
 * "Keys never leave keyd", WIRE "MMTP and TLS"). Shared by mmtpd and the client.
 */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include <openssl/ssl.h>

#include "mix.h"

/*
 * MODERN: TLS 1.3 and 1.2 with ECDHE, level 2. LEGACY: exactly what the reference speaks (TLS 1.0
 * to 1.2, DHE-RSA-AES128-SHA, level 0, 512-bit DH taken). EITHER, for clients with LegacyTLS and
 * servers that may be of either kind: both are offered in one handshake, so that nothing is ever
 * decided by a failed one.
 */
enum tls_kind { TLS_MODERN = 0, TLS_LEGACY = 1, TLS_EITHER = 2 };

/* No tickets, no session cache, no renegotiation, no SNI. Fatal on failure. */
SSL_CTX *tls_client_ctx(enum tls_kind kind);
/* Without a certificate yet; not EITHER: that is chosen between two contexts by the ClientHello. */
SSL_CTX *tls_server_ctx(enum tls_kind kind);
/* For a loop: a write takes what the socket takes, and may go on from another place in memory. */
void tls_nonblocking(SSL *ssl);
/* 1 if the finished handshake is one that a MODERN context would have made. */
int tls_is_modern(const SSL *ssl);
/*
 * Makes one server connection speak what a legacy context speaks, from its ClientHello callback
 * on.
 */
void tls_legacy_ssl(SSL *ssl);
/*
 * 0 if the peer's chain is: two certificates, leaf in its dates at now, signed by the second's
 * key; the second self-signed; SHA-1 of the second's PKCS#1 key equal to keyid. keyid all zero:
 * any; got (may be NULL) gets the key id.
 */
int tls_check_chain(SSL *ssl, const uint8_t keyid[HASH_LEN], int64_t now, uint8_t *got,
    struct errmsg *e);
/*
 * 1 if the descriptor's Software says that this is the reference (outgoing legacy is decided
 * before connecting).
 */
int tls_software_is_legacy(const char *software);

#endif
