/*
 * Routing information (minion-spec 3.2.1.1) and exit addresses (E2E-spec 3.2.1, 3.3.1).
 */
#ifndef COMMON_ROUTING_H
#define COMMON_ROUTING_H

#include "bytes.h"
#include "mix.h"

/* Where the next hop listens: what FWD/HOST, SWAP-FWD/HOST and the IP4 forms say. */
struct mix_addr {
	char host[MAX_HOSTNAME + 1]; /* lower case; a dotted quad for the IP4 forms */
	uint16_t port;
	uint8_t keyid[HASH_LEN];
};

/* Letters, digits, '.', '-'; not empty, not longer than MAX_HOSTNAME, no "..", no leading dot. */
int host_plausible(const char *s, size_t len);

/* Appends PORT | KEYID | NAME in lower case. */
void routing_pack_host(struct buf *b, const struct mix_addr *a);
/* By routing type (1 to 4); -1 with a reason if the info is malformed. */
int routing_parse(struct mix_addr *a, uint16_t rt, const uint8_t *ri, size_t len,
    struct errmsg *e);

/* One "username@host" by the grammar of E2E-spec 3.3.1; 1 or 0. */
int mailbox_valid(const char *s, size_t len);
/* The same, with letters of UTF-8 too (RFC 6531): what an operator may write, no sender. */
int mailbox_valid_utf8(const char *s, size_t len);
/* One to eight of them separated by NUL; 1 or 0. */
int mailboxes_valid(const uint8_t *s, size_t len);
/* 1 if exits of this type have a 20-octet tag in front of the address (P11). */
int exit_has_tag(uint16_t rt);

#endif
