/*
 * Between conf.c, which reads the options one by one, conf_modules.c, which knows some kinds of
 * them, and conf_check.c, which looks at them together. Private to the three.
 */
#ifndef COMMON_CONFLOAD_H
#define COMMON_CONFLOAD_H

#include "conf.h"

extern const struct opt_type CONF_CHAIN; /* char *, remailers separated by ',' */
extern const struct opt_type CONF_RATE; /* struct conf_rate */
extern const struct opt_type CONF_MODULE; /* struct conf_modules */

/*
 * Fills in what follows from other options, and reports what does not go together. Runs after
 * faults too: those that only follow from one are not said again.
 */
void conf_check(struct server_conf *c, struct opt_reader *r);

#endif
