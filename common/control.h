#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include "daemon.h"

/* Serves RELOAD, STATS, QUEUE, LOGREOPEN, STOP and REPUBLISH on a listening socket. */
void control_serve(struct daemon *d, int fd);
/* The end in order: the daemon's own handler, or the loop's. */
void control_stop(struct daemon *d);

#endif
