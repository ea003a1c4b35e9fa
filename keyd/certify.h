/*
 * The two certificates of an MMTP server (WIRE "MMTP and TLS"): the leaf for a link key that
 * mmtpd made, and the self-signed one of the identity. keyd sets every field but the key.
 */
#ifndef KEYD_CERTIFY_H
#define KEYD_CERTIFY_H

#include "crypto.h"
#include "proto.h"
#include "rsakey.h"

#define CERT_BEFORE (2 * 3600)
#define CERT_AFTER  (26 * 3600)

struct certifier {
	const char *nickname;
	struct rsakey *identity;
	int legacy; /* SHA-1 may be signed */
	int64_t now;
	const struct rng *rng;
};

/*
 * Appends the whole answer: struct certify_rep, leaf, identity certificate (DER). spki is a
 * DER SubjectPublicKeyInfo: for CERT_MODERN RSA of 2048 to 4096 bits or P-256, for CERT_LEGACY
 * RSA of 1024 to 2048 bits. -1 with a reason.
 */
int certify(const struct certifier *cf, uint32_t kind, const uint8_t *spki, size_t len,
    struct buf *out, struct errmsg *e);

#endif
