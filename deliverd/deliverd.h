/*
 * What the files of deliverd share. The way of a packet: intake (deliver/) -> exits (a module of
 * its routing type) -> compose -> queue (deliver/own/) -> smtpout, smtpconn, smtp (the mail
 * server), or runout (a program, by deliverd-run), or fileout (Maildirs, mbox files); fragments
 * wait in fragstore between the first two steps.
 */
#ifndef DELIVERD_H
#define DELIVERD_H

#include "conf.h"
#include "daemon.h"
#include "delivered.h"
#include "lookup.h"
#include "pool.h"

#include "smtp.h"

/*
 * Everything that is taken, dropped or handed over is counted by its reason; names in counters.c.
 */
enum count {
	C_NONE = -1,
	C_PACKETS_RECEIVED,
	C_DELIVERED,
	C_DEFERRED,
	C_FAILED_PERMANENT,
	C_GIVEN_UP,
	C_DROPS_UNKNOWN_TYPE,
	C_DROPS_DISABLED_TYPE,
	C_DROPS_UNKNOWN_MBOX,
	C_DROPS_BAD_ADDRESS,
	C_DROPS_BLOCKED,
	C_DROPS_BAD_PAYLOAD,
	C_DROPS_BAD_RECORD,
	C_DROPS_TOO_BIG,
	C_OVERCOMPRESSED,
	C_FRAGMENTS_RECEIVED,
	C_FRAGMENTS_UNNEEDED,
	C_FRAGMENTS_FINISHED,
	C_FRAGMENTS_CONTRADICTING,
	C_FRAGMENTS_TOO_MANY,
	C_FRAGMENTS_BAD,
	C_FRAGMENTS_NO_ROOM,
	C_FRAGMENTED_COMPLETED,
	C_FRAGMENTED_REJECTED,
	C_FRAGMENTED_EXPIRED,
	C_SERVER_UNREACHABLE,
	C_RUN_UNREACHABLE,
	C_RATE_LIMITED,
	C_COUNT
};

extern struct counter counters[C_COUNT + 1];
void count(enum count c);
void count_n(enum count c, uint64_t n);

/* --- recipients, mails --- */

#define MAX_RECIPIENTS 8   /* E2E-spec 3.3.1 */
#define MAX_MAILBOX    254 /* RFC 5321 4.5.3.1.3: a path is at most 256 octets with its brackets */

struct recipients {
	size_t n;
	char addr[MAX_RECIPIENTS][MAX_MAILBOX + 1];
};

/* In place of a routing type: mail for a Maildir or an mbox file, which is its one recipient. */
#define LANE_FILES 0

/* A mail as it is handed to a mail server, and as it lies in deliver/own/mail. */
struct mail {
	uint16_t rtype; /* of the module that made it: whose server and schedule apply */
	int eightbit; /* the text has octets above 127 */
	/*
	 * For an external module: no mail, but what it gets. Sender and the one recipient are
	 * empty; facts_len octets of text are its environment, "NAME=value" and NUL each.
	 */
	int raw;
	uint32_t facts_len;
	char from[MAX_MAILBOX + 1]; /* envelope sender */
	struct recipients to;
	struct buf text; /* RFC 5322, every line ended by CRLF */
};

void mail_pack(struct buf *out, const struct mail *m);
#define MAIL_HEAD_LEN 8
/* From the first octets alone: type and number of recipients; -1 if this is no mail record. */
int mail_head(const uint8_t head[MAIL_HEAD_LEN], uint16_t *rtype, size_t *nrcpt);
int mail_parse(struct mail *m, const uint8_t *p, size_t len, struct errmsg *e);
void mail_free(struct mail *m); /* wipes */

/* --- compose.c: E2E-spec 3.2.3 --- */

/*
 * Makes m's text, sender and 8-bit mark from a delivery, for the recipients that are set in m
 * already. Draws 16 octets (the Message-ID). -1 if the configured ReturnAddress is not a mailbox.
 */
