/* A mail as a record in deliver/own/mail: magic, type, flags, sender, recipients, text. */
#include <string.h>

#include "deliverd.h"
#include "routing.h"

#define MAGIC	      0x4d584d31 /* "MXM1" */
#define FLAG_EIGHTBIT 1
#define FLAG_RAW      2
#define MAX_TEXT      (256 * 1024 * 1024)

static void
put_short(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	buf_u8(b, (uint8_t)len);
	buf_put(b, s, len);
}

void
mail_pack(struct buf *out, const struct mail *m)
{
	buf_u32(out, MAGIC);
	buf_u16(out, m->rtype);
	buf_u8(out, m->raw ? FLAG_RAW : m->eightbit ? FLAG_EIGHTBIT : 0);
	buf_u8(out, (uint8_t)m->to.n);
	put_short(out, m->from);
	for (size_t i = 0; i < m->to.n; i++)
		put_short(out, m->to.addr[i]);
	if (m->raw)
		buf_u32(out, m->facts_len);
	buf_u32(out, (uint32_t)m->text.len);
	buf_put(out, m->text.p, m->text.len);
}

int
mail_head(const uint8_t head[MAIL_HEAD_LEN], uint16_t *rtype, size_t *nrcpt)
{
	*rtype = be16(head + 4);
	*nrcpt = head[7];
	return be32(head) == MAGIC && head[6] <= FLAG_RAW && *nrcpt > 0 &&
		*nrcpt <= MAX_RECIPIENTS ? 0 : -1;
}

/* An address, or what stands for one. */
static int
address_ok(const struct mail *m, const char *s, int sender)
{
	if (m->raw)
		return *s == '\0';
	if (m->rtype == LANE_FILES && !sender)
		return mbox_is_file(s);
	return mailbox_valid_utf8(s, strlen(s));
}

static int
get_short(struct rd *r, const struct mail *m, char s[MAX_MAILBOX + 1], int sender)
{
	size_t len = rd_u8(r);

	if (len > MAX_MAILBOX)
		return -1;
	rd_copy(r, s, len);
	s[len] = '\0';
	return address_ok(m, s, sender) ? 0 : -1;
}

int
mail_parse(struct mail *m, const uint8_t *p, size_t len, struct errmsg *e)
{
	struct rd r;
	const uint8_t *text;
	uint32_t n;

	memset(m, 0, sizeof(*m));
	if (len < MAIL_HEAD_LEN || mail_head(p, &m->rtype, &m->to.n) == -1)
		return err_set(e, "not a mail record");
	m->eightbit = p[6] == FLAG_EIGHTBIT;
	m->raw = p[6] == FLAG_RAW;
	rd_init(&r, p + MAIL_HEAD_LEN, len - MAIL_HEAD_LEN);
	if (get_short(&r, m, m->from, 1) == -1)
		return err_set(e, "a mail record with a malformed sender");
	for (size_t i = 0; i < m->to.n; i++)
		if (get_short(&r, m, m->to.addr[i], 0) == -1)
			return err_set(e, "a mail record with a malformed recipient");
	if (m->raw)
		m->facts_len = rd_u32(&r);
	n = rd_u32(&r);
	if (n > MAX_TEXT || m->facts_len > n || (text = rd_bytes(&r, n)) == NULL || !rd_done(&r))
		return err_set(e, "a mail record of the wrong length");
	buf_put(&m->text, text, n);
	return 0;
}

void
mail_free(struct mail *m)
{
	buf_wipe(&m->text);
	wipe(m, sizeof(*m));
}
