/*
 * SMTP without I/O. One command at a time: each state waits for one reply, and a table says what
 * is done with it, so that an extension (STARTTLS, AUTH, PIPELINING) is a state more.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "smtp.h"

#define MAX_REPLY_LINE	2048
#define MAX_REPLY_LINES 128

enum step {
	ST_GREETING,
	ST_EHLO,
	ST_HELO,
	ST_IDLE,
	ST_MAIL,
	ST_RCPT,
	ST_DATA,
	ST_TEXT,
	ST_RSET,
	ST_QUIT,
	ST_CLOSED
};

struct smtp {
	enum step step;
	char *helo;
	int greeted;
	int cap_8bitmime;
	struct buf out;
	/* the reply that is being read */
	char line[MAX_REPLY_LINE];
	size_t linelen;
	unsigned lines;
	int code; /* of its first line */
	/* the mail */
	int busy; /* there is one whose results were not fetched */
	const char *from;
	const char *to[SMTP_MAX_RCPT];
	size_t n;
	size_t i; /* the recipient that was last named */
	size_t accepted;
	enum smtp_result result[SMTP_MAX_RCPT];
	int taken[SMTP_MAX_RCPT]; /* RCPT was answered with 250 */
	const uint8_t *text;
	size_t len;
	int eightbit;
};

struct smtp *
smtp_new(const char *helo)
{
	struct smtp *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("calloc");
	if ((s->helo = strdup(helo)) == NULL)
		fatal("strdup");
	return s;
}

void
smtp_free(struct smtp *s)
{
	if (s == NULL)
		return;
	buf_wipe(&s->out);
	free(s->helo);
	free(s);
}

enum smtp_state
smtp_state(const struct smtp *s)
{
	if (s->step == ST_CLOSED)
		return SMTP_CLOSED;
	return s->step == ST_IDLE ? SMTP_READY : SMTP_BUSY;
}

const struct buf *
smtp_output(const struct smtp *s)
{
	return &s->out;
}

void
smtp_sent(struct smtp *s, size_t n)
{
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

int
smtp_awaits_final(const struct smtp *s)
{
	return s->step == ST_TEXT;
}

static void
command(struct smtp *s, enum step next, const char *verb, const char *arg, const char *tail)
{
	buf_str(&s->out, verb);
	buf_str(&s->out, arg);
	buf_str(&s->out, tail);
	buf_str(&s->out, "\r\n");
	s->step = next;
}

/*
 * A line that begins with a dot gets a second one (RFC 5321 4.5.2); a line of a dot ends the
 * text.
 */
static void
put_text(struct smtp *s)
{
	const uint8_t *p = s->text, *end = s->text + s->len, *nl;

	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl == NULL ? end : nl + 1;
		if (*p == '.')
			buf_u8(&s->out, '.');
		buf_put(&s->out, p, (size_t)(nl - p));
		p = nl;
	}
	if (s->len < 2 || memcmp(end - 2, "\r\n", 2) != 0)
		buf_str(&s->out, "\r\n");
	buf_str(&s->out, ".\r\n");
	s->step = ST_TEXT;
}

/* All recipients that still hope get this result. */
static void
settle(struct smtp *s, enum smtp_result r)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->taken[i])
			s->result[i] = r;
}

static void
close_now(struct smtp *s)
{
	s->step = ST_CLOSED;
	buf_wipe(&s->out);
}

static enum smtp_result
verdict(int code)
{
	if (code / 100 == 2)
		return SMTP_DELIVERED;
	/* 552 to RCPT means too many recipients: RFC 5321 4.5.3.1.10 wants it taken as 452. */
	return code / 100 == 5 && code != 552 ? SMTP_FAILED : SMTP_LATER;
}

static void
next_rcpt(struct smtp *s)
{
	if (s->i < s->n)
		command(s, ST_RCPT, "RCPT TO:<", s->to[s->i], ">");
	else if (s->accepted > 0)
		command(s, ST_DATA, "DATA", "", "");
	else
		command(s, ST_RSET, "RSET", "", "");
}

static void
on_hello(struct smtp *s, int code)
{
	if (code / 100 == 2) {
		s->greeted = 1;
		s->step = ST_IDLE;
	} else if (s->step == ST_EHLO && code / 100 == 5)
		command(s, ST_HELO, "HELO ", s->helo, "");
	else
		close_now(s);
}

