/*
 * SMTP without I/O: replies come in, each answers one step, and a table says what is done then.
 * What goes before the first mail is in smtplogin.c.
 */
#include <stdlib.h>
#include <string.h>

#include "armor.h"
#include "crypto.h"
#include "log.h"
#include "smtp_int.h"

#define MAX_ADDRESS 254

struct smtp *
smtp_new(const struct smtp_params *p)
{
	struct smtp *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("calloc");
	s->p = *p;
	s->secured = p->secured;
	return s;
}

void
smtp_free(struct smtp *s)
{
	if (s == NULL)
		return;
	buf_wipe(&s->out);
	wipe(s, sizeof(*s));
	free(s);
}

enum smtp_state
smtp_state(const struct smtp *s)
{
	switch (s->step) {
	case ST_CLOSED: return SMTP_CLOSED;
	case ST_HANDSHAKE: return SMTP_HANDSHAKE;
	case ST_IDLE: return SMTP_READY;
	default: return SMTP_BUSY;
	}
}

const struct buf *
smtp_output(const struct smtp *s)
{
	return &s->out;
}

void
smtp_sent(struct smtp *s, size_t n)
{
	s->turn += s->step == ST_TEXT; /* a long text may take its time as long as it goes */
	if (n >= s->out.len) {
		buf_wipe(&s->out);
		return;
	}
	memmove(s->out.p, s->out.p + n, s->out.len - n);
	s->out.len -= n;
}

int
smtp_greeted(const struct smtp *s)
{
	return s->greeted;
}

const char *
smtp_trouble(const struct smtp *s)
{
	return s->trouble;
}

const char *
smtp_words(const struct smtp *s)
{
	return s->words;
}

int
smtp_can_8bit(const struct smtp *s)
{
	return (s->caps & CAP_8BITMIME) != 0;
}

int
smtp_awaits_final(const struct smtp *s)
{
	return s->step == ST_TEXT;
}

unsigned
smtp_turn(const struct smtp *s)
{
	return s->turn;
}

static void
put_line(struct smtp *s, const char *a, const char *b, const char *c)
{
	buf_str(&s->out, a);
	buf_str(&s->out, b);
	buf_str(&s->out, c);
	buf_str(&s->out, "\r\n");
}

void
smtp_command(struct smtp *s, enum step next, const char *a, const char *b, const char *c)
{
	put_line(s, a, b, c);
	s->step = next;
}

void
smtp_close(struct smtp *s)
{
	s->step = ST_CLOSED;
	buf_wipe(&s->out);
}

void
smtp_give_up(struct smtp *s, const char *why)
{
	s->trouble = why;
	s->greeted = 0;
	smtp_close(s);
}

void
smtp_tell(struct smtp *s, enum smtp_result r)
{
	if (s->p.refused != NULL)
		s->p.refused(s->p.arg, r, s->reply.line);
}

/* --- a mail --- */

/*
 * A line that begins with a dot gets a second one (RFC 5321 4.5.2); a line of a dot ends the
 * text.
 */
static void
put_text(struct smtp *s)
{
	const uint8_t *p = s->m.text, *end = p + s->m.len, *nl;

	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl == NULL ? end : nl + 1;
		if (*p == '.')
			buf_u8(&s->out, '.');
		buf_put(&s->out, p, (size_t)(nl - p));
		p = nl;
	}
	if (s->m.len < 2 || memcmp(end - 2, "\r\n", 2) != 0)
		buf_str(&s->out, "\r\n");
	buf_str(&s->out, ".\r\n");
	s->step = ST_TEXT;
}

/* All that was accepted so far has this result. */
static void
settle(struct smtp *s, enum smtp_result r)
{
	for (size_t i = 0; i < s->m.n; i++)
		if (s->taken[i])
			s->result[i] = r;
}

static void
settle_all(struct smtp *s, enum smtp_result r)
{
	for (size_t i = 0; i < s->m.n; i++)
		s->result[i] = r;
}

static enum smtp_result
verdict(int code)
{
	return code / 100 == 2 ? SMTP_DELIVERED : code / 100 == 5 ? SMTP_FAILED : SMTP_LATER;
}

