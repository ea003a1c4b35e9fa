/* Mails in all their forms, taken apart into the texts in which a message may stand. */
#include "mixminion/mailtext.h"
#include "t.h"

static struct buf got;

/* The texts, each ended by a vertical bar. */
static int
collect(const char *text, size_t len, void *arg)
{
	(void)arg;
	buf_put(&got, text, len);
	buf_u8(&got, '|');
	return 0;
}

static const char *
texts(const char *mail)
{
	buf_reset(&got);
	CHECK(mail_texts(mail, strlen(mail), collect, NULL) == 0);
	return buf_cstr(&got);
}

static void
test_plain(void)
{
	CHECK_STR(texts("no mail\nat all\n"), "no mail\nat all\n|");
	CHECK_STR(texts(""), "|");
	CHECK_STR(texts("To: a@b\nSubject: x\n folded\n\nbody\n\nmore\n"), "body\n\nmore\n|");
	CHECK_STR(texts("To: a@b\r\n\r\nbody\r\nmore\r\n"), "body\nmore\n|");
	CHECK_STR(texts("To: a@b\n\nno end"), "no end|");
	CHECK_STR(texts("To: a@b\n"), "|");
	CHECK_STR(texts("a line without a colon\n\nTo: a@b\n"),
	    "a line without a colon\n\nTo: a@b\n|");
}

static void
test_encodings(void)
{
	CHECK_STR(texts("To: a\nContent-Transfer-Encoding: Quoted-Printable\n\n"
			"-----BEGIN=\n =3D=3d X=\r\n Y  \n=4\n=zz=\n"),
	    "-----BEGIN == X Y\n=4\n=zz|");
	CHECK_STR(texts("To: a\nContent-transfer-encoding:base64\n\nLS0tLS1C\nRUdJTg==\n"),
	    "-----BEGIN|");
	CHECK_STR(texts("To: a\nContent-transfer-encoding: BASE64 ; x=y\n\nYQ0KYg0K\n"), "a\nb\n|");
	CHECK_STR(texts("To: a\nContent-transfer-encoding: base64\n\n****\n"), "****\n|");
	CHECK_STR(texts("To: a\nContent-transfer-encoding: 8bit\n\n\xc3\xa4=3D\n"),
	    "\xc3\xa4=3D\n|");
}

static const char multipart[] =
    "From: a@b\nContent-Type: Multipart/Mixed;\n charset=\"x;boundary=no\"; boundary=\"=_x y\"\n\n"
    "preamble\n--=_x y\n\nfirst\n--=_x y \nContent-Type: text/html\n\n<p>second\n"
    "--=_x yz\n--=_x y\nContent-Type: application/octet-stream\n"
    "Content-Transfer-Encoding: base64\n\ndGhpcmQK\n--=_x y--\nepilogue\n";

static void
test_multipart(void)
{
	CHECK_STR(texts(multipart), "first\n|third\n|");
	CHECK_STR(texts("Content-Type: multipart/mixed; boundary=b\n\n--b\nTo: "
	    "x\n\none\n--b\ntwo\n"),
	    "one\n|two\n|"); /* cut short */
	CHECK_STR(texts("Content-Type: multipart/mixed\n\n--b\n\none\n"), "--b\n\none\n|");
	CHECK_STR(texts("Content-Type: multipart/mixed; boundary=b\n\nnone\n"), "");
	CHECK_STR(texts("Content-Type: text/html\n\n<p>\n"), "");
}

static void
test_nested(void)
{
	struct buf deep = { 0 };

	CHECK_STR(texts("Content-Type: multipart/mixed; boundary=a\n\n--a\n"
			"Content-Type: multipart/alternative; boundary=\"b\"\n\n--b\n\none\n--b--\n"
			"--a\nContent-Type: message/rfc822\n\nTo: x\n"
			"Content-Transfer-Encoding: quoted-printable\n\n=74wo\n--a--\n"),
	    "one\n|two\n|");
	for (int i = 0; i < 1000; i++)
		buf_printf(&deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	CHECK_STR(texts(buf_cstr(&deep)), "");
	buf_reset(&deep);
	for (int i = 0; i < 1000; i++)
		buf_str(&deep, "Content-Type: message/rfc822\n\n");
	CHECK_STR(texts(buf_cstr(&deep)), "");
	buf_free(&deep);
}

static int
stop(const char *text, size_t len, void *arg)
{
	(void)text;
	(void)len;
	return --*(int *)arg == 0 ? 7 : 0;
}

static void
test_stop(void)
{
	int n = 1;

	CHECK(mail_texts(multipart, strlen(multipart), stop, &n) == 7 && n == 0);
}

static void
test_fields(void)
{
	static const char mail[] = "Received: by x;\r\n\tMon, 1 Jan "
	    "2024\r\nsubject:y\r\n\r\nTo: z\n";
	struct buf b = { 0 };

	CHECK(mail_field(&b, mail, strlen(mail), "received") == 0);
	CHECK_STR(buf_cstr(&b), " by x;\tMon, 1 Jan 2024");
	CHECK(mail_field(&b, mail, strlen(mail), "Subject") == 0);
	CHECK_STR(buf_cstr(&b), "y");
	CHECK(mail_field(&b, mail, strlen(mail), "To") == -1 && b.len == 0);
	CHECK(mail_field(&b, "x\n", 2, "To") == -1);
	buf_free(&b);
}

/* The mails of an mbox, each ended by a vertical bar. */
static const char *
mails(const char *mbox)
{
	struct buf one = { 0 };
	size_t pos = 0;

	buf_reset(&got);
	while (mbox_next(&one, mbox, strlen(mbox), &pos)) {
		buf_put(&got, one.p, one.len);
		buf_u8(&got, '|');
	}
	buf_free(&one);
	return buf_cstr(&got);
}

static void
test_mbox(void)
{
	CHECK(is_mbox("From a@b Mon\nTo: x\n", 19) && !is_mbox("From a@b\n", 9));
	CHECK(!is_mbox("From: a@b\nTo: x\n", 16) && !is_mbox("", 0));
	CHECK_STR(mails("From a@b Mon\nTo: x\n\none\n\nFrom c@d Tue\nTo: y\n\ntwo\n"),
	    "To: x\n\none\n\n|To: y\n\ntwo\n|");
	/* A text that only looks like the beginning of another. */
	CHECK_STR(mails("From a@b\nTo: x\n\none\nFrom b\nTo: z\n\nFrom here on, it "
	    "is one:\n\nmail\n"),
	    "To: x\n\none\nFrom b\nTo: z\n\nFrom here on, it is one:\n\nmail\n|");
	CHECK_STR(mails("From a@b\nTo: x\n\n>From y\n>>From z\n> From\n>Fromage\n"),
	    "To: x\n\nFrom y\n>From z\n> From\n>Fromage\n|");
	CHECK_STR(mails("From a@b\r\nTo: x\r\n\r\none\r\n\r\nFrom c@d\r\nTo: y\r\n\r\ntwo\r\n"),
	    "To: x\r\n\r\none\r\n\r\n|To: y\r\n\r\ntwo\r\n|");
}

TESTS(T(test_plain), T(test_encodings), T(test_multipart), T(test_nested), T(test_stop),
    T(test_fields), T(test_mbox))
