#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feature.h"
#include "log.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct feature features[] = {
	{ NULL, "caps" },
	{ NULL, "status" },
	{ NULL, "fingerprint" },
	{ NULL, "recommended-by" },
	{ "Server", "Descriptor-Version" },
	{ "Server", "Nickname" },
	{ "Server", "Identity" },
	{ "Server", "Digest" },
	{ "Server", "Signature" },
	{ "Server", "Published" },
	{ "Server", "Valid-After" },
	{ "Server", "Valid-Until" },
	{ "Server", "Packet-Key" },
	{ "Server", "Packet-Versions" },
	{ "Server", "Software" },
	{ "Server", "Secure-Configuration" },
	{ "Server", "Contact" },
	{ "Server", "Why-Insecure" },
	{ "Server", "Contact-Fingerprint" },
	{ "Server", "Comments" },
	{ "Incoming/MMTP", "Version" },
	{ "Incoming/MMTP", "IP" },
	{ "Incoming/MMTP", "IP6" },
	{ "Incoming/MMTP", "Hostname" },
	{ "Incoming/MMTP", "Port" },
	{ "Incoming/MMTP", "Key-Digest" },
	{ "Incoming/MMTP", "Protocols" },
	{ "Incoming/MMTP", "Allow" },
	{ "Incoming/MMTP", "Deny" },
	{ "Outgoing/MMTP", "Version" },
	{ "Outgoing/MMTP", "Protocols" },
	{ "Outgoing/MMTP", "Allow" },
	{ "Outgoing/MMTP", "Deny" },
	{ "Delivery/MBOX", "Version" },
	{ "Delivery/MBOX", "Maximum-Size" },
	{ "Delivery/MBOX", "Allow-From" },
	{ "Delivery/SMTP", "Version" },
	{ "Delivery/SMTP", "Maximum-Size" },
	{ "Delivery/SMTP", "Allow-From" },
	{ "Delivery/Fragmented", "Version" },
	{ "Delivery/Fragmented", "Maximum-Fragments" },
	{ "Testing", "Platform" },
	{ "Testing", "Configuration" },
};

const char *
feature_name(size_t i, char *buf, size_t len)
{
	if (i >= N(features))
		return NULL;
	if (features[i].section == NULL)
		strlcpy(buf, features[i].name, len);
	else
		(void)snprintf(buf, len, "%s:%s", features[i].section, features[i].name);
	return buf;
}

int
feature_find(struct feature *f, const char *name, struct errmsg *e)
{
	const struct feature *found = NULL;
	char full[64];

	for (size_t i = 0; i < N(features); i++) {
		if (strcasecmp(feature_name(i, full, sizeof(full)), name) == 0) {
			*f = features[i];
			return 0;
		}
		if (strcasecmp(features[i].name, name) != 0)
			continue;
		if (found != NULL)
			return err_set(e, "feature %s is ambiguous: %s:%s or %s:%s?", name,
			    found->section, found->name, features[i].section,
			    features[i].name);
		found = &features[i];
	}
	if (found == NULL)
		return err_set(e, "no feature \"%.64s\"; see --list-features", name);
	*f = *found;
	return 0;
}

static void
word(struct buf *b, int holds, const char *separator, const char *text)
{
	if (holds)
		buf_printf(b, "%s%s", b->len == 0 ? "" : separator, text);
}

/* A node that takes no connections can do nothing for others. */
static void
caps(struct buf *b, const struct desc *d)
{
	if (!d->has_incoming)
		return;
	word(b, d->has_mbox, " ", "mbox");
	word(b, d->has_smtp, " ", "smtp");
	word(b, d->has_outgoing, " ", "relay");
	word(b, d->has_fragmented, " ", "frag");
}

static void
status(struct buf *b, const struct desc *d, const struct clientdir *cd)
{
	int blocked = clientdir_blocked(cd, d->nickname, BLOCK_SERVER);
	struct buf s = { 0 };

	word(&s, !clientdir_recommended(cd, d->nickname), ",", "not recommended");
	word(&s, blocked, ",", "blocked");
	word(&s, !blocked && clientdir_blocked(cd, d->nickname, BLOCK_ENTRY), ",",
	    "blocked as entry");
	word(&s, !blocked && clientdir_blocked(cd, d->nickname, BLOCK_EXIT), ",",
	    "blocked as exit");
	buf_printf(b, "(%s)", s.len == 0 ? "ok" : buf_cstr(&s));
	buf_free(&s);
}

/* Those who signed a directory recommend what it recommends; the user himself what he imports. */
static void
recommended_by(struct buf *b, const struct desc *d, const struct clientdir *cd)
{
	if (cd->dir != NULL && directory_recommends(cd->dir, d->nickname))
		clientdir_signers(cd, b);
	word(b, clientdir_imported(cd, d->nickname), ", ", "you");
	if (b->len == 0)
		buf_str(b, "nobody");
}

static void
entry(struct buf *b, const struct feature *f, const struct desc *d)
{
	const struct info_section *s;
	struct info in;

	if (info_parse(&in, d->text, d->textlen, INFO_EXCHANGE, NULL) == -1)
		return;
	s = info_section(&in, f->section);
	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (strcmp(s->entries[i].key, f->name) == 0)
			word(b, 1, ", ", s->entries[i].value);
	info_free(&in);
}

char *
feature_value(const struct feature *f, const struct desc *d, const struct clientdir *cd)
{
	char hex[2 * HASH_LEN + 1], *value;
	struct buf b = { 0 };

	if (f->section != NULL) {
		entry(&b, f, d);
		if (b.len == 0)
			buf_str(&b, "<none>");
	} else if (strcmp(f->name, "caps") == 0) {
		caps(&b, d);
	} else if (strcmp(f->name, "status") == 0) {
		status(&b, d, cd);
	} else if (strcmp(f->name, "recommended-by") == 0) {
		recommended_by(&b, d, cd);
	} else {
		hex_upper(hex, d->keyid, HASH_LEN);
		buf_str(&b, hex);
	}
	if ((value = strdup(buf_cstr(&b))) == NULL)
		fatal("out of memory");
	buf_free(&b);
	return value;
}
