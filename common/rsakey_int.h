/* The inside of an RSA key, shared by rsakey.c (operations) and rsaio.c (encodings) alone. */
#ifndef COMMON_RSAKEY_INT_H
#define COMMON_RSAKEY_INT_H

#include <openssl/evp.h>

struct rsakey {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *oaep, *raw_public, *raw_private; /* NULL until needed */
	size_t len;
	unsigned bits;
	int private;
};

#endif
