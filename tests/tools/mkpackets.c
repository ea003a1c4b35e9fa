/*
 * Puts packets for a node into a pool directory, as mmtpd would.
 * Usage: mkpackets KEY.pem COUNT KIND DIR
 * KIND: relay, exit, drop, or 40 hex digits: relayed to the node of this key id.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packet.h"
#include "pool.h"

struct kind {
	uint16_t rt;
	struct buf info;
};

static struct rsakey *
read_key(const char *path)
{
	static char pem[16384];
	struct rsakey *key;
	struct errmsg e;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd == -1 || (n = read(fd, pem, sizeof(pem))) <= 0)
		err(1, "%s", path);
	close(fd);
	if ((key = rsakey_from_pem(pem, (size_t)n, NULL, &e)) == NULL)
		errx(1, "%s: %s", path, e.s);
	return key;
}

static void
parse_kind(struct kind *k, const char *s)
{
	struct mix_addr next = { "next.example", 48099, { 1, 2, 3 } };

	memset(k, 0, sizeof(*k));
	if (strcmp(s, "drop") == 0)
		return;
	if (strcmp(s, "exit") == 0) {
		k->rt = RT_SMTP;
		buf_str(&k->info, "01234567890123456789user@example.org");
		return;
	}
	if (strcmp(s, "relay") != 0 && hex_decode(next.keyid, HASH_LEN, s, strlen(s)) == -1)
		errx(1, "%s: no kind of packet", s);
	k->rt = RT_FWD_HOST;
	routing_pack_host(&k->info, &next);
}

static void
make_packet(uint8_t p[PACKET_LEN], struct rsakey *key, const struct kind *k)
{
	struct hop hop = { .key = key };
	struct routing last = { k->rt, k->info.p, k->info.len };
	uint8_t secret[1][KEY_LEN];
	struct errmsg e;

	rng_fill(&rng_system, secret, sizeof(secret));
	rng_fill(&rng_system, p + HEADER_LEN, PACKET_LEN - HEADER_LEN);
	if (header_build(p, &hop, 1, (const uint8_t(*)[KEY_LEN])secret, &last, &rng_system,
	    &e) == -1)
		errx(1, "%s", e.s);
}

int
main(int argc, char **argv)
{
	static uint8_t packet[PACKET_LEN];
	struct chunk part = { packet, sizeof(packet) };
	struct pool_batch *batch;
	struct rsakey *key;
	struct kind kind;
	struct pool pool;
	long count;
	int fd;

	if (argc != 5)
		errx(64, "usage: mkpackets key.pem count kind directory");
	key = read_key(argv[1]);
	count = strtol(argv[2], NULL, 10);
	parse_kind(&kind, argv[3]);
	if ((fd = open(argv[4], O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", argv[4]);
	umask(0);
	pool_init(&pool, argv[4], fd, 0660);
	batch = pool_batch_new(&pool, 64);
	for (long i = 0; i < count; i++) {
		make_packet(packet, key, &kind);
		if (pool_batch_add(batch, NULL, &part, 1) == -1 ||
		    ((i % 64 == 63 || i + 1 == count) && pool_batch_commit(batch) == -1))
			err(1, "%s", argv[4]);
	}
	pool_batch_free(batch);
	buf_free(&kind.info);
	rsakey_free(key);
	return 0;
}
