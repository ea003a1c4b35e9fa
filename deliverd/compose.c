/*
 * The mail that an exit makes of a message: E2E-spec 3.2.3. Whatever comes from the sender passes
 * through put_header or put_body; neither lets a line end or a control character through that
 * would begin another header.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deliverd.h"
#include "routing.h"

#define FOLD_AT	   76 /* RFC 5322 2.1.1: lines of 78 at most, where possible */
#define WRAP_AT	   70 /* the configured Message */
#define LINE_LIMIT 998
#define ENCODING   "Content-Transfer-Encoding: " /* the last header */
#define MAX_FROM   256 /* of the name; each octet may become two */
#define ENCODED_AT 33 /* octets in an encoded word: at most 56 characters */

const char *
mailbox_domain(const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');

	return at == NULL || at[1] == '\0' ? NULL : at + 1;
}

/*
 * "Name: value" folded at single blanks. What is not printing ASCII becomes '?': a value can
 * neither end its line nor carry raw 8-bit text.
 */
static void
put_header(struct buf *out, const char *name, const char *value)
{
	size_t col = strlen(name) + 2, word;

	buf_str(out, name);
	buf_str(out, ": ");
	for (size_t i = 0; value[i] != '\0'; i++) {
		unsigned char c = (unsigned char)value[i];
		if (c == ' ' && i > 0 && value[i - 1] != ' ' && value[i + 1] != ' ' &&
		    value[i + 1] != '\0') {
			word = strcspn(value + i + 1, " ");
			if (col + 1 + word > FOLD_AT) {
				buf_str(out, "\r\n");
				col = 0;
			}
		}
		buf_u8(out, c >= ' ' && c <= '~' ? c : '?');
		col++;
	}
	buf_str(out, "\r\n");
}

static int
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7f)
			return 0;
	return 1;
}

/* RFC 2047, for UTF-8: words that each hold whole characters, with blank between them. */
static void
put_encoded_words(struct buf *out, const char *s, const char *blank)
{
	size_t n, left = strlen(s);

	for (; left > 0; s += n, left -= n) {
		n = left < ENCODED_AT ? left : ENCODED_AT;
		while (n < left && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
		buf_str(out, "=?utf-8?B?");
		b64_encode(out, s, n);
		buf_str(out, "?=");
		if (n < left)
			buf_str(out, blank);
	}
}

/* What the operator wrote: also what is not ASCII. */
static void
put_own_header(struct buf *out, const char *name, const char *value)
{
	if (is_ascii(value) || !utf8_valid((const uint8_t *)value, strlen(value)) ||
	    !is_text((const uint8_t *)value, strlen(value))) {
		put_header(out, name, value);
		return;
	}
	buf_printf(out, "%s: ", name);
	put_encoded_words(out, value, "\r\n ");
	buf_str(out, "\r\n");
}

/* Inside double quotes: a backslash or quote would end or escape what is ours. */
static void
put_quoted(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_u8(out, '\\');
		buf_u8(out, (uint8_t)*s);
	}
}

/* Without blanks at both ends, runs of them made one; what is left may be empty. */
static void
put_collapsed(struct buf *out, const char *s)
{
	for (s += strspn(s, " "); *s != '\0'; s++)
		if (*s != ' ' || (s[1] != ' ' && s[1] != '\0'))
			buf_u8(out, (uint8_t)*s);
}

/* `"TAG NAME"`, or, for a tag that is not ASCII, `=?utf-8?B?TAG?= "NAME"`. */
static void
put_phrase(struct buf *out, const char *tag, const char *name)
{
	if (tag == NULL || is_ascii(tag)) {
		buf_u8(out, '"');
		if (tag != NULL && *tag != '\0') {
			put_quoted(out, tag);
			buf_u8(out, ' ');
		}
	} else {
		put_encoded_words(out, tag, " ");
		buf_str(out, " \"");
	}
	put_quoted(out, name);
	buf_u8(out, '"');
}

/*
 * `"TAG NAME" <return address>` where the sender gave a name and may; else the return address
 * alone.
 */
