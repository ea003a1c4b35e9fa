/*
 * Inside the SMTP conversation: smtp.c has the mails, smtplogin.c all that comes before the first.
 */
#ifndef SMTP_INT_H
#define SMTP_INT_H

#include "smtp.h"
#include "smtpreply.h"

/* What the next reply answers. */
enum step {
	ST_GREETING,
	ST_EHLO,
	ST_HELO,
	ST_STARTTLS,
	ST_HANDSHAKE, /* no reply is due */
	ST_LOGIN, /* AUTH LOGIN: it asks for the name */
	ST_LOGIN_NAME, /* ... and for the password */
	ST_AUTH, /* the verdict */
	ST_IDLE,
	ST_MAIL,
	ST_RCPT,
	ST_DATA,
	ST_TEXT,
	ST_RSET,
	ST_QUIT,
	ST_CLOSED
};

enum cap {
	CAP_8BITMIME = 1,
	CAP_PIPELINING = 2,
	CAP_SMTPUTF8 = 4,
	CAP_STARTTLS = 8,
	CAP_AUTH_PLAIN = 16,
	CAP_AUTH_LOGIN = 32,
	CAP_SIZE = 64
};

struct smtp {
	struct smtp_params p;
	enum step step;
	int secured;
	int greeted;
	unsigned caps;
	uint64_t max_size; /* SIZE; 0: it did not say, or takes any */
	const char *trouble;
	char words[512];
	unsigned turn;
	struct buf out;
	struct smtpreply reply;
	/* the mail */
	struct smtp_msg m;
	const char *to[SMTP_MAX_RCPT]; /* what m.to is */
	int busy; /* there is one whose results were not fetched */
	int piped; /* all of the envelope went out at once */
	int refused; /* MAIL was: what is said of the recipients means nothing */
	size_t i; /* the recipient whose answer is due */
	size_t accepted;
	enum smtp_result result[SMTP_MAX_RCPT];
	int taken[SMTP_MAX_RCPT]; /* RCPT was answered with 250 */
};

/* Says a line of three parts and waits for the reply. */
void smtp_command(struct smtp *s, enum step next, const char *a, const char *b, const char *c);
void smtp_close(struct smtp *s);
/* Before a mail could go: over, with a reason. */
void smtp_give_up(struct smtp *s, const char *why);
/* Tells of a reply that is no consent. */
void smtp_tell(struct smtp *s, enum smtp_result r);

/* smtplogin.c: a reply to one of the steps before ST_IDLE; a line of the one to EHLO. */
void smtplogin_reply(struct smtp *s, int code);
void smtplogin_capability(struct smtp *s, const char *line);

#endif
