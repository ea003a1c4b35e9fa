/*
 * Replies of an SMTP server (RFC 5321 4.2), octet by octet and bounded.
 */
#ifndef SMTPREPLY_H
#define SMTPREPLY_H

#include <stddef.h>

#define SMTPREPLY_LINE	2048
#define SMTPREPLY_LINES 128

struct smtpreply {
	char line[SMTPREPLY_LINE]; /* the last one: ended, printing ASCII, without its line end */
	size_t len;
	unsigned lines;
	int first; /* of the reply */
	int code; /* of its first line */
};

enum smtpreply_got {
	REPLY_BAD, /* nothing that a server says */
	REPLY_MORE,
	REPLY_LINE, /* a line, and there are more */
	REPLY_LAST
};

enum smtpreply_got smtpreply_octet(struct smtpreply *r, char c);
/* What stands behind the code of the line. */
const char *smtpreply_text(const struct smtpreply *r);

#endif
