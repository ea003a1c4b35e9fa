/*
 * MaxBandwidth: so many octets a second in each direction, and MaxBandwidthSpike at once after a
 * quiet time. What is over the limit waits; nothing is closed or refused for it.
 */
#ifndef MMTPD_BANDWIDTH_H
#define MMTPD_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

enum direction { BW_IN, BW_OUT };

struct bandwidth {
	int64_t rate; /* octets a second; 0: no limit */
	int64_t most; /* that may be saved up */
	int64_t left[2]; /* below zero: more was used than there was */
	int64_t since; /* ms, when left was right */
};

/* spike 0: five seconds' worth. What was saved up stays, as far as it may. now: milliseconds. */
void bandwidth_set(struct bandwidth *b, int64_t rate, int64_t spike, int64_t now);
/* 1 if something may be read or written now. */
int bandwidth_may(struct bandwidth *b, enum direction d, int64_t now);
/* Octets of a TLS record's contents; what the record adds is counted with them. */
void bandwidth_used(struct bandwidth *b, enum direction d, size_t octets);

#endif
