/*
 * Where to fetch from and where to publish, as the configuration says (dir-spec 5.1, 5.2; D9).
 */
#ifndef DIRSYNC_URLS_H
#define DIRSYNC_URLS_H

#include "conf.h"

/* B/current.gz of each base; what ends in ".gz" as it is. Each once; the caller frees the list. */
void urls_fetch(struct opt_list *out, const struct server_conf *c);
/* B/upload of each base; each PublishURL as it is. */
void urls_publish(struct opt_list *out, const struct server_conf *c);

#endif