/* RFC 3207 4, RFC 4954 6: it is us who do not do what it wants, and no fault of the mail. */
static int
wants_security(int code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

static void
next_rcpt(struct smtp *s)
{
	if (s->piped)
		s->step = s->i < s->m.n ? ST_RCPT : ST_DATA;
	else if (s->i < s->m.n && !s->refused)
		smtp_command(s, ST_RCPT, "RCPT TO:<", s->m.to[s->i], ">");
	else if (s->accepted > 0)
		smtp_command(s, ST_DATA, "DATA", "", "");
	else
		smtp_command(s, ST_RSET, "RSET", "", "");
}

static void
on_mail(struct smtp *s, int code)
{
	if (code / 100 != 2) {
		if (wants_security(code)) {
			smtp_give_up(s, "it wants TLS or a login first");
			return;
		}
		s->refused = 1;
		settle_all(s, verdict(code));
		smtp_tell(s, verdict(code));
	}
	next_rcpt(s);
}

static void
on_rcpt(struct smtp *s, int code)
{
	/* 552 to RCPT means too many recipients: RFC 5321 4.5.3.1.10 wants it taken as 452. */
	enum smtp_result r = code == 552 ? SMTP_LATER : verdict(code);

	if (s->refused)
		;
	else if (wants_security(code)) {
		smtp_give_up(s, "it wants TLS or a login first");
		return;
	} else if (code / 100 == 2) {
		s->taken[s->i] = 1;
		s->accepted++;
	} else {
		s->result[s->i] = r;
		smtp_tell(s, r);
	}
	s->i++;
	next_rcpt(s);
}

static void
on_data(struct smtp *s, int code)
{
	if (code == 354 && s->accepted > 0) {
		put_text(s);
	} else if (code == 354) { /* RFC 2920 3.1: a mail for nobody is ended at once */
		smtp_command(s, ST_TEXT, ".", "", "");
	} else {
		if (s->accepted > 0) {
			settle(s, code / 100 == 5 ? SMTP_FAILED : SMTP_LATER);
			smtp_tell(s, code / 100 == 5 ? SMTP_FAILED : SMTP_LATER);
		}
		smtp_command(s, ST_RSET, "RSET", "", "");
	}
}

static void
on_text(struct smtp *s, int code)
{
	/* Here 552 is what it says: too big for that mailbox. */
	settle(s, verdict(code));
	if (s->accepted > 0 && code / 100 != 2)
		smtp_tell(s, verdict(code));
	s->step = ST_IDLE;
}

/* --- replies --- */

static void
on_reply(struct smtp *s, int code)
{
	s->turn++;
	if (s->step < ST_IDLE)
		strlcpy(s->words, s->reply.line, sizeof(s->words));
	if (code == 421 && s->step >= ST_IDLE) { /* it is going away, whatever we asked */
		smtp_tell(s, SMTP_LATER);
		smtp_close(s);
		return;
	}
	switch (s->step) {
	case ST_MAIL: on_mail(s, code); break;
	case ST_RCPT: on_rcpt(s, code); break;
	case ST_DATA: on_data(s, code); break;
	case ST_TEXT: on_text(s, code); break;
	case ST_RSET:
		if (code / 100 == 2)
			s->step = ST_IDLE;
		else
			smtp_close(s);
		break;
	case ST_IDLE: /* nothing was asked */
	case ST_HANDSHAKE:
	case ST_QUIT:
	case ST_CLOSED: smtp_close(s); break;
	default: smtplogin_reply(s, code);
	}
}

void
smtp_input(struct smtp *s, const void *p, size_t len)
{
	const char *c = p;

	for (size_t i = 0; i < len && s->step != ST_CLOSED; i++) {
		/* What comes without TLS behind the consent to it was put there by somebody. */
		if (s->step == ST_HANDSHAKE) {
			smtp_give_up(s, "it says something between STARTTLS and TLS");
			return;
		}
		switch (smtpreply_octet(&s->reply, c[i])) {
		case REPLY_BAD:
			if (!s->greeted)
				s->trouble = "it does not speak SMTP";
			smtp_close(s);
			break;
		case REPLY_MORE: break;
		case REPLY_LINE:
		case REPLY_LAST:
			if (s->step == ST_EHLO && s->reply.code == 250 && !s->reply.first)
				smtplogin_capability(s, smtpreply_text(&s->reply));
			if (s->reply.lines == 0)
				on_reply(s, s->reply.code);
		}
	}
}

void
smtp_eof(struct smtp *s)
{
	smtp_close(s);
}

/* --- what the caller begins --- */

/* Printing; nothing that can end the brackets. */
static int
address_plain(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > MAX_ADDRESS || !utf8_valid((const uint8_t *)s, len))
		return 0;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '<' || *s == '>')
			return 0;
	return 1;
}

