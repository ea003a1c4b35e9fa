/*
 * What a pinger says of the servers: the reliability file of mixminion-directory(5).
 */
#ifndef DIRD_RELIABILITY_H
#define DIRD_RELIABILITY_H

#include "bytes.h"

struct reliability {
	int64_t published;
	struct measured {
		uint8_t keyid[HASH_LEN];
		double fraction; /* of the pings that came back */
	} *v; /* by keyid */
	size_t n;
};

/*
 * "[Reliability]", "Version: 0.1", "Published: TIME", then "Server: FINGERPRINT FRACTION" any
 * number of times. -1 with a reason.
 */
int reliability_parse(struct reliability *r, const char *text, size_t len, struct errmsg *e);
void reliability_free(struct reliability *r);
/* Of one server; -1 if it was not measured. */
double reliability_of(const struct reliability *r, const uint8_t keyid[HASH_LEN]);

#endif
