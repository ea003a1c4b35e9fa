#include <string.h>
#include <strings.h>

#include "upload.h"

static const struct {
	int status; /* 1: it is kept */
	const char *name, *message;
} answers[UP_COUNT] = {
	[UP_ACCEPTED] = { 1, "accepted", "Accepted." },
	[UP_KNOWN] = { 1, "known", "Accepted." },
	[UP_WAITING] = { 1, "waiting",
	    "Received. A new identity waits until the operator approves it." },
	[UP_STILL_WAITING] = { 1, "still-waiting",
	    "Received. This identity still waits until the operator approves it." },
	[UP_UNREADABLE] = { 0, "unreadable", "Not a good descriptor" },
	[UP_OVERSIZED] = { 0, "oversized", "A descriptor may have 24576 octets." },
	[UP_NICKNAME_TAKEN] = { 0, "nickname-taken",
	    "Another identity has this nickname: choose another one." },
	[UP_RENAMED] = { 0, "renamed",
	    "This identity is known by another nickname: ask the operator to remove it first." },
	[UP_SUPERSEDED] = { 0, "superseded",
	    "Descriptors that were published later replace this one." },
	[UP_EXPIRED] = { 0, "expired", "This descriptor has expired: generate a new one." },
	[UP_TOO_FAR] = { 0, "too-far",
	    "This descriptor becomes valid in more than 30 days: publish it later." },
	[UP_TOO_MANY] = { 0, "too-many", "There are 64 descriptors of this identity already." },
	[UP_REJECTED] = { 0, "rejected", "The operator has not approved this identity." },
	[UP_BANNED] = { 0, "banned", "The operator has banned this identity." },
	[UP_FULL] = { 0, "full", "Too many new servers wait for approval: try again tomorrow." },
	[UP_MIRROR] = { 0, "mirror",
	    "This is a mirror: upload to the directory servers themselves." },
	[UP_FLOOD] = { 0, "flood", "Too many uploads from your address: try again in an hour." },
	[UP_BUSY] = { 0, "busy", "The directory server cannot take it now: try again later." },
};

/* Who holds the nickname: whoever was not rejected. */
static int
nickname_taken(const struct store *st, const struct desc *d)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->v[i]->state != SRV_REJECTED &&
		    memcmp(st->v[i]->keyid, d->keyid, HASH_LEN) != 0 &&
		    strcasecmp(st->v[i]->nickname, d->nickname) == 0)
			return 1;
	return 0;
}

static enum upload
decide_new(const struct store *st, const struct upload_policy *p, const struct desc *d)
{
	if (nickname_taken(st, d))
		return UP_NICKNAME_TAKEN;
	if (st->n >= p->max_servers)
		return UP_FULL;
	if (p->approve_new)
		return UP_ACCEPTED;
	return st->nwaiting >= p->max_waiting ? UP_FULL : UP_WAITING;
}

static int
replaces_one(const struct server *s, const struct desc *d)
{
	for (size_t i = 0; i < s->ndescs; i++)
		if (desc_superseded(s->descs[i], &d, 1))
			return 1;
	return 0;
}

static enum upload
decide_known(const struct server *s, const struct desc *d)
{
	int waits = s->state == SRV_WAITING;

	if (s->state == SRV_REJECTED)
		return UP_REJECTED;
	if (s->state == SRV_BANNED)
		return UP_BANNED;
	if (strcasecmp(s->nickname, d->nickname) != 0)
		return UP_RENAMED;
	if (server_has(s, d->digest) != NULL)
		return waits ? UP_STILL_WAITING : UP_KNOWN;
	if (desc_superseded(d, (const struct desc *const *)s->descs, s->ndescs))
		return UP_SUPERSEDED;
	if (s->ndescs >= SERVER_MAX_DESCS && !replaces_one(s, d))
		return UP_TOO_MANY;
	return waits ? UP_STILL_WAITING : UP_ACCEPTED;
}

enum upload
upload_decide(const struct store *st, const struct upload_policy *p, const struct desc *d,
    int64_t now)
{
	const struct server *known = store_find(st, d->keyid);

	if (d->textlen > UPLOAD_MAX)
		return UP_OVERSIZED;
	if (d->valid_until < now)
		return UP_EXPIRED;
	if (d->valid_after > now + TOO_FAR)
		return UP_TOO_FAR;
	return known != NULL ? decide_known(known, d) : decide_new(st, p, d);
}

int
upload_keeps(enum upload u)
{
	return answers[u].status == 1 && u != UP_KNOWN;
}

void
upload_reply(struct buf *out, enum upload u, const char *why)
{
	buf_printf(out, "Status: %d\nMessage: %s", answers[u].status, answers[u].message);
	if (why != NULL)
		buf_printf(out, ": %s", why);
	buf_u8(out, '\n');
}

const char *
upload_name(enum upload u)
{
	return answers[u].name;
}
