/*
 * When a packet that could not be sent is tried again. A packet's own age decides: the time of
 * its file in outgoing/ (mixer writes it when the batch leaves) is the record of when its tries
 * began, durable with the packet itself, so that neither a crash nor a lost note starts them anew
 * or ends them early. While we run, what comes in is as old as it is here, whatever the clock says.
 */
#ifndef MMTPD_SCHEDULE_H
#define MMTPD_SCHEDULE_H

#include "conf.h"

/* Seconds from the first try to the last. */
int64_t schedule_total(const struct conf_schedule *s);
/*
 * Seconds until the next try of a packet whose first was age seconds ago; -1 after the last. Ages
 * below zero (a clock that was set back) count as zero.
 */
int64_t schedule_wait(const struct conf_schedule *s, int64_t age);
/* How long a destination that just failed is left alone whatever arrives for it; seconds. */
int64_t schedule_hold(const struct conf_schedule *s);

#endif
