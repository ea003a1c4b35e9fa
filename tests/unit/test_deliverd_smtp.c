/* The SMTP state machine: what it says, and what it makes of every answer. */
#include "../../deliverd/deliverd.h"
#include "t.h"

static const char *const two[] = { "a@one.example", "b@two.example" };
static const struct smtp_params plain = { .helo = "exit.example" };

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
	struct smtp *s = smtp_new(&plain);

	CHECK_STR(say(s, "220 hello\r\n"), "EHLO exit.example\r\n");
	CHECK_STR(say(s, "250-hello\r\n250 8BITMIME\r\n"), "");
	CHECK(smtp_state(s) == SMTP_READY && smtp_greeted(s));
	return s;
}

static void
begin(struct smtp *s, size_t n, const char *text, int eightbit)
{
	const char *list[2] = { two[0], two[1] };
	const struct smtp_msg m = { "nobody@exit.example", list, n, text, strlen(text), eightbit };

	CHECK(smtp_send(s, &m, NULL) == 0);
	list[0] = list[1] = NULL;
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
	s = smtp_new(&plain);
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
	struct smtp *s = smtp_new(&plain);

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
	struct smtp *s = smtp_new(&plain);

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
		struct smtp_msg m = { "x@y.example", &bad[i], 1, "x", 1, 0 };
		CHECK(smtp_send(s, &m, NULL) == -1);
		m.from = bad[i];
		m.to = two;
		CHECK(smtp_send(s, &m, NULL) == -1);
	}
	CHECK(smtp_send(s, &(struct smtp_msg){ "x@y.example", two, 0, "x", 1, 0 }, NULL) == -1);
	CHECK(smtp_output(s)->len == 0);
	smtp_free(s);
}


/* --- extensions --- */

/* A server that has said hello with these lines. */
static struct smtp *
server_with(const struct smtp_params *p, const char *caps)
{
	struct smtp *s = smtp_new(p);
	char hello[512];

	say(s, "220 hello\r\n");
	snprintf(hello, sizeof(hello), "250-PIPELINING is no word here\r\n%s", caps);
	say(s, hello);
	return s;
}

static void
test_size(void)
{
	struct smtp *s = server_with(&plain, "250 SIZE 20\r\n");
	enum smtp_result r[SMTP_MAX_RCPT];

	begin(s, 1, "012345678901234567\r\n", 0);
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example> SIZE=20\r\n");
	say(s, "250 ok\r\n");
	say(s, "250 ok\r\n");
	say(s, "354 go\r\n");
	say(s, "250 ok\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_DELIVERED);
	begin(s, 2, "0123456789012345678\r\n", 0);
	CHECK(smtp_output(s)->len == 0 && smtp_state(s) == SMTP_READY);
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_FAILED && r[1] == SMTP_FAILED);
	smtp_free(s);
	s = server_with(&plain, "250 SIZE\r\n");
	begin(s, 1, "x\r\n", 0);
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example> SIZE=3\r\n");
	smtp_free(s);
}

static void
test_utf8(void)
{
	static const char *const to[] = { "gr\xc3\xa4" "fin@one.example" };
	const struct smtp_msg m = { "nobody@exit.example", to, 1, "x\r\n", 3, 0 };
	struct smtp *s = server_with(&plain, "250-SMTPUTF8\r\n250 8BITMIME\r\n");
	enum smtp_result r[SMTP_MAX_RCPT];

	CHECK(smtp_send(s, &m, NULL) == 0);
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example> BODY=8BITMIME SMTPUTF8\r\n");
	CHECK_STR(say(s, "250 ok\r\n"), "RCPT TO:<gr\xc3\xa4" "fin@one.example>\r\n");
	smtp_free(s);
	s = server_with(&plain, "250 8BITMIME\r\n");
	CHECK(smtp_send(s, &m, NULL) == 0 && smtp_output(s)->len == 0);
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_FAILED);
	smtp_free(s);
}

#define PIPED                                                                                      \
	"MAIL FROM:<nobody@exit.example>\r\nRCPT TO:<a@one.example>\r\n"                           \
	"RCPT TO:<b@two.example>\r\nDATA\r\n"

