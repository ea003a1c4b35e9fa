#include <string.h>

#include "modexit.h"

/* Values in an environment are lines of printing ASCII: deliverd-run takes no others. */
static void
put_fact(struct buf *out, const char *name, const char *value, size_t len)
{
	if (value == NULL)
		return;
	buf_printf(out, "MIXMINION_%s=", name);
	for (size_t i = 0; i < len; i++)
		buf_u8(out, value[i] >= ' ' && value[i] <= '~' ? (uint8_t)value[i] : '?');
	buf_u8(out, '\0');
}

static void
put_text(struct buf *out, const char *name, const char *value)
{
	put_fact(out, name, value, value != NULL ? strlen(value) : 0);
}

static int
printable(struct chunk c)
{
	const uint8_t *p = c.p;

	for (size_t i = 0; i < c.len; i++)
		if (p[i] < ' ' || p[i] > '~')
			return 0;
	return 1;
}

static void
put_address(struct buf *out, struct chunk info)
{
	char hex[2 * MODEXIT_INFO_MAX + 1] = "";

	if (printable(info))
		put_fact(out, "ADDRESS", info.p, info.len);
	if (info.len > 0)
		hex_encode(hex, info.p, info.len);
	put_text(out, "ADDRESS_HEX", hex);
}

static void
put_handle(struct buf *out, const struct delivery *d)
{
	struct buf b = { 0 };

	if (d->type != MT_ENCRYPTED)
		return;
	b64_encode(&b, d->tag, TAG_LEN);
	put_text(out, "HANDLE", buf_cstr(&b));
	buf_wipe(&b);
}

void
modexit_make(struct mail *m, struct chunk info, const struct delivery *d)
{
	struct buf *out = &m->text;

	m->raw = 1;
	m->to.n = 1;
	m->to.addr[0][0] = m->from[0] = '\0';
	buf_printf(out, "MIXMINION_TYPE=0x%04x", m->rtype);
	buf_u8(out, '\0');
	put_address(out, info);
	put_text(out, "MESSAGE", message_type_name(d->type));
	put_handle(out, d);
	put_text(out, "SUBJECT", d->headers.subject);
	put_text(out, "FROM", d->headers.from);
	put_text(out, "IN_REPLY_TO", d->headers.in_reply_to);
	put_text(out, "REFERENCES", d->headers.references);
	m->facts_len = (uint32_t)out->len;
	buf_put(out, d->contents.p, d->contents.len);
}
