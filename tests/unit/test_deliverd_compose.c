/*
 * The mail that is made of a message (E2E-spec 3.2.3), and the recipients of MBOX and SMTP exits.
 */
#include "../../deliverd/deliverd.h"
#include "compress.h"
#include "t.h"

static void
fill_ab(void *ctx, void *p, size_t len)
{
	(void)ctx;
	memset(p, 0xab, len);
}

static const struct rng fixed = { fill_ab, NULL };
static char return_address[] = "nobody@exit.example", tag[] = "[Anon]";
static struct conf_delivery conf;

static void
reset_conf(void)
{
	conf = (struct conf_delivery) { .enabled = 1, .return_address = return_address,
		.allow_from = 1, .from_tag = tag };
}

/* The mail of a plain message with its header block in front. */
static char *
mail_of(const char *msg, size_t len)
{
	static struct mail m;
	struct delivery d;
	struct buf z = { 0 };
	struct errmsg e;
	char *copy;

	memset(&m, 0, sizeof(m));
	m.to.n = 2;
	strlcpy(m.to.addr[0], "a@one.example", sizeof(m.to.addr[0]));
	strlcpy(m.to.addr[1], "b@two.example", sizeof(m.to.addr[1]));
	mix_compress(&z, msg, len);
	delivery_from_compressed(&d, z.p, z.len);
	CHECK(compose_mail(&m, &d, &conf, 1795231569, &fixed, &e) == 0);
	copy = strdup(buf_cstr(&m.text));
	CHECK(strlen(copy) == m.text.len);
	delivery_free(&d);
	mail_free(&m);
	buf_free(&z);
	return copy;
}

static char *
mail_of_text(const char *msg)
{
	return mail_of(msg, strlen(msg));
}

static int
has(const char *mail, const char *what)
{
	return strstr(mail, what) != NULL;
}

/* No bare CR or LF, no line that mail may not have. */
static int
lines_sound(const char *m)
{
	size_t col = 0;

	for (; *m != '\0'; m++) {
		if ((*m == '\r') != (m[1] == '\n' && *m == '\r'))
			return 0;
		if (*m == '\r') {
			m++;
			col = 0;
		} else if (*m == '\n' || ++col > 998)
			return 0;
	}
	return col == 0;
}

static void
test_whole(void)
{
	char *m;

	reset_conf();
	m = mail_of_text("FROM:Lance Cottrell\nSUBJECT:hello\n\nthe body\n");
	CHECK_STR(m,
	    "From: \"[Anon] Lance Cottrell\" <nobody@exit.example>\r\n"
	    "To: a@one.example,\r\n b@two.example\r\n"
	    "Subject: hello\r\n"
	    "Date: Sat, 21 Nov 2026 03:26:09 +0000\r\n"
	    "Message-ID: <abababababababababababababababab@exit.example>\r\n"
	    "X-Anonymous: yes\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "-----BEGIN TYPE III ANONYMOUS MESSAGE-----\r\n"
	    "Message-type: plaintext\r\n"
	    "\r\n"
	    "the body\r\n"
	    "-----END TYPE III ANONYMOUS MESSAGE-----\r\n");
	free(m);
}

static void
test_defaults(void)
{
	char x_abuse[] = "abuse@exit.example", comments[] = "an anonymous\nInjected: yes";
	char message[] = "This message is anonymous, and this line is so long that it has to be "
			 "wrapped somewhere.";
	char *m;

	reset_conf();
	conf.allow_from = 0;
	conf.x_abuse = x_abuse;
	conf.comments = comments;
	conf.message = message;
	m = mail_of_text("FROM:Somebody\n\nbody\n");
	CHECK(has(m, "From: nobody@exit.example\r\n"));
	CHECK(!has(m, "Somebody"));
	CHECK(has(m, "Subject: Type III Anonymous Message\r\n"));
	CHECK(has(m, "X-Abuse: abuse@exit.example\r\n"));
	CHECK(has(m, "Comments: an anonymous?Injected: yes\r\n"));
	CHECK(has(m,
	    "\r\n\r\nThis message is anonymous, and this line is so long that it has to be\r\n"
	    "wrapped somewhere.\r\n\r\n-----BEGIN TYPE"));
	free(m);
}

