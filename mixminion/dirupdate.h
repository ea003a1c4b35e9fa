/*
 * Keeping the directory of UserDir up to date from the servers of ServerURL.
 */
#ifndef MIXMINION_DIRUPDATE_H
#define MIXMINION_DIRUPDATE_H

#include "clientdir.h"
#include "home.h"

/* 1 if there is somewhere to fetch from and nothing was fetched since midnight UTC. */
int dirupdate_due(const struct client_conf *conf, int64_t now);
/*
 * Fetches from the URLs in random order until one gives a directory that may be used and is not
 * older than the one that is there; that one is verified first and then put in place at once.
 * -1 with a reason: what was there stays. A clock that differs by more than MaxSkew from the
 * server's is told by warn. The home must be locked.
 */
int dirupdate(const struct client_conf *conf, const struct home *h, int64_t now, client_warn say,
    struct errmsg *e);
/* "3 hours": how long ago that was. */
void age_format(char *out, size_t size, int64_t seconds);

#endif
