/*
 * Between conf.c, which reads the options one by one, and conf_check.c, which looks at them
 * together. Private to the two.
 */
#ifndef COMMON_CONFLOAD_H
#define COMMON_CONFLOAD_H

#include "conf.h"

/*
 * Fills in what follows from other options, and reports what does not go together. Runs after
 * faults too: those that only follow from one are not said again.
 */
void conf_check(struct server_conf *c, struct opt_reader *r);

#endif
