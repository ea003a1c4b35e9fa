/*
 * Every verb that one process may say to another, and the fixed bodies. Host byte order, same
 * machine; all padding is explicit. The socket on which a verb arrives is the authority.
 */
#ifndef COMMON_PROTO_H
#define COMMON_PROTO_H

#include "mix.h"

/* Names of the role sockets: files NAME.sock in the run directory, LISTEN_FDNAMES under systemd. */
#define SOCK_KEYD_MIXER	  "keyd-mixer"
#define SOCK_KEYD_MMTPD	  "keyd-mmtpd"
#define SOCK_KEYD_DIRSYNC "keyd-dirsync"
#define SOCK_DIRSYNC_MMTPD "dirsync-mmtpd" /* RESOLVE */
#define SOCK_DIRSYNC_DELIVERD "dirsync-deliverd" /* RESOLVE */
#define SOCK_DELIVERD_RUN "deliverd-run" /* RUN, of deliverd alone */
/* Control sockets: PROCESS-control. TCP listeners: "mmtp" (any number of them). */

enum verb {
	/* mixer -> keyd */
	V_DECRYPT = 1, /* some struct decrypt_req -> as many struct decrypt_rep */
	V_COMMIT, /* struct commit_req -> struct status_rep, durable when answered */
	V_WHOAMI, /* empty -> struct whoami_rep; also on the dirsync and mmtpd sockets */
	/* mmtpd -> keyd */
	V_CERTIFY, /* struct certify_req + SubjectPublicKeyInfo DER -> struct certify_rep + chain */
	/* dirsync -> keyd */
	V_KEYSETS, /* empty -> struct keysets_rep + the public keys */
	V_SIGN, /* struct sign_req + unsigned descriptor text -> struct status_rep + signed text */
	/* mmtpd, deliverd -> dirsync */
	V_RESOLVE, /* struct resolve_req -> struct resolve_rep */
	/* mixminiond -> any daemon's control socket */
	V_RELOAD, /* text of the configuration -> struct status_rep + message */
	V_STATS, /* empty -> text "name value\n"... */
	V_QUEUE, /* empty -> text, one line a pool or destination, counts only */
	V_LOGREOPEN, /* empty, with one descriptor -> struct status_rep */
	V_STOP, /* empty -> struct status_rep; the daemon ends in order */
	V_REPUBLISH, /* empty -> struct status_rep + message; to dirsync */
	V_CONFIRM_CLOCK, /* the same; to keyd: the clock is right */
	V_CLEAN, /* the same; what was set aside is wiped */
	V_UNDO, /* the same; the last RELOAD is taken back: not every process took it */
	/* deliverd -> deliverd-run */
	V_RUN, /* struct run_req -> struct status_rep */
	V_RUN_TEXT /* octets -> struct status_rep */
};

enum ipc_status { ST_OK = 0, ST_FAIL = 1, ST_LATER = 2 };

struct status_rep {
	uint32_t status;
};

/*
 * DECRYPT: the RSA block of header 1 and SHA-1 of the other 1792 octets: 276 octets, and a tag
 * that the asker chooses and finds in the answer. One record holds up to DECRYPT_MAX of them (a
 * system call a packet would be felt); answers come in any order and grouping, up to DECRYPT_MAX
 * a record. The header's id means nothing.
 */
#define DECRYPT_MAX 32
struct decrypt_req {
	uint32_t tag;
	uint8_t block[PK_ENC_LEN];
	uint8_t digest[HASH_LEN];
};

/* One failure for every cause (no oracle). cookie names the pending entry for COMMIT. */
struct decrypt_rep {
	uint32_t status; /* ST_OK, ST_FAIL, ST_LATER (ask again: no place or no key now) */
	uint32_t tag; /* of the request */
	uint64_t cookie;
	uint8_t replay[HASH_LEN]; /* the replay digest, from which mixer derives names in mix/ */
	uint8_t plain[PK_MAX_DATA_LEN];
	uint8_t pad2[6];
};

/* COMMIT: up to 128 pending entries of this connection at once. */
#define COMMIT_MAX 128
struct commit_req {
	uint32_t n;
	uint32_t pad;
	uint64_t cookie[COMMIT_MAX];
};

struct whoami_rep {
	uint32_t status;
	char nickname[MAX_NICKNAME + 4];
	uint8_t keyid[HASH_LEN];
};

enum cert_kind { CERT_MODERN = 0, CERT_LEGACY = 1 };
struct certify_req {
	uint32_t kind;
	uint32_t spki_len;
	/* spki_len octets follow */
};
#define CERTIFY_SPKI_MAX 1024
struct certify_rep {
	uint32_t status;
	uint32_t leaf_len; /* DER octets that follow: leaf, then the identity certificate */
	uint32_t ident_len;
	uint32_t pad;
	int64_t not_after; /* when to ask again: before this */
};

#define KEYSETS_MAX 32 /* lifetimes of one day, 17 days ahead and 3 days of overlap */
struct keyset_info {
	uint32_t number; /* key_NNNN */
	uint32_t pubkey_len; /* octets of PKCS#1 DER, in keysets_rep order after the struct */
	/* seconds since 1970, midnights UTC; also without a descriptor */
	int64_t valid_after, valid_until;
	uint32_t has_desc;
	uint32_t pad;
};
struct keysets_rep {
	uint32_t status;
	uint32_t n;
	uint32_t identity_len; /* DER of the identity's public key, first behind the struct */
	uint32_t pad;
	struct keyset_info set[KEYSETS_MAX];
};

/*
 * keyd checks nickname, identity, packet key and dates against the key set, signs, and stores it.
 * A refusal is ST_FAIL and a reason instead of the text; ST_LATER: it could not be stored.
 */
struct sign_req {
	uint32_t number; /* of the key set */
	uint32_t text_len;
	/* text follows */
};
#define SIGN_TEXT_MAX (24 * 1024)

/*
 * RUN: one command, one question at a time on a connection. ST_OK to V_RUN: the text may come, in
 * records of up to IPC_MAX_BODY octets, each answered. The answer to the last one (to V_RUN, where
 * text_len is 0) is what became of it: ST_OK done, ST_FAIL never, ST_LATER another time. Which
 * program that is, and its arguments, only the configuration says.
 */
enum run_what {
	RUN_MBOX, /* SendmailCommand of [Delivery/MBOX] */
	RUN_SMTP, /* and of [Delivery/SMTP] */
	RUN_MIX, /* MixCommand, to take a mail */
	RUN_MIX_SEND, /* MixCommand, to send what it took */
	RUN_MODULE, /* the Module of an exit type */
	RUN_WHAT_COUNT
};
#define RUN_FACTS_MAX 32768
#define RUN_TEXT_MAX  (256 * 1024 * 1024)
struct run_req {
	uint32_t what; /* enum run_what */
	uint32_t rtype; /* of a module, else 0 */
	uint32_t facts_len; /* of the text: "NAME=value" and NUL each, for the environment */
	uint32_t text_len; /* with the facts */
};

struct resolve_req {
	char host[MAX_HOSTNAME + 1];
};
struct resolve_rep {
	uint32_t status; /* ST_OK; ST_LATER for whatever did not work */
	uint32_t n4;
	uint32_t n6;
	uint8_t a4[8][4];
	uint8_t a6[8][16];
};

#endif
