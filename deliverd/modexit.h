/*
 * What an external module gets (mixminiond.conf(5), Module): facts, and the message as it is.
 */
#ifndef MODEXIT_H
#define MODEXIT_H

#include "deliverd.h"

#define MODEXIT_INFO_MAX 4096

/*
 * m has its routing type; info is the routing information without the tag, of at most
 * MODEXIT_INFO_MAX octets.
 */
void modexit_make(struct mail *m, struct chunk info, const struct delivery *d);

#endif
