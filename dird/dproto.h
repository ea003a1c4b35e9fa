/*
 * Every verb that one process of dird may say to another, and the fixed bodies, as common/proto.h
 * has them for the node. The socket on which a verb arrives is the authority.
 */
#ifndef DIRD_DPROTO_H
#define DIRD_DPROTO_H

#include "proto.h"

/* Names of the role sockets; TCP listeners are "dird-tcp". */
#define SOCK_DIRD_UPLOAD  "dird-upload" /* dird-http to dird-core */
#define SOCK_DIRD_SIGN	  "dird-sign" /* dird-core to dird-sign */
#define SOCK_DIRD_FETCH	  "dird-fetch" /* dird-core to dird-fetch */
#define SOCK_DIRD_CONTROL "dird-core-control" /* the operator to dird-core */

enum dird_verb {
	/* dird-http -> dird-core */
	V_UPLOAD = 101, /* text of a descriptor -> text of the answer (dir-spec 5.2) */
	/* dird-core -> dird-sign */
	V_DIRKEY, /* empty -> struct dirkey_rep + PKCS#1 DER of the public key */
	V_DIRSIGN, /* struct dirsign_req + a part of the text -> struct status_rep (+ text) */
	/* dird-core -> dird-fetch */
	V_FETCH, /* struct fetch_req + URL -> V_FETCHED */
	V_FETCHED, /* struct fetched_rep + octets or a reason: any number, the last has end */
	/* dird -> dird-core's control socket */
	V_DIRD_SAY /* a command in words -> V_DIRD_SAY: struct said_rep + text, the last has end */
};

struct dirkey_rep {
	uint32_t status;
	uint8_t fingerprint[HASH_LEN];
};

/*
 * A signed part comes in parts, in order, and is answered with its [Signed-Directory] section, or
 * a reason (ST_FAIL). kind DIRSIGN_OLD: the whole of a directory in the old format without digest
 * and signature; the answer is their two lines.
 */
enum dirsign_kind { DIRSIGN_PART = 0, DIRSIGN_OLD = 1 };
#define DIRSIGN_STEP 32000
struct dirsign_req {
	uint32_t kind;
	uint32_t total; /* octets of the text */
	uint32_t at; /* where this part begins */
	uint32_t pad;
};

struct fetch_req {
	uint32_t timeout_ms; /* of the whole transfer */
	uint32_t max; /* octets */
};
struct fetched_rep {
	uint32_t end;
	uint32_t status; /* at the end: ST_OK, or ST_FAIL and a reason in words */
};

struct said_rep {
	uint32_t end;
	uint32_t status; /* at the end */
};

#endif
