/*
 * Every signature is good, so that what lies behind it is reached. A harness that includes this is
 * linked with --wrap=rsakey_verify.
 */
#ifndef TESTS_FUZZ_ANYSIG_H
#define TESTS_FUZZ_ANYSIG_H

#include "rsakey.h"

int __wrap_rsakey_verify(struct rsakey *, const uint8_t *, const void *, size_t);

int
__wrap_rsakey_verify(struct rsakey *k, const uint8_t *digest, const void *sig, size_t siglen)
{
	(void)k;
	(void)digest;
	(void)sig;
	return siglen > 0 ? 0 : -1;
}

#endif
