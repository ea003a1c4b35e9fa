/* What is known of a mail that waits, and its record in deliver/own/state. */
#ifndef MAILSTATE_H
#define MAILSTATE_H

#include "conf.h"
#include "lane.h"
#include "smtp.h"

#define MAILSTATE_LEN 24 /* octets of the record */

/* Never tried, due at once; nrcpt is 8 at most. The caller owns it (lane_push takes it). */
struct mailq_entry *mailstate_new(const char *name, uint16_t rtype, size_t nrcpt);
void mailstate_pack(uint8_t s[MAILSTATE_LEN], const struct mailq_entry *e);
/*
 * Leaves e as it is if this is no record. Nothing waits longer than it was to wait: the clock may
 * have been wrong, then or now.
 */
void mailstate_unpack(struct mailq_entry *e, const uint8_t s[MAILSTATE_LEN], int64_t now);
/* The next attempt is in so many seconds; one at least. */
void mailstate_wait(struct mailq_entry *e, int64_t wait, int64_t now);
/* Counts an attempt and sets the time of the next one; -1: there is none. */
int mailstate_next(struct mailq_entry *e, const struct conf_schedule *retry, int64_t now);
/* Clears the bits of recipients that are done with; results are in the order of the bits set. */
void mailstate_settle(struct mailq_entry *e, const enum smtp_result *results);

#endif