/* A quote or backslash in a name must not end the quoted string. */
static void
test_from(void)
{
	char odd_tag[] = "[\"x\\]";
	char *m;

	reset_conf();
	m = mail_of_text("FROM:  A   B\\\n\nbody\n");
	CHECK(has(m, "From: \"[Anon] A B\\\\\" <nobody@exit.example>\r\n"));
	free(m);
	conf.from_tag = odd_tag;
	m = mail_of_text("FROM:A\n\nbody\n");
	CHECK(has(m, "From: \"[\\\"x\\\\] A\" <nobody@exit.example>\r\n"));
	free(m);
	conf.from_tag = NULL;
	m = mail_of_text("FROM:A\n\nbody\n");
	CHECK(has(m, "From: \"A\" <nobody@exit.example>\r\n"));
	free(m);
}

static void
test_ids(void)
{
	char *m;

	reset_conf();
	m = mail_of_text("IN-REPLY-TO:<a.b@c.example>\nREFERENCES:<1@x> <2@y>\n\nbody\n");
	CHECK(has(m, "In-Reply-To: <a.b@c.example>\r\n"));
	CHECK(has(m, "References: <1@x> <2@y>\r\n"));
	free(m);
	m = mail_of_text("IN-REPLY-TO:a@b, <c@d>\nREFERENCES:<1@x> <<2@y>\n\nbody\n");
	CHECK(!has(m, "In-Reply-To:") && !has(m, "References:"));
	free(m);
	m = mail_of_text("IN-REPLY-TO:<a@b> <c@d>\n\nbody\n");
	CHECK(!has(m, "In-Reply-To:"));
	free(m);
}

/*
 * Nothing that a sender writes begins a header: the header part has the same names whatever the
 * message.
 */
static void
test_injection(void)
{
	static const char *const msgs[] = { "SUBJECT:a\rBcc: x@y\n\nb\n",
		"SUBJECT:a\nBcc: x@y\n\nb\n", "SUBJECT:a\n\rBcc: x@y\n\nb\n",
		"FROM:a\" <x@y>\n\nb\n", "FROM:a\\\n\nb\n", "Bcc: x@y\n\nSUBJECT:x\n\n" };
	char *m, *end;

	reset_conf();
	for (size_t i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++) {
		m = mail_of_text(msgs[i]);
		CHECK(lines_sound(m));
		end = strstr(m, "\r\n\r\n");
		CHECK(end != NULL);
		*end = '\0';
		CHECK(!has(m, "\r\nBcc") && !has(m, "\r\n\rBcc") && !has(m, "<x@y>"));
		free(m);
	}
}

static void
test_folding(void)
{
	struct buf msg = { 0 };
	char *m, *s;

	reset_conf();
	buf_str(&msg, "SUBJECT:");
	for (int i = 0; i < 60; i++)
		buf_printf(&msg, "word%02d ", i);
	buf_str(&msg, "\n\nbody\n");
	m = mail_of((const char *)msg.p, msg.len);
	s = strstr(m, "Subject: word00");
	CHECK(s != NULL && (size_t)(strstr(s, "\r\n") - s) <= 78);
	CHECK(strncmp(strstr(s, "\r\n"), "\r\n word", 7) == 0);
	CHECK(lines_sound(m) && has(m, "word59\r\nDate:"));
	buf_free(&msg);
	free(m);
}

/*
 * UTF-8 as 8-bit text, other octets as base-64 armor, long lines as quoted-printable, every line
 * end as CRLF.
 */
static void
test_bodies(void)
{
	struct buf msg = { 0 };
	char *m;

	reset_conf();
	m = mail_of_text("\ngr\xc3\xbc\xc3\x9f" "e\n-- dash\n.dot\r\nbare\rend");
	CHECK(has(m, "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"));
	CHECK(has(m, "\r\n\r\ngr\xc3\xbc\xc3\x9f"
		     "e\r\n- -- dash\r\n.dot\r\nbare\r\nend\r\n-----END"));
	CHECK(lines_sound(m));
	free(m);
	m = mail_of("\n\x01\x02", 3);
	CHECK(has(m, "charset=us-ascii\r\n") && has(m, "Message-type: binary\r\n\r\nAQI=\r\n"));
	free(m);
	buf_str(&msg, "\n");
	for (int i = 0; i < 500; i++)
		buf_str(&msg, "x=\xc3\xa9");
	buf_str(&msg, " \n");
	m = mail_of((const char *)msg.p, msg.len);
	CHECK(has(m, "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"));
	CHECK(has(m, "x=3D=C3=A9") && has(m, "=20\r\n") && lines_sound(m));
	buf_free(&msg);
	free(m);
}

