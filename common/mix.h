/*
 * Sizes and numbers of the Type III protocol, by the names that the specifications give them,
 * and what all of this project shares: error messages and the names of the roles.
 */
#ifndef COMMON_MIX_H
#define COMMON_MIX_H

#include <stddef.h>
#include <stdint.h>

#define MIX_VERSION "0.1.0"
#define MIX_SOFTWARE "mixminiond " MIX_VERSION

/* minion-spec 3.1.2 and 3.2; all lengths in octets. */
#define HASH_LEN	20
#define KEY_LEN		16
#define PK_OVERHEAD_LEN 42 /* what OAEP adds */
#define PK_ENC_LEN	256
#define PK_MAX_DATA_LEN 214
#define MIN_SH		42 /* fixed part of a subheader */
#define MAX_RI_IN_RSA	172 /* PK_MAX_DATA_LEN - MIN_SH: routing info inside the RSA block (P5) */
#define HEADER_LEN	2048
#define PAYLOAD_LEN	28672
#define PACKET_LEN	32768
#define TAG_LEN		20 /* decoding handle, E2E-spec 2.2.1.1 */
#define MAX_PATH	17 /* layers that a decoder of replies tries (S4) */
#define MAX_HOPS	24 /* subheaders of the least size that fit one header */

/* Versions as the running network speaks them (WIRE.md "Versions"). */
#define PACKET_MAJOR	 0
#define PACKET_MINOR	 3
#define MMTP_VERSION_STR "0.3"
#define MMTP_PORT	 48099

/* minion-spec 3.2.1.1 */
enum routing_type {
	RT_DROP = 0x0000,
	RT_FWD_IP4 = 0x0001,
	RT_SWAP_FWD_IP4 = 0x0002,
	RT_FWD_HOST = 0x0003,
	RT_SWAP_FWD_HOST = 0x0004,
	RT_MIN_EXIT = 0x0100,
	RT_SMTP = 0x0100,
	RT_MBOX = 0x0101,
	RT_MIX2 = 0x0102,
	RT_FRAGMENT = 0x0103,
	RT_NEWS = 0x0104,
	RT_PING = 0x0105,
	RT_TEST = 0xfffe,
};

/* Nicknames: dir-spec 3. */
#define MAX_NICKNAME 24
#define MAX_HOSTNAME 255

/*
 * A human-readable reason. Functions that may fail on the world's input take one (or NULL), fill
 * it with a single line without newline, and return -1.
 */
struct errmsg {
	char s[512];
};

/*
 * Formats the reason (e may be NULL); always returns -1, so that `return err_set(...)` reads
 * well.
 */
int err_set(struct errmsg *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
