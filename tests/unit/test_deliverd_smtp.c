/* The SMTP state machine: what it says, and what it makes of every answer. */
#include "../../deliverd/deliverd.h"
#include "t.h"

static const char *const two[] = { "a@one.example", "b@two.example" };

/* Feeds a line of the server's and gives what the client says then. */
static const char *
say(struct smtp *s, const char *line)
{
	static char out[8192];
	size_t n;

	smtp_input(s, line, strlen(line));
	n = smtp_output(s)->len;
	if (n >= sizeof(out))
		n = sizeof(out) - 1;
	if (n > 0)
		memcpy(out, smtp_output(s)->p, n);
	out[n] = '\0';
	smtp_sent(s, smtp_output(s)->len);
	return out;
}

static struct smtp *
greeted(void)
{
	struct smtp *s = smtp_new("exit.example");

	CHECK_STR(say(s, "220 hello\r\n"), "EHLO exit.example\r\n");
	CHECK_STR(say(s, "250-hello\r\n250-SIZE 1000\r\n250 8BITMIME\r\n"), "");
	CHECK(smtp_state(s) == SMTP_READY && smtp_greeted(s));
	return s;
}

static void
begin(struct smtp *s, size_t n, const char *text, int eightbit)
{
	CHECK(smtp_mail(s, "nobody@exit.example", two, n, text, strlen(text), eightbit, NULL) == 0);
}

static void
test_delivers(void)
{
	struct smtp *s = greeted();
	enum smtp_result r[SMTP_MAX_RCPT];

	begin(s, 2, "A: b\r\n\r\nhi\r\n", 0);
	CHECK(!smtp_mail_over(s, r));
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example>\r\n");
	CHECK_STR(say(s, "250 ok\r\n"), "RCPT TO:<a@one.example>\r\n");
	CHECK_STR(say(s, "250 ok\r\n"), "RCPT TO:<b@two.example>\r\n");
	CHECK_STR(say(s, "251 will forward\r\n"), "DATA\r\n");
	CHECK_STR(say(s, "354 go\r\n"), "A: b\r\n\r\nhi\r\n.\r\n");
	CHECK(smtp_awaits_final(s) && !smtp_mail_over(s, r));
	CHECK_STR(say(s, "250 stored\r\n"), "");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_DELIVERED && r[1] == SMTP_DELIVERED);
	CHECK(!smtp_mail_over(s, r));
	CHECK(smtp_state(s) == SMTP_READY);
	smtp_quit(s);
	CHECK_STR(say(s, ""), "QUIT\r\n");
	say(s, "221 bye\r\n");
	CHECK(smtp_state(s) == SMTP_CLOSED);
	smtp_free(s);
}

/* No text may end the mail early or begin a command. */
static void
test_dots(void)
{
	struct smtp *s = greeted();

	begin(s, 1, ".\r\n..\r\na.b\r\n.\r\nQUIT", 0);
	say(s, "250 ok\r\n");
	say(s, "250 ok\r\n");
	CHECK_STR(say(s, "354 go\r\n"), "..\r\n...\r\na.b\r\n..\r\nQUIT\r\n.\r\n");
	smtp_free(s);
}

static void
test_8bit(void)
{
	struct smtp *s = greeted();

	begin(s, 1, "x\r\n", 1);
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example> BODY=8BITMIME\r\n");
	smtp_free(s);
	s = smtp_new("x.example");
	say(s, "220 hello\r\n");
	say(s, "250 plain\r\n");
	begin(s, 1, "x\r\n", 1);
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example>\r\n");
	smtp_free(s);
}

