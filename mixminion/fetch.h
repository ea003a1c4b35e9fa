/*
 * A file by HTTP or HTTPS, through the proxy that http_proxy and https_proxy name. Nothing is sent
 * that names the program, its user or the machine.
 */
#ifndef MIXMINION_FETCH_H
#define MIXMINION_FETCH_H

#include "bytes.h"

struct fetched {
	struct buf body; /* the caller frees it, also after a failure */
	int64_t date; /* what the server's clock said, seconds since 1970; 0: nothing */
};

/*
 * timeout in seconds for the whole. -1 with a reason; more than max octets are one, and so is any
 * status but 200.
 */
int fetch_url(struct fetched *out, const char *url, size_t max, int64_t timeout,
    struct errmsg *e);

#endif