/* The whole envelope in one go; the answers one by one, or all at once. */
static void
test_pipelining(void)
{
	struct smtp *s = server_with(&plain, "250 PIPELINING\r\n");
	enum smtp_result r[SMTP_MAX_RCPT];

	begin(s, 2, "x\r\n", 0);
	CHECK_STR(say(s, ""), PIPED);
	CHECK_STR(say(s, "250 ok\r\n250 ok\r\n451 4.7.1 gr"), "");
	CHECK_STR(say(s, "ey\r\n354 go\r\n"), "x\r\n.\r\n");
	say(s, "250 ok\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_DELIVERED && r[1] == SMTP_LATER);
	/* All are refused, and the server takes the text all the same (RFC 2920 3.1). */
	begin(s, 2, "x\r\n", 0);
	CHECK_STR(say(s, ""), PIPED);
	CHECK_STR(say(s, "250 ok\r\n550 no\r\n450 later\r\n354 go\r\n"), ".\r\n");
	CHECK_STR(say(s, "250 taken, for nobody\r\n"), "");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_FAILED && r[1] == SMTP_LATER);
	/* MAIL is refused: what is said of the rest means nothing. */
	begin(s, 2, "x\r\n", 0);
	CHECK_STR(say(s, ""), PIPED);
	CHECK_STR(say(s, "451 later\r\n250 ok\r\n503 what\r\n503 what\r\n"), "RSET\r\n");
	say(s, "250 ok\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_LATER && r[1] == SMTP_LATER);
	begin(s, 1, "x\r\n", 0);
	say(s, "");
	CHECK_STR(say(s, "550 never\r\n250 ok\r\n354 go\r\n"), ".\r\n");
	say(s, "250 ok\r\n");
	CHECK(smtp_mail_over(s, r) && r[0] == SMTP_FAILED && smtp_state(s) == SMTP_READY);
	smtp_free(s);
}

static void
test_starttls(void)
{
	const struct smtp_params always = { .helo = "exit.example", .starttls = STARTTLS_ALWAYS };
	const struct smtp_params maybe = { .helo = "exit.example",
		.starttls = STARTTLS_IF_OFFERED };
	struct smtp *s = smtp_new(&always);

	say(s, "220 hello\r\n");
	CHECK_STR(say(s, "250-hello\r\n250-PIPELINING\r\n250-SIZE 1\r\n250 StartTLS\r\n"),
	    "STARTTLS\r\n");
	CHECK_STR(say(s, "220 go ahead\r\n"), "");
	CHECK(smtp_state(s) == SMTP_HANDSHAKE && !smtp_greeted(s));
	smtp_secured(s);
	CHECK_STR(say(s, ""), "EHLO exit.example\r\n");
	/* What it said before means nothing now; STARTTLS is not asked for again. */
	CHECK_STR(say(s, "250-hello\r\n250 STARTTLS\r\n"), "");
	CHECK(smtp_state(s) == SMTP_READY);
	begin(s, 1, "x\r\n", 0);
	CHECK_STR(say(s, ""), "MAIL FROM:<nobody@exit.example>\r\n");
	smtp_free(s);
	/* Somebody in between answers for the server. */
	s = server_with(&always, "250 STARTTLS\r\n");
	say(s, "220 go ahead\r\n250 hello\r\n");
	CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
	CHECK(strstr(smtp_trouble(s), "between STARTTLS and TLS") != NULL);
	smtp_free(s);
	s = server_with(&always, "250 8BITMIME\r\n");
	CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
	CHECK_STR(smtp_trouble(s), "it does not offer STARTTLS");
	smtp_free(s);
	s = server_with(&always, "250 STARTTLS\r\n");
	say(s, "454 not now\r\n");
	CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
	CHECK_STR(smtp_words(s), "454 not now");
	smtp_free(s);
	s = server_with(&maybe, "250 8BITMIME\r\n");
	CHECK(smtp_state(s) == SMTP_READY);
	smtp_free(s);
	s = server_with(&maybe, "250 STARTTLS\r\n");
	say(s, "454 not now\r\n");
	CHECK(smtp_state(s) == SMTP_READY);
	smtp_free(s);
}

static void
test_login(void)
{
	const struct smtp_params p = { .helo = "exit.example", .secured = 1, .user = "tim",
		.password = "tanstaaf" "tanstaaf" };
	struct smtp *s = smtp_new(&p);

	say(s, "220 hello\r\n");
	CHECK_STR(say(s, "250-hello\r\n250 AUTH LOGIN PLAIN\r\n"),
	    "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n");
	CHECK(!smtp_greeted(s));
	say(s, "235 welcome\r\n");
	CHECK(smtp_state(s) == SMTP_READY && smtp_greeted(s));
	smtp_free(s);
	s = smtp_new(&p);
	say(s, "220 hello\r\n");
	CHECK_STR(say(s, "250-hello\r\n250-AUTH=PLAINER\r\n250 AUTH CRAM-MD5 login\r\n"),
	    "AUTH LOGIN\r\n");
	CHECK_STR(say(s, "334 VXNlcm5hbWU6\r\n"), "dGlt\r\n");
	CHECK_STR(say(s, "334 UGFzc3dvcmQ6\r\n"), "dGFuc3RhYWZ0YW5zdGFhZg==\r\n");
	say(s, "535 5.7.8 wrong\r\n");
	CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
	CHECK_STR(smtp_trouble(s), "it refuses the login");
	CHECK_STR(smtp_words(s), "535 5.7.8 wrong");
	smtp_free(s);
	s = server_with(&p, "250 AUTH CRAM-MD5\r\n");
	CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
	smtp_free(s);
}

/* Never in the clear, whatever the parameters. */
static void
test_no_login_without_tls(void)
{
	const struct smtp_params p = { .helo = "exit.example", .user = "tim", .password = "secret",
		.starttls = STARTTLS_IF_OFFERED };
	struct smtp *s = smtp_new(&p);

	say(s, "220 hello\r\n");
	CHECK_STR(say(s, "250-hello\r\n250 AUTH PLAIN LOGIN\r\n"), "");
	CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
	smtp_free(s);
}

/* A server that wants what the configuration does not give is no reason to lose a mail. */
static void
test_wants_security(void)
{
	static const char *const codes[] = { "530 5.7.0 STARTTLS first\r\n", "530 log in\r\n",
		"534 x\r\n", "535 x\r\n", "538 x\r\n" };
	enum smtp_result r[SMTP_MAX_RCPT];

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct smtp *s = greeted();
		begin(s, 1, "x\r\n", 0);
		if (i & 1)
			say(s, "250 ok\r\n");
		say(s, codes[i]);
		CHECK(smtp_state(s) == SMTP_CLOSED && !smtp_greeted(s));
		CHECK(smtp_mail_over(s, r) && r[0] == SMTP_LATER);
		CHECK_STR(smtp_words(s), "");
		smtp_free(s);
	}
}