/* What the operator writes may be UTF-8: as encoded words that hold whole characters. */
static void
test_encoded_words(void)
{
	char x_abuse[] = "Gr\xc3\xbc\xc3\x9f" "e", comments[400] = "", utf8_tag[] = "[\xc3\xa4]";
	char *m;

	reset_conf();
	for (int i = 0; i < 90; i++)
		strlcat(comments, "\xe2\x82\xac", sizeof(comments));
	conf.x_abuse = x_abuse;
	conf.comments = comments;
	conf.from_tag = utf8_tag;
	m = mail_of_text("FROM:A \\B\n\nbody\n");
	CHECK(has(m, "X-Abuse: =?utf-8?B?R3LDvMOfZQ==?=\r\n"));
	CHECK(has(m, "Comments: =?utf-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs"
		     "?=\r\n =?utf-8"));
	CHECK(has(m, "From: =?utf-8?B?W8OkXQ==?= \"A \\\\B\" <nobody@exit.example>\r\n"));
	CHECK(lines_sound(m));
	free(m);
}

/* A name that no line could hold is cut. */
static void
test_long_name(void)
{
	struct buf msg = { 0 };
	char *m;

	reset_conf();
	buf_str(&msg, "FROM:");
	for (int i = 0; i < 890; i++)
		buf_u8(&msg, '\\');
	buf_str(&msg, "\n\nbody\n");
	m = mail_of((const char *)msg.p, msg.len);
	CHECK(lines_sound(m) && has(m, "\\\\\"\r\n <nobody@exit.example>\r\n"));
	buf_free(&msg);
	free(m);
}