static int
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7f)
			return 0;
	return 1;
}

static int
needs_utf8(const struct smtp_msg *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (!is_ascii(m->to[i]))
			return 1;
	return !is_ascii(m->from);
}

static int
check_msg(const struct smtp *s, const struct smtp_msg *m, struct errmsg *e)
{
	if (s->step != ST_IDLE || s->busy)
		return err_set(e, "the connection is not ready for a mail");
	if (m->n == 0 || m->n > SMTP_MAX_RCPT)
		return err_set(e, "%zu recipients", m->n);
	if (!address_plain(m->from))
		return err_set(e, "the sender is not a plain address");
	for (size_t i = 0; i < m->n; i++)
		if (!address_plain(m->to[i]))
			return err_set(e, "a recipient is not a plain address");
	return 0;
}

/* What the server has said that it does not take, it need not be asked. */
static int
known_refusal(const struct smtp *s, int utf8)
{
	return (utf8 && !(s->caps & CAP_SMTPUTF8)) ||
	    (s->max_size > 0 && s->m.len > s->max_size);
}

static void
put_mail(struct smtp *s, int utf8)
{
	struct buf tail = { 0 };

	buf_str(&tail, ">");
	if (s->caps & CAP_SIZE)
		buf_printf(&tail, " SIZE=%zu", s->m.len);
	if ((s->m.eightbit || utf8) && (s->caps & CAP_8BITMIME))
		buf_str(&tail, " BODY=8BITMIME");
	if (utf8)
		buf_str(&tail, " SMTPUTF8");
	put_line(s, "MAIL FROM:<", s->m.from, buf_cstr(&tail));
	buf_free(&tail);
}

int
smtp_send(struct smtp *s, const struct smtp_msg *m, struct errmsg *e)
{
	int utf8;

	if (check_msg(s, m, e) == -1)
		return -1;
	s->words[0] = '\0';
	s->m = *m;
	memcpy(s->to, m->to, m->n * sizeof(s->to[0]));
	s->m.to = s->to;
	s->busy = 1;
	s->turn++;
	s->refused = 0;
	s->i = s->accepted = 0;
	memset(s->taken, 0, sizeof(s->taken));
	settle_all(s, SMTP_LATER);
	utf8 = needs_utf8(m);
	if (known_refusal(s, utf8)) {
		settle_all(s, SMTP_FAILED);
		return 0;
	}
	put_mail(s, utf8);
	s->step = ST_MAIL;
	s->piped = (s->caps & CAP_PIPELINING) != 0;
	if (s->piped) {
		for (size_t i = 0; i < m->n; i++)
			put_line(s, "RCPT TO:<", m->to[i], ">");
		put_line(s, "DATA", "", "");
	}
	return 0;
}

int
smtp_mail_over(struct smtp *s, enum smtp_result results[SMTP_MAX_RCPT])
{
	if (!s->busy || (s->step != ST_IDLE && s->step != ST_CLOSED))
		return 0;
	s->busy = 0;
	memset(&s->m, 0, sizeof(s->m));
	memcpy(results, s->result, sizeof(s->result));
	return 1;
}

void
smtp_quit(struct smtp *s)
{
	if (s->step == ST_IDLE)
		smtp_command(s, ST_QUIT, "QUIT", "", "");
	else
		smtp_close(s);
}