static char told[256];

static void
on_refused(void *arg, enum smtp_result r, const char *line)
{
	CHECK(arg == told);
	snprintf(told, sizeof(told), "%d %s", (int)r, line);
}

static void
test_told(void)
{
	const struct smtp_params p = { .helo = "exit.example", .refused = on_refused, .arg = told };
	struct smtp *s = server_with(&p, "250 8BITMIME\r\n");

	begin(s, 1, "x\r\n", 0);
	say(s, "250 ok\r\n");
	say(s, "550-first\r\n550 5.1.1 \x1b[2Jwho?\x80\r\n");
	CHECK_STR(told, "2 550 5.1.1 ?[2Jwho??");
	smtp_free(s);
}

/* Time is given by the question, not by the octet. */
static void
test_turn(void)
{
	struct smtp *s = greeted();
	unsigned turn = smtp_turn(s);

	begin(s, 1, "x\r\n", 0);
	CHECK(smtp_turn(s) != turn);
	turn = smtp_turn(s);
	say(s, "250-a\r\n250-b\r\n250 ");
	CHECK(smtp_turn(s) == turn);
	say(s, "c\r\n");
	CHECK(smtp_turn(s) != turn);
	smtp_free(s);
}

TESTS(T(test_delivers), T(test_dots), T(test_8bit), T(test_by_recipient), T(test_refusals),
    T(test_end_of_connection), T(test_helo), T(test_nonsense), T(test_unasked),
    T(test_bad_addresses), T(test_size), T(test_utf8), T(test_pipelining), T(test_starttls),
    T(test_login), T(test_no_login_without_tls), T(test_wants_security), T(test_told),
    T(test_turn))
