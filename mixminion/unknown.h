/*
 * What to say of a server that nobody knows.
 */
#ifndef MIXMINION_UNKNOWN_H
#define MIXMINION_UNKNOWN_H

#include "clientdir.h"

/*
 * "no server is known by the name X; did you mean Y?", and why there is no directory where that
 * may be the reason.
 */
void unknown_server(struct errmsg *e, const struct clientdir *cd, const char *name);

#endif
