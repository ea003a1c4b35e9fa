#include "bench.h"
#include "log.h"
#include "packet.h"

#define SECONDS 1.0
#define A_TURN	20

double
build_rate(void)
{
	static struct rsakey *keys[4];
	static uint8_t payload[PAYLOAD_LEN], packet[PACKET_LEN];
	static const char to[] = "someone@example.org";
	struct hop hops[4];
	uint8_t tag[TAG_LEN];
	struct errmsg e;
	double start, end;
	size_t n = 0;

	for (int i = 0; i < 4; i++) {
		if (keys[i] == NULL)
			keys[i] = rsakey_generate(2048);
		hops[i] = (struct hop) { .key = keys[i],
			.addr = { .host = "mix.example.org", .port = MMTP_PORT } };
	}
	bench_pin(1);
	start = bench_now();
	do {
		for (int i = 0; i < A_TURN; i++) {
			tag_random(tag, &rng_system);
			if (packet_build_forward(packet, payload, hops, 2, hops + 2, 2, RT_SMTP,
				tag, to, sizeof(to) - 1, &rng_system, &e) == -1)
				fatalx("%s", e.s);
		}
		n += A_TURN;
		end = bench_now();
	} while (end < start + SECONDS);
	return (double)n / (end - start);
}