/* For a server without 8BITMIME: the same text in ASCII, the same headers but one. */
static void
test_7bit(void)
{
	struct mail m = { .to = { .n = 1, .addr = { "a@b.example" } } };
	struct delivery d;
	struct buf z = { 0 }, out = { 0 };
	static const char text[] = "SUBJECT:x\n\ngr\xc3\xbc\xc3\x9f" "e =\n.\n";

	reset_conf();
	mix_compress(&z, text, sizeof(text) - 1);
	delivery_from_compressed(&d, z.p, z.len);
	CHECK(compose_mail(&m, &d, &conf, 0, &fixed, NULL) == 0 && m.eightbit);
	compose_7bit(&out, &m);
	CHECK(has(buf_cstr(&out), "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
	CHECK(!has(buf_cstr(&out), "8bit") && has(buf_cstr(&out), "gr=C3=BC=C3=9Fe =3D\r\n.\r\n"));
	CHECK(lines_sound(buf_cstr(&out)) && strncmp(buf_cstr(&out), buf_cstr(&m.text), 200) == 0);
	for (size_t i = 0; i < out.len; i++)
		CHECK(out.p[i] < 0x80);
	buf_free(&z);
	buf_free(&out);
	delivery_free(&d);
	mail_free(&m);
}

/* What is not UTF-8 is not called so. */
static void
test_charset(void)
{
	char *m;

	reset_conf();
	m = mail_of_text("\nl\xe4tin\n");
	CHECK(has(m, "charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n"));
	free(m);
}

static void
test_other_types(void)
{
	struct mail m = { .to = { .n = 1, .addr = { "a@b.example" } } };
	struct delivery d;
	uint8_t payload[PAYLOAD_LEN], handle[TAG_LEN];

	reset_conf();
	memset(payload, 7, sizeof(payload));
	memset(handle, 9, sizeof(handle));
	delivery_from_payload(&d, payload, handle);
	CHECK(compose_mail(&m, &d, &conf, 0, &fixed, NULL) == 0);
	CHECK(has(buf_cstr(&m.text), "Message-type: encrypted\r\nDecoding-handle: "));
	CHECK(lines_sound(buf_cstr(&m.text)) && !m.eightbit);
	delivery_free(&d);
	mail_free(&m);
}

static void
test_recipients(void)
{
	struct recipients to;
	char long_one[300], many[200] = "";
	size_t len = 0;

	CHECK(smtpexit_recipients((const uint8_t *)"a@b.example", 11, &to) == C_NONE);
	CHECK(to.n == 1 && strcmp(to.addr[0], "a@b.example") == 0);
	CHECK(smtpexit_recipients((const uint8_t *)"a@b.example\0c@d.example", 23, &to) == C_NONE);
	CHECK(to.n == 2 && strcmp(to.addr[1], "c@d.example") == 0);
	CHECK(smtpexit_recipients((const uint8_t *)"", 0, &to) == C_DROPS_BAD_ADDRESS);
	CHECK(
	    smtpexit_recipients((const uint8_t *)"a@b.example\0", 12, &to) == C_DROPS_BAD_ADDRESS);
	CHECK(smtpexit_recipients((const uint8_t *)"a@b\r\n.example", 13, &to) ==
	    C_DROPS_BAD_ADDRESS);
	memset(long_one, 'a', sizeof(long_one));
	memcpy(long_one + 290, "@b.example", 10);
	CHECK(smtpexit_recipients((const uint8_t *)long_one, 300, &to) == C_DROPS_BAD_ADDRESS);
	for (int i = 0; i < 9; i++) {
		memcpy(many + len, "a@b.c", 6);
		len += 6;
	}
	CHECK(smtpexit_recipients((const uint8_t *)many, 8 * 6 - 1, &to) == C_NONE && to.n == 8);
	CHECK(smtpexit_recipients((const uint8_t *)many, 9 * 6 - 1, &to) == C_DROPS_BAD_ADDRESS);
}

static struct mbox_map *
map_of(const char *text, struct errmsg *e)
{
	return mbox_parse("addresses", text, strlen(text), e);
}

static void
test_address_file(void)
{
	static const char good[] = "# people\n\n bob: bob@home.example\nal=al@home.example # al\n"
				   "x : x@home.example\r\n";
	struct mbox_map *m;
	struct recipients to;
	struct errmsg e;

	m = map_of(good, &e);
	CHECK(m != NULL && mbox_size(m) == 3);
	CHECK_STR(mbox_find(m, (const uint8_t *)"bob", 3), "bob@home.example");
	CHECK_STR(mbox_find(m, (const uint8_t *)"al", 2), "al@home.example");
	CHECK_STR(mbox_find(m, (const uint8_t *)"x", 1), "x@home.example");
	CHECK(mbox_find(m, (const uint8_t *)"Bob", 3) == NULL);
	CHECK(mbox_find(m, (const uint8_t *)"bob\0", 4) == NULL);
	CHECK(mbox_recipients(m, (const uint8_t *)"carol", 5, &to) == C_DROPS_UNKNOWN_MBOX);
	CHECK(mbox_recipients(m, (const uint8_t *)"", 0, &to) == C_DROPS_UNKNOWN_MBOX);
	CHECK(mbox_recipients(m, (const uint8_t *)"bob", 3, &to) == C_NONE && to.n == 1);
	mbox_free(m);
	CHECK(map_of("a: a@b.example\nb c@d\n", &e) == NULL);
	CHECK_STR(e.s, "addresses:2: expected \"name: address\"");
	CHECK(map_of("a: nowhere\n", &e) == NULL);
	CHECK_STR(e.s, "addresses:1: that is not a mail address: \"nowhere\"");
	CHECK(map_of("a: a@b.example\nb: b@b.example\na: c@b.example", &e) == NULL);
	CHECK_STR(e.s, "addresses:3: \"a\" stands in line 1 already");
	m = map_of("", &e);
	CHECK(m != NULL && mbox_find(m, (const uint8_t *)"a", 1) == NULL);
	mbox_free(m);
	CHECK(mbox_load("/nonexistent/file", &e) == NULL);
	CHECK_STR(e.s, "/nonexistent/file: No such file or directory");
}

TESTS(T(test_whole), T(test_defaults), T(test_from), T(test_ids), T(test_injection),
    T(test_folding), T(test_bodies), T(test_other_types), T(test_encoded_words),
    T(test_long_name), T(test_7bit), T(test_charset), T(test_recipients), T(test_address_file))
