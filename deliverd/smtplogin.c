/*
 * SMTP from the greeting to the first mail: EHLO, STARTTLS and EHLO again, AUTH. A server that
 * does not do what the configuration wants is as good as none: no mail is lost by that.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "smtp_int.h"

/* One word of s is w. */
static int
has_word(const char *s, const char *w)
{
	size_t len = strlen(w);

	for (s += strcspn(s, " ="); *s != '\0'; s += strcspn(s, " ")) {
		s += strspn(s, " =");
		if (strncasecmp(s, w, len) == 0 && (s[len] == '\0' || s[len] == ' '))
			return 1;
	}
	return 0;
}

void
smtplogin_capability(struct smtp *s, const char *line)
{
	static const struct {
		const char *word;
		enum cap cap;
	} words[] = {
		{ "8BITMIME", CAP_8BITMIME },
		{ "PIPELINING", CAP_PIPELINING },
		{ "SMTPUTF8", CAP_SMTPUTF8 },
		{ "STARTTLS", CAP_STARTTLS },
		{ "SIZE", CAP_SIZE },
	};
	size_t len = strcspn(line, " =");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && strncasecmp(line, words[i].word, len) == 0)
			s->caps |= words[i].cap;
	if (len == 4 && strncasecmp(line, "SIZE", 4) == 0)
		s->max_size = strtoull(line + len, NULL, 10);
	if (len == 4 && strncasecmp(line, "AUTH", 4) == 0)
		s->caps |= (has_word(line, "PLAIN") ? CAP_AUTH_PLAIN : 0u) |
		    (has_word(line, "LOGIN") ? CAP_AUTH_LOGIN : 0u);
}

/* --- AUTH: only ever under TLS --- */

/* A line of base-64, and nothing of it left behind. */
static void
say_base64(struct smtp *s, enum step next, const char *verb, const void *p, size_t len)
{
	struct buf b = { 0 };

	b64_encode(&b, p, len);
	smtp_command(s, next, verb, buf_cstr(&b), "");
	buf_wipe(&b);
}

static void
auth_plain(struct smtp *s)
{
	struct buf b = { 0 };

	buf_u8(&b, 0);
	buf_str(&b, s->p.user);
	buf_u8(&b, 0);
	buf_str(&b, s->p.password);
	say_base64(s, ST_AUTH, "AUTH PLAIN ", b.p, b.len);
	buf_wipe(&b);
}

static void
ready(struct smtp *s)
{
	s->greeted = 1;
	s->step = ST_IDLE;
}

static void
log_in(struct smtp *s)
{
	if (s->p.user == NULL)
		ready(s);
	else if (!s->secured)
		smtp_give_up(s, "there is no TLS to log in under");
	else if (s->caps & CAP_AUTH_PLAIN)
		auth_plain(s);
	else if (s->caps & CAP_AUTH_LOGIN)
		smtp_command(s, ST_LOGIN, "AUTH LOGIN", "", "");
	else
		smtp_give_up(s, "it offers neither AUTH PLAIN nor AUTH LOGIN");
}

/* --- EHLO --- */

static void
on_hello(struct smtp *s, int code)
{
	if (code / 100 != 2) {
		if (s->step == ST_EHLO && code / 100 == 5)
			smtp_command(s, ST_HELO, "HELO ", s->p.helo, "");
		else
			smtp_give_up(s, "it does not want us");
		return;
	}
	if (s->secured || s->p.starttls == STARTTLS_NEVER)
		log_in(s);
	else if (s->caps & CAP_STARTTLS)
		smtp_command(s, ST_STARTTLS, "STARTTLS", "", "");
	else if (s->p.starttls == STARTTLS_ALWAYS)
		smtp_give_up(s, "it does not offer STARTTLS");
	else
		log_in(s);
}

static void
on_starttls(struct smtp *s, int code)
{
	if (code == 220)
		s->step = ST_HANDSHAKE;
	else if (s->p.starttls == STARTTLS_ALWAYS)
		smtp_give_up(s, "it offers STARTTLS, and refuses it");
	else
		log_in(s);
}

/* RFC 3207 4.2: all that was learnt without TLS is forgotten. */
void
smtp_secured(struct smtp *s)
{
	s->secured = 1;
	s->caps = 0;
	s->max_size = 0;
	memset(&s->reply, 0, sizeof(s->reply));
	s->turn++;
	smtp_command(s, ST_EHLO, "EHLO ", s->p.helo, "");
}

void
smtplogin_reply(struct smtp *s, int code)
{
	switch (s->step) {
	case ST_GREETING:
		if (code == 220)
			smtp_command(s, ST_EHLO, "EHLO ", s->p.helo, "");
		else
			smtp_give_up(s, "it does not want us");
		break;
	case ST_EHLO:
	case ST_HELO: on_hello(s, code); break;
	case ST_STARTTLS: on_starttls(s, code); break;
	case ST_LOGIN:
		if (code == 334)
			say_base64(s, ST_LOGIN_NAME, "", s->p.user, strlen(s->p.user));
		else
			smtp_give_up(s, "it refuses the login");
		break;
	case ST_LOGIN_NAME:
		if (code == 334)
			say_base64(s, ST_AUTH, "", s->p.password, strlen(s->p.password));
		else
			smtp_give_up(s, "it refuses the login");
		break;
	default: /* ST_AUTH */
		if (code == 235)
			ready(s);
		else
			smtp_give_up(s, "it refuses the login");
	}
}
