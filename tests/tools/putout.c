/*
 * Stands in for mixer: puts packets of noise for one next hop into a pool "outgoing".
 * usage: putout DIR HOST PORT KEYID COUNT
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "pool.h"
#include "routing.h"

#define AT_ONCE 64

int
main(int argc, char **argv)
{
	struct mix_addr to = { 0 };
	struct pool pool;
	struct pool_batch *b;
	uint8_t rec[OUTREC_LEN];
	struct chunk part = { rec, sizeof(rec) };
	long n;
	int fd;

	if (argc != 6)
		errx(64, "usage: putout DIR HOST PORT KEYID COUNT");
	crypto_init();
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", argv[1]);
	strlcpy(to.host, argv[2], sizeof(to.host));
	to.port = (uint16_t)strtoul(argv[3], NULL, 10);
	if (hex_decode(to.keyid, HASH_LEN, argv[4], strlen(argv[4])) == -1)
		errx(1, "%s is no key id", argv[4]);
	pool_init(&pool, "outgoing", fd, 0660);
	b = pool_batch_new(&pool, AT_ONCE);
	outrec_head(rec, &to);
	for (n = strtol(argv[5], NULL, 10); n > 0; n--) {
		rng_fill(&rng_system, rec + OUTREC_LEN - PACKET_LEN, PACKET_LEN);
		if (pool_batch_add(b, NULL, &part, 1) == -1)
			err(1, "%s", argv[1]);
		if ((pool_batch_len(b) == AT_ONCE || n == 1) && pool_batch_commit(b) == -1)
			err(1, "%s", argv[1]);
	}
	pool_batch_free(b);
	return 0;
}