static void
put_from(struct buf *out, const struct msghdrs *h, const struct conf_delivery *c)
{
	struct buf name = { 0 }, value = { 0 };

	if (h->from != NULL && c->allow_from)
		put_collapsed(&name, h->from);
	if (name.len > MAX_FROM)
		name.len = MAX_FROM;
	if (name.len == 0) {
		put_header(out, "From", c->return_address);
	} else {
		put_phrase(&value, c->from_tag, buf_cstr(&name));
		buf_printf(&value, " <%s>", c->return_address);
		put_header(out, "From", buf_cstr(&value));
	}
	buf_wipe(&name);
	buf_wipe(&value);
}

static void
put_to(struct buf *out, const struct recipients *to)
{
	buf_str(out, "To: ");
	for (size_t i = 0; i < to->n; i++)
		buf_printf(out, "%s%s", i > 0 ? ",\r\n " : "", to->addr[i]);
	buf_str(out, "\r\n");
}

static void
put_subject(struct buf *out, const struct msghdrs *h, const struct conf_delivery *c)
{
	const char *s = h->subject;
	struct buf trimmed = { 0 };

	if (s == NULL)
		s = c->subject_line != NULL ? c->subject_line : "Type III Anonymous Message";
	s += strspn(s, " ");
	buf_str(&trimmed, s);
	while (trimmed.len > 0 && trimmed.p[trimmed.len - 1] == ' ')
		trimmed.len--;
	put_own_header(out, "Subject", buf_cstr(&trimmed));
	buf_wipe(&trimmed);
}

/* Date in UTC, by names of our own: strftime asks the locale. */
static void
put_date(struct buf *out, int64_t now)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)now;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		fatalx("the clock says a time that has no date");
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
put_message_id(struct buf *out, const char *domain, const struct rng *rng)
{
	uint8_t id[16];
	char hex[2 * sizeof(id) + 1];

	rng_fill(rng, id, sizeof(id));
	hex_encode(hex, id, sizeof(id));
	buf_printf(out, "Message-ID: <%s@%s>\r\n", hex, domain);
}

/*
 * Blank-separated RFC 5322 message ids, in the form that mail programs make (a mailbox in angle
 * brackets), at most max of them.
 */
static int
msgids_valid(const char *s, size_t max)
{
	size_t n = 0, len;

	for (s += strspn(s, " "); *s != '\0'; s += strspn(s, " ")) {
		len = strcspn(s, " ");
		if (++n > max || len < 5 || s[0] != '<' || s[len - 1] != '>' ||
		    !mailbox_valid(s + 1, len - 2))
			return 0;
		s += len;
	}
	return n > 0;
}

static void
put_headers(struct buf *out, const struct mail *m, const struct msghdrs *h,
    const struct conf_delivery *c, int64_t now, const struct rng *rng)
{
	put_from(out, h, c);
	put_to(out, &m->to);
	put_subject(out, h, c);
	put_date(out, now);
	put_message_id(out, mailbox_domain(m->from), rng);
	if (h->in_reply_to != NULL && msgids_valid(h->in_reply_to, 1))
		put_header(out, "In-Reply-To", h->in_reply_to);
	if (h->references != NULL && msgids_valid(h->references, MSGHDR_MAX))
		put_header(out, "References", h->references);
	put_header(out, "X-Anonymous", "yes");
	if (c->x_abuse != NULL)
		put_own_header(out, "X-Abuse", c->x_abuse);
	if (c->comments != NULL)
		put_own_header(out, "Comments", c->comments);
}

/* The operator's words, as lines of at most WRAP_AT where words allow it, and an empty line. */
static void
put_wrapped(struct buf *out, const char *s)
{
	size_t col = 0, word;

	for (s += strspn(s, " \t\r\n"); *s != '\0'; s += strspn(s, " \t\r\n")) {
		word = strcspn(s, " \t\r\n");
		if (col > 0 && col + 1 + word > WRAP_AT) {
			buf_u8(out, '\n');
			col = 0;
		} else if (col > 0) {
			buf_u8(out, ' ');
			col++;
		}
		buf_put(out, s, word);
		col += word;
		s += word;
	}
	buf_str(out, "\n\n");
}

struct shape {
	int eightbit;
	size_t longest; /* octets of the longest line */
};

static struct shape
body_shape(const struct buf *b)
{
	struct shape sh = { 0, 0 };
	size_t col = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (b->p[i] >= 0x80)
			sh.eightbit = 1;
		col = b->p[i] == '\n' || b->p[i] == '\r' ? 0 : col + 1;
		if (col > sh.longest)
			sh.longest = col;
	}
	return sh;
}

