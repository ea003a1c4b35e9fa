/*
 * Where a message is to leave the network: what -t takes.
 */
#ifndef MIXMINION_ADDRESS_H
#define MIXMINION_ADDRESS_H

#include "bytes.h"
#include "cli.h"
#include "mix.h"

struct address {
	uint16_t type;
	struct buf info; /* the exit address without tag */
	char server[MAX_NICKNAME + 1]; /* mbox:NAME@SERVER; else empty */
};

/*
 * user@host, smtp:user@host, mbox:name@server, mbox:name, drop, test, test:INFO, 0xHHHH,
 * 0xHHHH:INFO. -1 with a reason; freed by address_free after a success.
 */
int address_parse(struct address *a, const char *s, struct errmsg *e);
/*
 * Another recipient of the same message: only mail takes several, up to eight. They are kept in
 * lexicographical order, each once.
 */
int address_add(struct address *a, const char *s, struct errmsg *e);
/* All of -t. 0, or an exit status after saying why. */
int address_parse_all(struct address *a, const struct cli *cli);
void address_free(struct address *a);

#endif
