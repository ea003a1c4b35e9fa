/*
 * The client's side of SMTP against a server that says anything, in pieces. The first octet chooses
 * what the client wants: TLS or not, a login or not.
 */
#include "../../deliverd/smtp.c"
#include "../../deliverd/smtplogin.c"
#include "../../deliverd/smtpreply.c"

#include "fuzz.h"

static const char *const to[] = { "a@one.example", "\xc3\xa4@two.example", "c@three.example" };
static const char text[] = "Subject: x\r\n\r\n.\r\nQUIT\r\n.";

static const char *const commands[] = { "EHLO exit.example", "HELO exit.example", "STARTTLS",
	"AUTH PLAIN AHVzZXIAc2VjcmV0", "AUTH LOGIN", "dXNlcg==", "c2VjcmV0",
	"RCPT TO:<a@one.example>", "RCPT TO:<\xc3\xa4@two.example>", "RCPT TO:<c@three.example>",
	"DATA", "RSET", "QUIT", "Subject: x", "", "..", ".", "MAIL FROM:<nobody@exit.example>",
	"MAIL FROM:<nobody@exit.example> BODY=8BITMIME",
	"MAIL FROM:<nobody@exit.example> SMTPUTF8",
	"MAIL FROM:<nobody@exit.example> BODY=8BITMIME SMTPUTF8",
	"MAIL FROM:<nobody@exit.example> SIZE=24", "MAIL FROM:<nobody@exit.example> SIZE=24 "
	"BODY=8BITMIME", "MAIL FROM:<nobody@exit.example> SIZE=24 SMTPUTF8",
	"MAIL FROM:<nobody@exit.example> SIZE=24 BODY=8BITMIME SMTPUTF8" };

static int secret_in_clear;

static int
known_line(const char *p, size_t len, int secured)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i]) == len && memcmp(commands[i], p, len) == 0) {
			secret_in_clear |= !secured && i >= 3 && i <= 6;
			return 1;
		}
	return 0;
}

/* Whatever a server says, what is said to it are our commands, whole. */
static void
drain(struct smtp *s)
{
	const struct buf *out = smtp_output(s);
	const uint8_t *p = out->p, *end, *nl;

	if (out->len == 0)
		return;
	end = p + out->len;
	for (; p < end; p = nl + 2) {
		nl = memmem(p, (size_t)(end - p), "\r\n", 2);
		HOLDS(nl != NULL);
		HOLDS(known_line((const char *)p, (size_t)(nl - p), s->secured));
	}
	HOLDS(!secret_in_clear);
	smtp_sent(s, out->len);
}

static void
over(struct smtp *s, size_t *under_way, int awaited)
{
	enum smtp_result r[SMTP_MAX_RCPT];

	if (!smtp_mail_over(s, r))
		return;
	HOLDS(*under_way > 0);
	for (size_t i = 0; i < *under_way; i++)
		HOLDS(r[i] != SMTP_DELIVERED || awaited);
	*under_way = 0;
}

static void
begin(struct smtp *s, size_t n, int eightbit)
{
	const struct smtp_msg m = { "nobody@exit.example", to, n, text, strlen(text), eightbit };

	HOLDS(smtp_send(s, &m, NULL) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct smtp_params p = { .helo = "exit.example" };
	struct smtp *s;
	size_t under_way = 0; /* recipients */
	int awaited = 0;

	if (len == 0)
		return 0;
	p.starttls = (enum smtp_starttls)(data[0] % 3);
	p.secured = data[0] >> 2 & 1;
	if (data[0] & 8) {
		p.user = "user";
		p.password = "secret";
	}
	s = smtp_new(&p);
	for (size_t i = 1; i < len && smtp_state(s) != SMTP_CLOSED; i++) {
		/* By the octet: one line never makes two steps. */
		smtp_input(s, data + i, 1);
		awaited |= smtp_awaits_final(s);
		drain(s);
		over(s, &under_way, awaited);
		if (smtp_state(s) == SMTP_HANDSHAKE && (i & 1)) {
			smtp_secured(s);
			drain(s);
		} else if (smtp_state(s) == SMTP_READY && !under_way) {
			HOLDS(smtp_greeted(s) && (p.user == NULL || s->secured));
			HOLDS(p.starttls != STARTTLS_ALWAYS || s->secured);
			under_way = i & 2 ? 3 : 1;
			begin(s, under_way, (int)i & 1);
			awaited = 0;
			drain(s);
			over(s, &under_way, 0);
		}
	}
	smtp_eof(s);
	over(s, &under_way, awaited);
	HOLDS(!under_way && smtp_state(s) == SMTP_CLOSED);
	smtp_free(s);
	return 0;
}
