/*
 * Which server can relay to which, and which can deliver what (path-spec 2.3, 2.4).
 */
#include <string.h>

#include "path.h"
#include "tls.h"

int
desc_can_relay(const struct desc *from, const struct desc *to)
{
	const char *p = from->out_protocols;

	if (!from->has_outgoing || !to->has_incoming)
		return 0;
	while (*p != '\0') {
		char version[16];
		size_t len;

		p += strspn(p, ", \t");
		len = strcspn(p, ", \t");
		if (len > 0 && len < sizeof(version)) {
			memcpy(version, p, len);
			version[len] = '\0';
			if (protocol_listed(to->in_protocols, version))
				return 1;
		}
		p += len;
	}
	return 0;
}

int
desc_share_family(const struct desc *a, const struct desc *b)
{
	return !a->has_incoming || !b->has_incoming || (a->families & b->families) != 0;
}

/* What [Delivery/MBOX] and [Delivery/SMTP] say. */
static int
can_mail(const struct desc *d, int has, long max_kb, int allow_from, const char *what,
    const struct path_target *t, struct errmsg *e)
{
	if (!has)
		return err_set(e, "%s does no %s delivery", d->nickname, what);
	if (t->has_from && !allow_from)
		return err_set(e, "%s does not let senders choose a From header", d->nickname);
	/* E12: the reference takes one recipient, and drops what names several. */
	if (t->infolen > 0 && memchr(t->info, '\0', t->infolen) != NULL &&
	    tls_software_is_legacy(d->software))
		return err_set(e, "%s delivers to one recipient only", d->nickname);
	if (t->size > (int64_t)max_kb * 1024)
		return err_set(e, "%s delivers at most %ld KB by %s, the message has %lld octets",
		    d->nickname, max_kb, what, (long long)t->size);
	return 0;
}

static int
can_reassemble(const struct desc *d, const struct path_target *t, struct errmsg *e)
{
	if (!d->has_fragmented)
		return err_set(e, "%s does not put fragments together", d->nickname);
	if ((long)t->fragments > d->max_fragments)
		return err_set(e, "%s puts at most %ld fragments together, the message has %u",
		    d->nickname, d->max_fragments, t->fragments);
	return 0;
}

int
desc_can_exit(const struct desc *d, const struct path_target *t, struct errmsg *e)
{
	if (t->fragments > 0 && can_reassemble(d, t, e) == -1)
		return 0;
	if (t->type == RT_SMTP)
		return can_mail(d, d->has_smtp, d->smtp_max_kb, d->smtp_allow_from, "SMTP", t, e) ==
		    0;
	if (t->type == RT_MBOX)
		return can_mail(d, d->has_mbox, d->mbox_max_kb, d->mbox_allow_from, "MBOX", t, e) ==
		    0;
	/* DROP goes everywhere; of other types descriptors say nothing. */
	return 1;
}