/* 4xx is later, 5xx is final, each for its recipient; the accepted one still gets the mail. */
static void
test_by_recipient(void)
{
	struct smtp *s = greeted();
	enum smtp_result r[SMTP_MAX_RCPT];

	begin(s, 2, "x\r\n", 0);
	say(s, "250 ok\r\n");
	CHECK_STR(say(s, "550 no such user\r\n"), "RCPT TO:<b@two.example>\r\n");
	CHECK_STR(say(s, "250 ok\r\n"), "DATA\r\n");
	say(s, "354 go\r\n");
	say(s, "250 ok\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_FAILED && r[1] == SMTP_DELIVERED);
	begin(s, 2, "x\r\n", 0);
	say(s, "250 ok\r\n");
	say(s, "452 too many\r\n");
	CHECK_STR(say(s, "552 too many\r\n"), "RSET\r\n");
	CHECK(!smtp_mail_over(s, r));
	say(s, "250 ok\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_LATER && r[1] == SMTP_LATER);
	CHECK(smtp_state(s) == SMTP_READY);
	smtp_free(s);
}

static void
refusal(const char *mail, const char *data, const char *final, enum smtp_result want)
{
	struct smtp *s = greeted();
	enum smtp_result r[SMTP_MAX_RCPT];

	begin(s, 1, "x\r\n", 0);
	say(s, mail);
	if (data != NULL) {
		say(s, "250 ok\r\n");
		say(s, data);
		if (final != NULL)
			say(s, final);
	}
	if (smtp_state(s) == SMTP_BUSY)
		say(s, "250 reset\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == want);
	smtp_free(s);
}

static void
test_refusals(void)
{
	refusal("450 later\r\n", NULL, NULL, SMTP_LATER);
	refusal("550 never\r\n", NULL, NULL, SMTP_FAILED);
	refusal("250 ok\r\n", "451 later\r\n", NULL, SMTP_LATER);
	refusal("250 ok\r\n", "554 never\r\n", NULL, SMTP_FAILED);
	refusal("250 ok\r\n", "354 go\r\n", "451 later\r\n", SMTP_LATER);
	refusal("250 ok\r\n", "354 go\r\n", "554 spam\r\n", SMTP_FAILED);
	refusal("250 ok\r\n", "354 go\r\n", "552 too big\r\n", SMTP_FAILED);
	refusal("250 ok\r\n", "354 go\r\n", "421 closing\r\n", SMTP_LATER);
}

static void
test_end_of_connection(void)
{
	struct smtp *s = greeted();
	enum smtp_result r[SMTP_MAX_RCPT];

	begin(s, 2, "x\r\n", 0);
	say(s, "250 ok\r\n");
	say(s, "550 no\r\n");
	say(s, "250 ok\r\n");
	say(s, "354 go\r\n");
	smtp_eof(s);
	CHECK(smtp_state(s) == SMTP_CLOSED);
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_FAILED && r[1] == SMTP_LATER);
	smtp_free(s);
}

static void
test_helo(void)
{
	struct smtp *s = smtp_new("exit.example");

	say(s, "220 old\r\n");
	CHECK_STR(say(s, "502 what?\r\n"), "HELO exit.example\r\n");
	CHECK(!smtp_greeted(s));
	say(s, "250 ok\r\n");
	CHECK(smtp_state(s) == SMTP_READY && smtp_greeted(s));
	smtp_free(s);
}

static void
closes(const char *line)
{
	struct smtp *s = smtp_new("exit.example");

	smtp_input(s, line, strlen(line));
	CHECK(smtp_state(s) == SMTP_CLOSED && smtp_output(s)->len == 0 && !smtp_greeted(s));
	smtp_free(s);
}

static void
test_nonsense(void)
{
	char *big = malloc(4001);

	memset(big, '2', 4000);
	big[4000] = '\0';
	closes("HTTP/1.1 400 Bad Request\r\n");
	closes("99\r\n");
	closes("220-a\r\n250 b\r\n");
	closes("554 go away\r\n");
	closes("421 busy\r\n");
	closes("2200 x\r\n");
	closes(big);
	free(big);
}

/* Unasked-for answers are a server that lost its way: nothing is sent on that connection. */
static void
test_unasked(void)
{
	struct smtp *s = greeted();

	CHECK_STR(say(s, "250 what\r\n"), "");
	CHECK(smtp_state(s) == SMTP_CLOSED);
	smtp_free(s);
}

static void
test_bad_addresses(void)
{
	static const char *const bad[] = { "", "a@b>\r\nDATA", "a b@c", "a@b\n", "<a@b", "a@\x80" };
	struct smtp *s = greeted();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(smtp_mail(s, "x@y.example", &bad[i], 1, "x", 1, 0, NULL) == -1);
		CHECK(smtp_mail(s, bad[i], two, 1, "x", 1, 0, NULL) == -1);
	}
	CHECK(smtp_mail(s, "x@y.example", two, 0, "x", 1, 0, NULL) == -1);
	CHECK(smtp_output(s)->len == 0);
	smtp_free(s);
}

TESTS(T(test_delivers), T(test_dots), T(test_8bit), T(test_by_recipient), T(test_refusals),
    T(test_end_of_connection), T(test_helo), T(test_nonsense), T(test_unasked),
    T(test_bad_addresses))
