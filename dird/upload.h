/*
 * What becomes of a descriptor that a server uploads (dir-spec 3.1, 3.2, 5.2, 7.1): decisions as
 * functions of what is known, and the answers.
 */
#ifndef DIRD_UPLOAD_H
#define DIRD_UPLOAD_H

#include "store.h"

#define UPLOAD_MAX (24 * 1024) /* octets of a descriptor: as much as keyd signs */
#define TOO_FAR	   (30 * 86400) /* valid only later than that: not in a directory (7.3) */

enum upload {
	UP_ACCEPTED,
	UP_KNOWN, /* it is in the directory already */
	UP_WAITING, /* a new identity: the operator is to approve it */
	UP_STILL_WAITING,
	UP_UNREADABLE, /* or forged; the reason follows */
	UP_OVERSIZED,
	UP_NICKNAME_TAKEN,
	UP_RENAMED,
	UP_SUPERSEDED,
	UP_EXPIRED,
	UP_TOO_FAR,
	UP_TOO_MANY,
	UP_REJECTED,
	UP_BANNED,
	UP_FULL,
	UP_MIRROR, /* this server decides nothing */
	UP_FLOOD, /* said by dird-http */
	UP_BUSY, /* the same: dird-core does not answer, or the disk is full */
	UP_COUNT
};

struct upload_policy {
	int approve_new;
	size_t max_servers, max_waiting;
};

/* d has been parsed and verified. */
enum upload upload_decide(const struct store *st, const struct upload_policy *p,
    const struct desc *d, int64_t now);
/* Is the descriptor to be kept? */
int upload_keeps(enum upload u);
/* "Status: 1\nMessage: Accepted.\n"; why (may be NULL) is put behind the message. */
void upload_reply(struct buf *out, enum upload u, const char *why);
/* Its name among the counters. */
const char *upload_name(enum upload u);

#endif