/*
 * Quoted-printable (RFC 2045 6.7), only where a line is longer than mail may have: some servers
 * refuse such a mail, others break it anywhere.
 */
static void
put_qp_octet(struct buf *out, uint8_t c, int at_end, size_t *col)
{
	int plain = (c >= '!' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !at_end);

	if (*col + (plain ? 1 : 3) > FOLD_AT - 1) {
		buf_str(out, "=\r\n");
		*col = 0;
	}
	if (plain)
		buf_u8(out, c);
	else
		buf_printf(out, "=%02X", c);
	*col += plain ? 1 : 3;
}

/*
 * Every kind of line end becomes CRLF: a bare one could be read as the end of the mail by some
 * server.
 */
static void
put_body(struct buf *out, const struct buf *b, int qp)
{
	size_t col = 0;

	for (size_t i = 0; i < b->len; i++) {
		uint8_t c = b->p[i], next = i + 1 < b->len ? b->p[i + 1] : '\n';
		if (c == '\r' || c == '\n') {
			if (c == '\r' && next == '\n' && i + 1 < b->len)
				i++;
			buf_str(out, "\r\n");
			col = 0;
		} else if (qp)
			put_qp_octet(out, c, next == '\r' || next == '\n', &col);
		else
			buf_u8(out, c);
	}
	if (b->len > 0 && b->p[b->len - 1] != '\n' && b->p[b->len - 1] != '\r')
		buf_str(out, "\r\n");
}

static void
put_mime(struct buf *out, const char *charset, int eightbit, int qp)
{
	put_header(out, "MIME-Version", "1.0");
	buf_printf(out, "Content-Type: text/plain; charset=%s\r\n", charset);
	buf_printf(out, "%s%s\r\n", ENCODING, qp ? "quoted-printable" : eightbit ? "8bit" : "7bit");
	buf_str(out, "\r\n");
}

/* Nobody says in what character set a text is: what is no UTF-8 was most often this. */
static const char *
charset_of(const struct buf *body, int eightbit)
{
	if (!eightbit)
		return "us-ascii";
	return utf8_valid(body->p, body->len) ? "utf-8" : "iso-8859-1";
}

void
compose_7bit(struct buf *out, const struct mail *m)
{
	static const char eight[] = ENCODING "8bit\r\n\r\n";
	static const char seven[] = ENCODING "quoted-printable\r\n\r\n";
	const uint8_t *end = memmem(m->text.p, m->text.len, eight, sizeof(eight) - 1);
	struct buf body = { 0 };

	buf_reset(out);
	if (end == NULL) { /* the headers are not ASCII: nothing can be done */
		buf_put(out, m->text.p, m->text.len);
		return;
	}
	buf_put(out, m->text.p, (size_t)(end - m->text.p));
	buf_str(out, seven);
	end += sizeof(eight) - 1;
	buf_put(&body, end, m->text.len - (size_t)(end - m->text.p));
	put_body(out, &body, 1);
	buf_wipe(&body);
}

int
compose_mail(struct mail *m, const struct delivery *d, const struct conf_delivery *c, int64_t now,
    const struct rng *rng, struct errmsg *e)
{
	struct buf body = { 0 };
	struct shape shape;
	int qp;

	if (c->return_address == NULL || strlen(c->return_address) > MAX_MAILBOX ||
	    !mailbox_valid(c->return_address, strlen(c->return_address)))
		return err_set(e, "ReturnAddress is not a mail address");
	strlcpy(m->from, c->return_address, sizeof(m->from));
	if (c->message != NULL && is_text((const uint8_t *)c->message, strlen(c->message)))
		put_wrapped(&body, c->message);
	delivery_armor(&body, d);
	shape = body_shape(&body);
	qp = shape.longest > LINE_LIMIT;
	m->eightbit = shape.eightbit && !qp;
	put_headers(&m->text, m, &d->headers, c, now, rng);
	put_mime(&m->text, charset_of(&body, shape.eightbit), shape.eightbit, qp);
	put_body(&m->text, &body, qp);
	buf_wipe(&body);
	return 0;
}
