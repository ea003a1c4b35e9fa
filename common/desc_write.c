/*
 * Server descriptors: digest, writing and signing (dir-spec 2.5, 3).
 */
#include <string.h>

#include "desc.h"

static const char *const unsigned_entries[] = { "Digest:", "Signature:" };

/* The end of the line that begins at p, behind its LF. */
static size_t
line_len(const uint8_t *p, size_t len)
{
	const uint8_t *lf = memchr(p, '\n', len);

	return lf == NULL ? len : (size_t)(lf - p) + 1;
}

/* "Digest:" or "Signature:" if the line begins so, else NULL. */
static const char *
unsigned_entry(const uint8_t *line, size_t len)
{
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(unsigned_entries[i]);

		if (len >= n && memcmp(line, unsigned_entries[i], n) == 0)
			return unsigned_entries[i];
	}
	return NULL;
}

/* Normalised text with new values for its first two unsigned entries: none, or " " and base-64. */
static unsigned
replace_values(struct buf *out, const struct buf *norm, const char *digest, const char *sig)
{
	unsigned seen = 0;

	for (size_t at = 0, n; at < norm->len; at += n) {
		const char *entry;

		n = line_len(norm->p + at, norm->len - at);
		entry = seen < 2 ? unsigned_entry(norm->p + at, n) : NULL;
		if (entry == NULL) {
			buf_put(out, norm->p + at, n);
			continue;
		}
		buf_printf(out, "%s%s\n", entry, entry == unsigned_entries[0] ? digest : sig);
		seen++;
	}
	return seen;
}

void
desc_stub(struct buf *out, const char *text, size_t len)
{
	struct buf norm = { 0 };

	info_normalize(&norm, text, len);
	replace_values(out, &norm, "", "");
	buf_free(&norm);
}

void
desc_digest(uint8_t md[HASH_LEN], const char *text, size_t len)
{
	struct buf stub = { 0 };

	desc_stub(&stub, text, len);
	sha1(md, stub.p, stub.len);
	buf_free(&stub);
}

static void
entry(struct buf *out, const char *key, const char *value)
{
	if (value != NULL)
		buf_printf(out, "%s: %s\n", key, value);
}

static void
key_entry(struct buf *out, const char *key, const struct rsakey *k)
{
	struct buf der = { 0 };

	rsakey_public_der(k, &der);
	buf_printf(out, "%s: ", key);
	b64_encode(out, der.p, der.len);
	buf_u8(out, '\n');
	buf_free(&der);
}

static void
format_server(struct buf *out, const struct desc_params *p)
{
	char published[20], after[11], until[11];

	fmt_time(published, p->published);
	fmt_date(after, p->valid_after);
	fmt_date(until, p->valid_until);
	buf_printf(out, "[Server]\nDescriptor-Version: %s\nNickname: %s\n", DESC_VERSION,
	    p->nickname);
	key_entry(out, "Identity", p->identity);
	buf_printf(out, "Digest:\nSignature:\nPublished: %s\nValid-After: %s\nValid-Until: %s\n",
	    published, after, until);
	key_entry(out, "Packet-Key", p->packet_key);
	buf_printf(out, "Packet-Versions: %d.%d\n", PACKET_MAJOR, PACKET_MINOR);
	entry(out, "Software", p->software);
	entry(out, "Secure-Configuration", p->secure ? "yes" : "no");
	entry(out, "Contact", p->contact);
	entry(out, "Why-Insecure", p->why_insecure);
	entry(out, "Contact-Fingerprint", p->contact_fingerprint);
	entry(out, "Comments", p->comments);
}

static void
format_mmtp(struct buf *out, const struct desc_params *p)
{
	uint8_t keyid[HASH_LEN];

	if (p->hostname != NULL) {
		rsakey_keyid(p->identity, keyid);
		buf_str(out, "[Incoming/MMTP]\nVersion: 0.1\n");
		entry(out, "IP", p->ip);
		entry(out, "IP6", p->ip6);
		buf_printf(out, "Hostname: %s\nPort: %u\nKey-Digest: ", p->hostname, p->port);
		b64_encode(out, keyid, HASH_LEN);
		buf_str(out, "\nProtocols: " MMTP_VERSION_STR "\n");
		if (p->in_rules != NULL)
			addr_rules_say(out, p->in_rules);
	}
	buf_str(out, "[Outgoing/MMTP]\nVersion: 0.1\nProtocols: " MMTP_VERSION_STR "\n");
	if (p->out_rules != NULL)
		addr_rules_say(out, p->out_rules);
}

static void
format_mail(struct buf *out, const char *section, long max_kb, int allow_from)
{
	buf_printf(out, "[%s]\nVersion: 0.1\nMaximum-Size: %ld\nAllow-From: %s\n", section, max_kb,
	    allow_from ? "yes" : "no");
}

/* As the reference writes it, and of its long list what a sender can use. */
static void
format_testing(struct buf *out, int64_t interval)
{
	const char *unit = interval % 3600 == 0 ? "hour" : interval % 60 == 0 ? "minute" : "second";
	long long n = interval / (interval % 3600 == 0 ? 3600 : interval % 60 == 0 ? 60 : 1);

	if (interval > 0)
		buf_printf(out, "[Testing]\nConfiguration: Server/MixInterval='%lld %s%s'\n", n,
		    unit, n == 1 ? "" : "s");
}

void
desc_format(struct buf *out, const struct desc_params *p)
{
	format_server(out, p);
	format_mmtp(out, p);
	if (p->mbox)
		format_mail(out, "Delivery/MBOX", p->mbox_max_kb, p->mbox_allow_from);
	if (p->smtp)
		format_mail(out, "Delivery/SMTP", p->smtp_max_kb, p->smtp_allow_from);
	if (p->fragmented)
		buf_printf(out, "[Delivery/Fragmented]\nVersion: 0.1\nMaximum-Fragments: %ld\n",
		    p->max_fragments);
	format_testing(out, p->mix_interval);
}

/* " " and base-64. */
static const char *
value_of(struct buf *b, const void *p, size_t len)
{
	buf_u8(b, ' ');
	b64_encode(b, p, len);
	return buf_cstr(b);
}

int
desc_fill(struct buf *out, const char *text, size_t len, const uint8_t digest[HASH_LEN],
    const void *sig, size_t siglen, struct errmsg *e)
{
	struct buf norm = { 0 }, filled = { 0 }, d = { 0 }, s = { 0 };
	uint8_t md[HASH_LEN];
	int rv = -1;

	desc_digest(md, text, len);
	info_normalize(&norm, text, len);
	if (memcmp(md, digest, HASH_LEN) != 0)
		err_set(e, "the signature is for another text");
	else if (replace_values(&filled, &norm, value_of(&d, digest, HASH_LEN),
	    value_of(&s, sig, siglen)) != 2)
		err_set(e, "no Digest and Signature entries to fill in");
	else
		rv = 0;
	if (rv == 0)
		buf_put(out, filled.p, filled.len);
	buf_free(&norm);
	buf_free(&filled);
	buf_free(&d);
	buf_free(&s);
	return rv;
}

int
desc_sign(struct buf *out, const char *text, size_t len, struct rsakey *identity,
    const struct rng *rng, struct errmsg *e)
{
	uint8_t digest[HASH_LEN];
	struct buf sig = { 0 };
	int rv;

	desc_digest(digest, text, len);
	if (rsakey_sign(identity, rng, digest, &sig) == -1)
		rv = err_set(e, "the identity key cannot sign");
	else
		rv = desc_fill(out, text, len, digest, sig.p, sig.len, e);
	buf_free(&sig);
	return rv;
}