int compose_mail(struct mail *m, const struct delivery *d, const struct conf_delivery *c,
    int64_t now, const struct rng *rng, struct errmsg *e);
/* The text of m, which has octets above 127, without them: for servers that take no others. */
void compose_7bit(struct buf *out, const struct mail *m);
/* The part behind the '@', or NULL. */
const char *mailbox_domain(const char *mailbox);

/* --- mbox.c: the address file --- */

struct mbox_map;
/* NULL with a reason "FILE:LINE: ..." */
struct mbox_map *mbox_load(const char *path, struct errmsg *e);
struct mbox_map *mbox_parse(const char *name, const char *text, size_t len, struct errmsg *e);
void mbox_free(struct mbox_map *m);
size_t mbox_size(const struct mbox_map *m);
/* The line of the first destination that is a file, 0 if none is. */
unsigned mbox_first_file(const struct mbox_map *m);
/* 1 if it is one: "./NAME" an mbox file, "./NAME/" a Maildir. */
int mbox_is_file(const char *destination);
/* The address of a name, or NULL. */
const char *mbox_find(const struct mbox_map *m, const uint8_t *name, size_t len);
/* C_NONE with the recipient set, or the counter that says why it is dropped. */
enum count mbox_recipients(const struct mbox_map *m, const uint8_t *info, size_t len,
    struct recipients *to);

/* --- smtpexit.c --- */

enum count smtpexit_recipients(const uint8_t *info, size_t len, struct recipients *to);
/* Takes out and counts those that are blocked; C_DROPS_BLOCKED (for one) if nobody is left. */
struct blocklist;
enum count smtpexit_leave_out(struct blocklist *b, struct recipients *to);

/* --- queue.c: mails that wait, each durable before its first attempt --- */

struct mailq;
struct mailq_entry;

/* Directories as pools with 0600 files; crp is where damaged records go. */
struct mailq *mailq_open(int mail_dirfd, int state_dirfd, int crp_dirfd);
void mailq_free(struct mailq *q);
/*
 * Reads what lies there, at start; an attempt that a wrong clock put far ahead comes as long after
 * now as it was to wait. 0 or -1 with errno. The times here are daemon_steady.
 */
int mailq_load(struct mailq *q, int64_t now);
/*
 * Three steps for a mail, so that its source may go between the second and the third: staged
 * under a name that the source determines; durable; released to be tried. Staging a name that is
 * there already is no error and makes nothing.
 */
int mailq_has(struct mailq *q, const char *name);
int mailq_stage(struct mailq *q, const char *name, const struct mail *m);
int mailq_commit(struct mailq *q); /* 0; -1 with errno: nothing staged is left */
void mailq_release(struct mailq *q, int64_t now);
/*
 * Takes the next mail of a routing type that is due, if there is one; what is taken must be given
 * to mailq_done.
 */
/*
 * Asked before a mail is given away: NULL, or the schedule by which it has to wait (as after an
 * attempt that failed).
 */
void mailq_hold(struct mailq *q,
    const struct conf_schedule *(*hold)(void *arg, uint16_t rtype, const struct recipients *to,
	int64_t now), void *arg);
struct mailq_entry *mailq_take(struct mailq *q, uint16_t rtype, int64_t now, struct mail *m);
/*
 * After an attempt: results by recipient. Removes the mail if nobody is left, else it waits as
 * the schedule says or is given up at its end. NULL results: never tried, back into the queue as
 * it was.
 */
void mailq_done(struct mailq *q, struct mailq_entry *e, const enum smtp_result *results,
    const struct conf_schedule *retry, int64_t now);
/* The server cannot be reached: all that is due of this type has had its attempt. */
void mailq_defer_due(struct mailq *q, uint16_t rtype, const struct conf_schedule *retry,
    int64_t now);
/* When the next of this type is due; -1: none waits. */
int64_t mailq_next(const struct mailq *q, uint16_t rtype);
size_t mailq_count(const struct mailq *q, uint16_t rtype);
/* How many are due now; max at most. */
size_t mailq_due(const struct mailq *q, uint16_t rtype, int64_t now, size_t max);

