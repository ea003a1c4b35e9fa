/*
 * How many uploads an address may make in an hour. Addresses are forgotten when they have made none
 * for as long. IPv6 counts by /64, IPv4 by /32. Pure: the clock is passed in.
 */
#ifndef DIRD_FLOOD_H
#define DIRD_FLOOD_H

#include <sys/socket.h>

#include <stdint.h>

#define FLOOD_ADDRESSES 4096 /* at once; more share one allowance */

struct flood {
	unsigned per_hour;
	struct flood_one {
		uint8_t addr[16];
		uint32_t len; /* 0: free */
		int64_t since; /* milliseconds: of the hour that is counted */
		unsigned n;
	} *v;
	unsigned used;
	struct flood_one others;
};

void flood_init(struct flood *f, unsigned per_hour);
void flood_free(struct flood *f);
/* The octets that count; returns how many. NULL: none. */
uint32_t flood_address(uint8_t addr[16], const struct sockaddr *sa);
/* One more: 0 if it is too many. now_ms: any clock that only goes on. */
int flood_allows(struct flood *f, const uint8_t *addr, uint32_t len, int64_t now_ms);
void flood_sweep(struct flood *f, int64_t now_ms);

#endif