static void
on_mail(struct smtp *s, int code)
{
	if (code / 100 == 2) {
		next_rcpt(s);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		s->result[i] = code / 100 == 5 ? SMTP_FAILED : SMTP_LATER;
	command(s, ST_RSET, "RSET", "", "");
}

static void
on_rcpt(struct smtp *s, int code)
{
	if (code / 100 == 2) {
		s->taken[s->i] = 1;
		s->accepted++;
	} else
		s->result[s->i] = verdict(code);
	s->i++;
	next_rcpt(s);
}

static void
on_data(struct smtp *s, int code)
{
	if (code == 354) {
		put_text(s);
		return;
	}
	settle(s, code / 100 == 5 ? SMTP_FAILED : SMTP_LATER);
	command(s, ST_RSET, "RSET", "", "");
}

static void
on_text(struct smtp *s, int code)
{
	/* Here 552 is what it says: too big for that mailbox. */
	settle(s, code / 100 == 2 ? SMTP_DELIVERED : code / 100 == 5 ? SMTP_FAILED : SMTP_LATER);
	s->step = ST_IDLE;
}

static void
on_reply(struct smtp *s, int code)
{
	if (code == 421) { /* it is going away, whatever we asked */
		close_now(s);
		return;
	}
	switch (s->step) {
	case ST_GREETING:
		if (code == 220)
			command(s, ST_EHLO, "EHLO ", s->helo, "");
		else
			close_now(s);
		break;
	case ST_EHLO:
	case ST_HELO: on_hello(s, code); break;
	case ST_MAIL: on_mail(s, code); break;
	case ST_RCPT: on_rcpt(s, code); break;
	case ST_DATA: on_data(s, code); break;
	case ST_TEXT: on_text(s, code); break;
	case ST_RSET:
		if (code / 100 == 2)
			s->step = ST_IDLE;
		else
			close_now(s);
		break;
	case ST_IDLE: /* nothing was asked */
	case ST_QUIT:
	case ST_CLOSED: close_now(s); break;
	}
}

/* A line of EHLO's answer behind the code. */
static void
capability(struct smtp *s, const char *word)
{
	if (strncasecmp(word, "8BITMIME", 8) == 0 && (word[8] == '\0' || word[8] == ' '))
		s->cap_8bitmime = 1;
}

static int
reply_code(const char *line, size_t len)
{
	if (len < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' ||
	    line[2] < '0' || line[2] > '9')
		return -1;
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return -1;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* One line without its end. All lines of a reply bear the same code (RFC 5321 4.2.1). */
static void
on_line(struct smtp *s)
{
	int code = reply_code(s->line, s->linelen), more = s->linelen > 3 && s->line[3] == '-';

	s->line[s->linelen] = '\0';
	if (code == -1 || (s->lines > 0 && code != s->code) || ++s->lines > MAX_REPLY_LINES) {
		close_now(s);
		return;
	}
	if (s->step == ST_EHLO && s->lines > 1 && s->linelen > 4)
		capability(s, s->line + 4);
	s->code = code;
	if (!more) {
		s->lines = 0;
		on_reply(s, code);
	}
}

void
smtp_input(struct smtp *s, const void *p, size_t len)
{
	const char *c = p;

	for (size_t i = 0; i < len && s->step != ST_CLOSED; i++) {
		if (c[i] == '\n') {
			if (s->linelen > 0 && s->line[s->linelen - 1] == '\r')
				s->linelen--;
			on_line(s);
			s->linelen = 0;
		} else if (s->linelen + 1 < sizeof(s->line))
			s->line[s->linelen++] = c[i];
		else
			close_now(s);
	}
}

void
smtp_eof(struct smtp *s)
{
	close_now(s);
}

/* Printing ASCII that cannot end the brackets. */
static int
address_plain(const char *s)
{
	if (*s == '\0' || strlen(s) > 254)
		return 0;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || *s == '<' || *s == '>')
			return 0;
	return 1;
}

int
smtp_mail(struct smtp *s, const char *from, const char *const *to, size_t n, const void *text,
    size_t len, int eightbit, struct errmsg *e)
{
	if (s->step != ST_IDLE || s->busy)
		return err_set(e, "the connection is not ready for a mail");
	if (n == 0 || n > SMTP_MAX_RCPT)
		return err_set(e, "%zu recipients", n);
	if (!address_plain(from))
		return err_set(e, "the sender is not a plain address");
	for (size_t i = 0; i < n; i++) {
		if (!address_plain(to[i]))
			return err_set(e, "a recipient is not a plain address");
		s->to[i] = to[i];
		s->taken[i] = 0;
		s->result[i] = SMTP_LATER;
	}
	s->busy = 1;
	s->from = from;
	s->n = n;
	s->i = s->accepted = 0;
	s->text = text;
	s->len = len;
	s->eightbit = eightbit;
	command(s, ST_MAIL, "MAIL FROM:<", s->from,
	    eightbit && s->cap_8bitmime ? "> BODY=8BITMIME" : ">");
	return 0;
}

int
smtp_mail_over(struct smtp *s, enum smtp_result results[SMTP_MAX_RCPT])
{
	if (!s->busy || (s->step != ST_IDLE && s->step != ST_CLOSED))
		return 0;
	s->busy = 0;
	s->text = NULL;
	memcpy(results, s->result, sizeof(s->result));
	return 1;
}

void
smtp_quit(struct smtp *s)
{
	if (s->step == ST_IDLE)
		command(s, ST_QUIT, "QUIT", "", "");
	else
		close_now(s);
}