/* --- fragstore.c: FRAGMENT exits, E2E-spec 2.3.3 --- */

struct fragstore;
struct fragstore_limits {
	size_t max_fragments; /* of one message; 0: fragments are not taken */
	size_t max_size; /* octets of the compressed message */
	int64_t max_interval; /* seconds from a message's first fragment */
	size_t max_held; /* fragments on disk; new messages get three quarters of it */
};
/*
 * Called with a message that is whole: 0 if its successor is staged or it was dropped and
 * counted, -1 to try again later. name is the same each time for the same message.
 */
typedef int (*fragstore_deliver)(void *arg, const char *name, uint16_t rt, struct chunk info,
    struct chunk compressed);

struct fragstore *fragstore_open(int dirfd, const struct fragstore_limits *l);
void fragstore_free(struct fragstore *f);
void fragstore_limits(struct fragstore *f, const struct fragstore_limits *l);
/* (Re)builds the state from the directory. 0 or -1 with errno. */
int fragstore_load(struct fragstore *f, int64_t now);
/* One exit payload; counts by itself. Stored only when fragstore_commit has returned 0. */
int fragstore_add(struct fragstore *f, const uint8_t payload[PAYLOAD_LEN], int64_t now);
int fragstore_commit(struct fragstore *f);
/*
 * Hands over what is whole: deliver, then commit (the successors become durable), then the
 * message ids are noted as finished, then the fragments go. Also removes what was rejected. 0;
 * -1: something remains to be done later.
 */
int fragstore_finish(struct fragstore *f, fragstore_deliver deliver, int (*commit)(void *arg),
    void *arg, int64_t now);
/* Drops messages that were not completed in time. */
void fragstore_expire(struct fragstore *f, int64_t now);
size_t fragstore_messages(const struct fragstore *f);
size_t fragstore_fragments(const struct fragstore *f);
/*
 * The limits that a configuration means; what dirsync publishes as Maximum-Fragments is the same
 * number.
 */
void fragstore_conf_limits(struct fragstore_limits *l, const struct server_conf *c);

/* --- exits.c: the modules by routing type --- */

struct exits;
/* mailbox_dirfd: of MailboxDir, -1 if there is none. */
struct exits *exits_new(struct daemon *d, struct lookup *lookup, struct mailq *q,
    int mailbox_dirfd);
/*
 * Address files, servers: at start and again on reload. c is kept by reference. -1 with a reason:
 * the old one stays.
 */
int exits_configure(struct exits *x, const struct server_conf *c, struct errmsg *e);
/*
 * A message for an exit type: composed and staged under name, or dropped and counted: 0. -1 with
 * errno if it could not be staged.
 */
int exits_take(struct exits *x, const char *name, uint16_t rt, struct chunk info,
    const struct delivery *d);
/* An exit packet that is no fragment; the same. ri is the whole routing info. */
int exits_take_packet(struct exits *x, const char *name, uint16_t rt, struct chunk ri,
    const uint8_t payload[PAYLOAD_LEN]);
void exits_kick(struct exits *x); /* tries what is due, sets the timers for the rest */
/* No further mail; loop_stop when those on their way have their answer, or after a while. */
void exits_stop(struct exits *x);
void exits_queue(struct exits *x, struct buf *out);
void exits_free(struct exits *x);

/* --- intake.c: deliver/ --- */

struct intake;
struct intake *intake_new(struct loop *l, int deliver_dirfd, int crp_dirfd, struct mailq *q,
    struct fragstore *f, struct exits *x);
/*
 * Before anything is tried: removes packets whose mail is durable already, and what writers left
 * half done. 0 or -1 with errno.
 */
int intake_recover(struct intake *in);
void intake_start(struct intake *in); /* works from the loop */
void intake_kick(struct intake *in); /* look now, even if the last try failed */
void intake_queue(struct intake *in, struct buf *out);
void intake_free(struct intake *in);

#endif
