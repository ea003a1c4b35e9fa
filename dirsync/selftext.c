/* What a configuration makes a node say of itself: dir-spec 3. */
#include <string.h>

#include "desc.h"
#include "dirsync.h"
#include "fragment.h"
#include "rsakey.h"

static void
say_delivery(struct desc_params *p, const struct server_conf *c)
{
	/* One of the two at most is enabled. */
	const struct conf_delivery *smtp = c->mix2.enabled ? &c->mix2 : &c->smtp;
	struct frag_params f;

	p->mbox = c->mbox.enabled && c->mbox.advertise;
	p->mbox_max_kb = (long)(c->mbox.max_size / 1024);
	p->mbox_allow_from = c->mbox.allow_from;
	p->smtp = smtp->enabled && smtp->advertise;
	p->smtp_max_kb = (long)(smtp->max_size / 1024);
	p->smtp_allow_from = smtp->allow_from;
	/* The number by which deliverd refuses fragments on arrival. */
	if (c->frag_enabled && frag_params(&f, (uint64_t)c->frag_max_size, 0, NULL) == 0) {
		p->fragmented = 1;
		p->max_fragments = (long)f.total;
	}
}

static void
say_why(struct buf *why, const struct server_conf *c, int unconfined)
{
	conf_insecurities(c, why);
	if (unconfined)
		buf_printf(why, "%sProcesses may be unconfined", why->len > 0 ? "; " : "");
}

int
selfdesc_text(struct buf *out, const struct server_conf *c, const struct chunk *identity,
    const struct chunk *packet_key, const struct keyset_info *set, int64_t published,
    int unconfined, struct errmsg *e)
{
	struct rsakey *id = rsakey_from_public_der(identity->p, identity->len, e);
	struct rsakey *key = id == NULL ? NULL :
		rsakey_from_public_der(packet_key->p, packet_key->len, e);
	struct buf why = { 0 };
	struct desc_params p = { .nickname = c->nickname, .contact = c->contact_email,
		.contact_fingerprint = c->contact_fingerprint, .comments = c->comments,
		.software = MIX_SOFTWARE, .identity = id, .packet_key = key,
		.published = published, .valid_after = set->valid_after,
		.valid_until = set->valid_until, .hostname = c->hostname, .port = c->port,
		.in_rules = &c->incoming_rules, .out_rules = &c->outgoing_rules,
		.mix_interval = c->mix_interval };

	if (key != NULL) {
		say_why(&why, c, unconfined);
		p.secure = why.len == 0;
		p.why_insecure = why.len == 0 ? NULL : buf_cstr(&why);
		if (c->ip != NULL && strcmp(c->ip, "0.0.0.0") != 0)
			p.ip = c->ip;
		if (c->listen_ip6 != NULL && strcmp(c->listen_ip6, "::") != 0)
			p.ip6 = c->listen_ip6;
		say_delivery(&p, c);
		desc_format(out, &p);
	}
	buf_free(&why);
	rsakey_free(key);
	rsakey_free(id);
	return key == NULL ? -1 : 0;
}
