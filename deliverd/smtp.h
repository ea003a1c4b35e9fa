/*
 * The client's side of SMTP (RFC 5321) as a state machine: octets in, octets out, no I/O, no
 * clock. One object is one connection, over which any number of mails go, one after the other.
 */
#ifndef SMTP_H
#define SMTP_H

#include "bytes.h"
#include "mix.h"

/* What became of a recipient. */
enum smtp_result { SMTP_LATER, SMTP_DELIVERED, SMTP_FAILED };

enum smtp_state {
	SMTP_BUSY, /* waits for the server */
	SMTP_READY, /* takes a mail (smtp_mail) or smtp_quit */
	SMTP_CLOSED /* over: close the connection */
};

#define SMTP_MAX_RCPT 8

struct smtp;

/* helo is what EHLO says. The server speaks first. */
struct smtp *smtp_new(const char *helo);
void smtp_free(struct smtp *s);

enum smtp_state smtp_state(const struct smtp *s);
/* Hands in what the server said; answers go to smtp_output. */
void smtp_input(struct smtp *s, const void *p, size_t len);
/* The connection ended or timed out: what has no final answer is SMTP_LATER. */
void smtp_eof(struct smtp *s);
/* What has to be sent; the caller consumes from its front with smtp_sent. */
const struct buf *smtp_output(const struct smtp *s);
void smtp_sent(struct smtp *s, size_t n);

/*
 * Begins a mail; only when SMTP_READY. Addresses without brackets and controls; text is kept by
 * reference until the mail is over, has CRLF line ends, and is dot-stuffed here. -1 with a
 * reason: not begun.
 */
int smtp_mail(struct smtp *s, const char *from, const char *const *to, size_t n, const void *text,
    size_t len, int eightbit, struct errmsg *e);
/* 1 once the mail is over; results by recipient. Asking again gives 0. */
int smtp_mail_over(struct smtp *s, enum smtp_result results[SMTP_MAX_RCPT]);
/* The server ever took us (said 250 to EHLO or HELO). */
int smtp_greeted(const struct smtp *s);
/* The mail's text went out and its answer is due: waiting may take longer (RFC 5321 4.5.3.2.6). */
int smtp_awaits_final(const struct smtp *s);
void smtp_quit(struct smtp *s);

#endif
