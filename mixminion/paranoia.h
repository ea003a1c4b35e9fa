/*
 * FileParanoia: whoever can rename a directory above UserDir can put another in its place.
 */
#ifndef MIXMINION_PARANOIA_H
#define MIXMINION_PARANOIA_H

#include "clientconf.h"

/*
 * -1 with a reason if a directory above dir (which exists) belongs to anyone but the user, root
 * and TrustedUser, or can be written by others (unless its sticky bit is set). Nothing is checked
 * with FileParanoia: no, or MM_NO_FILE_PARANOIA in the environment.
 */
int paranoia_check(const struct client_conf *conf, const char *dir, struct errmsg *e);

#endif
