/* The client's side of SMTP against a server that says anything, in pieces. */
#include "../../deliverd/smtp.c"

#include "fuzz.h"

static const char *const to[] = { "a@one.example", "b@two.example", "c@three.example" };
static const char text[] = "Subject: x\r\n\r\n.\r\nQUIT\r\n.";

static const char *const commands[] = { "EHLO exit.example\r\n", "HELO exit.example\r\n",
	"MAIL FROM:<nobody@exit.example>\r\n", "MAIL FROM:<nobody@exit.example> BODY=8BITMIME\r\n",
	"RCPT TO:<a@one.example>\r\n", "RCPT TO:<b@two.example>\r\n",
	"RCPT TO:<c@three.example>\r\n", "DATA\r\n", "RSET\r\n", "QUIT\r\n",
	"Subject: x\r\n\r\n..\r\nQUIT\r\n..\r\n.\r\n" };

/* Whatever a server says, what is said to it is one of our commands, whole. */
static void
drain(struct smtp *s)
{
	const struct buf *out = smtp_output(s);
	int known = out->len == 0;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		known |= out->len == strlen(commands[i]) &&
		    memcmp(out->p, commands[i], out->len) == 0;
	HOLDS(known);
	smtp_sent(s, out->len);
}

static void
over(struct smtp *s, int *under_way, int awaited)
{
	enum smtp_result r[SMTP_MAX_RCPT];

	if (!smtp_mail_over(s, r))
		return;
	HOLDS(*under_way);
	*under_way = 0;
	for (size_t i = 0; i < 3; i++)
		HOLDS(r[i] != SMTP_DELIVERED || awaited);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct smtp *s = smtp_new("exit.example");
	int under_way = 0, awaited = 0;

	for (size_t i = 0; i < len && smtp_state(s) != SMTP_CLOSED; i++) {
		/* By the octet: one line never makes two commands. */
		smtp_input(s, data + i, 1);
		awaited |= smtp_awaits_final(s);
		drain(s);
		over(s, &under_way, awaited);
		if (smtp_state(s) == SMTP_READY) {
			HOLDS(smtp_greeted(s) && !under_way);
			HOLDS(smtp_mail(s, "nobody@exit.example", to, 3, text, strlen(text),
				  (int)i & 1, NULL) == 0);
			under_way = 1;
			awaited = 0;
			drain(s);
		}
	}
	smtp_eof(s);
	over(s, &under_way, awaited);
	HOLDS(!under_way && smtp_state(s) == SMTP_CLOSED);
	smtp_free(s);
	return 0;
}
