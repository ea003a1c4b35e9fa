/*
 * The client's side of SMTP (RFC 5321) as a state machine: octets in, octets out, no I/O, no
 * clock. One object is one connection, over which any number of mails go, one after the other.
 * Extensions: PIPELINING (RFC 2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), STARTTLS
 * (3207), AUTH PLAIN and LOGIN (4954).
 */
#ifndef SMTP_H
#define SMTP_H

#include "bytes.h"
#include "mix.h"

/* What became of a recipient. */
enum smtp_result { SMTP_LATER, SMTP_DELIVERED, SMTP_FAILED };

enum smtp_state {
	SMTP_BUSY, /* waits for the server */
	SMTP_READY, /* takes a mail (smtp_send) or smtp_quit */
	SMTP_HANDSHAKE, /* TLS begins now; then smtp_secured */
	SMTP_CLOSED /* over: close the connection */
};

#define SMTP_MAX_RCPT 8

struct smtp;

enum smtp_starttls { STARTTLS_NEVER, STARTTLS_IF_OFFERED, STARTTLS_ALWAYS };

/* All strings are kept by reference. */
struct smtp_params {
	const char *helo; /* what EHLO says */
	enum smtp_starttls starttls;
	int secured; /* TLS from the first octet on */
	const char *user, *password; /* NULL: no login; without TLS there is none either */
	/*
	 * Told of every answer that is no consent: r is SMTP_LATER or SMTP_FAILED; line is what the
	 * server said, last line, printing ASCII. It may name a recipient. May be NULL.
	 */
	void (*refused)(void *arg, enum smtp_result r, const char *line);
	void *arg;
};

/* The server speaks first. */
struct smtp *smtp_new(const struct smtp_params *p);
void smtp_free(struct smtp *s); /* wipes */

enum smtp_state smtp_state(const struct smtp *s);
/* Hands in what the server said; answers go to smtp_output. */
void smtp_input(struct smtp *s, const void *p, size_t len);
/* The handshake is done: nothing that was said before it counts. */
void smtp_secured(struct smtp *s);
/* The connection ended or timed out: what has no final answer is SMTP_LATER. */
void smtp_eof(struct smtp *s);
/* What has to be sent; the caller consumes from its front with smtp_sent. */
const struct buf *smtp_output(const struct smtp *s);
void smtp_sent(struct smtp *s, size_t n);

/* When SMTP_READY: what the server said it can do. */
int smtp_can_8bit(const struct smtp *s);

/* Addresses stand without brackets and controls; octets above 127 in them are UTF-8. */
struct smtp_msg {
	const char *from;
	const char *const *to;
	size_t n; /* recipients, up to SMTP_MAX_RCPT */
	const void *text; /* with CRLF line ends, not yet dot-stuffed */
	size_t len;
	int eightbit; /* the text has octets above 127 */
};

/*
 * Begins a mail; only when SMTP_READY. Text and addresses (not the list of them) are kept by
 * reference until the mail is over. -1 with a reason: not begun.
 */
int smtp_send(struct smtp *s, const struct smtp_msg *m, struct errmsg *e);
/* 1 once the mail is over; results by recipient. Asking again gives 0. */
int smtp_mail_over(struct smtp *s, enum smtp_result results[SMTP_MAX_RCPT]);
/* The server took us: it is ready, or was, to take mails. */
int smtp_greeted(const struct smtp *s);
/*
 * Why it did not; NULL if nothing is known. What the server said last before the first mail, as
 * printing ASCII, or "".
 */
const char *smtp_trouble(const struct smtp *s);
const char *smtp_words(const struct smtp *s);
/* The mail's text went out and its answer is due: waiting may take longer (RFC 5321 4.5.3.2.6). */
int smtp_awaits_final(const struct smtp *s);
/* Changes with every answer that is whole and every question: what a time limit is for. */
unsigned smtp_turn(const struct smtp *s);
void smtp_quit(struct smtp *s);

#endif
