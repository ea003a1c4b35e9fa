/*
 * Server descriptors: reading and verifying (dir-spec 3).
 */
#include <arpa/inet.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "desc.h"
#include "log.h"

#define MAX_KEY_DER	 550
#define MIN_IDENTITY	 256 /* octets of the modulus (D5) */
#define MAX_IDENTITY	 512
#define MAX_AHEAD	 600 /* seconds that Published may lie in the future (D5) */
#define MAX_CONTACT	 256
#define MAX_FINGERPRINT	 128
#define MAX_COMMENTS	 1024
#define MAX_SOFTWARE	 255
#define MAX_SECTIONS	 64
#define SECTION_VERSION	 "0.1"
#define MIX_INTERVAL	 "Server/MixInterval='"
#define MAX_INTERVAL	 (30 * 86400) /* more is a fault */

/* One section being read; the first fault sticks, so that callers may read on and ask once. */
struct fields {
	const struct info_section *s;
	int bad;
	struct errmsg *e;
};

static void
fault(struct fields *f, const char *key, const char *why)
{
	if (!f->bad)
		err_set(f->e, "%s in [%s]: %s", key, f->s->name, why);
	f->bad = 1;
}

/* NULL if absent; standing twice is a fault. */
static const char *
optional(struct fields *f, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < f->s->n; i++) {
		if (strcmp(f->s->entries[i].key, key) != 0)
			continue;
		if (value != NULL)
			fault(f, key, "stands there twice");
		value = f->s->entries[i].value;
	}
	return value;
}

/* Never NULL. */
static const char *
required(struct fields *f, const char *key)
{
	const char *value = optional(f, key);

	if (value == NULL)
		fault(f, key, "missing");
	return value == NULL ? "" : value;
}

static char *
text(struct fields *f, const char *key, const char *value, size_t max)
{
	char *p;

	if (value == NULL)
		return NULL;
	if (strlen(value) > max)
		fault(f, key, "too long");
	if ((p = strdup(value)) == NULL)
		fatal("out of memory");
	return p;
}

static struct rsakey *
public_key(struct fields *f, const char *key)
{
	const char *value = required(f, key);
	struct buf der = { 0 };
	struct rsakey *k = NULL;
	struct errmsg e;

	if (f->bad)
		return NULL;
	if (b64_decode(&der, value, strlen(value), 0) == -1)
		fault(f, key, "not base-64");
	else if (der.len > MAX_KEY_DER)
		fault(f, key, "the key is too long");
	else if ((k = rsakey_from_public_der(der.p, der.len, &e)) == NULL)
		fault(f, key, e.s);
	buf_free(&der);
	return k;
}

static void
date(struct fields *f, const char *key, int64_t *t)
{
	const char *value = required(f, key);
	struct errmsg e;

	if (!f->bad && conv_date(t, value, &e) == -1)
		fault(f, key, e.s);
}

/* --- optional sections --- */

/*
 * A numeric Hostname is IPv4's; a name has the families of which the descriptor gives an address,
 * or it may be of both.
 */
static int
families(const char *host, const char *ip, const char *ip6)
{
	uint8_t addr[16];
	int known = 0;

	if (inet_pton(AF_INET, host, addr) == 1)
		return DESC_IP4;
	if (ip != NULL && inet_pton(AF_INET, ip, addr) == 1 && strcmp(ip, "0.0.0.0") != 0)
		known |= DESC_IP4;
	if (ip6 != NULL && inet_pton(AF_INET6, ip6, addr) == 1)
		known |= DESC_IP6;
	return known != 0 ? known : DESC_IP4 | DESC_IP6;
}

static int
parse_incoming(struct desc *d, struct fields *f)
{
	const char *host = required(f, "Hostname");
	const char *port = required(f, "Port");
	const char *protocols = required(f, "Protocols");
	struct errmsg e;
	long n = 0;

	if (!f->bad && !host_plausible(host, strlen(host)))
		fault(f, "Hostname", "not a host name");
	if (!f->bad && conv_int(&n, port, 1, 65535, &e) == -1)
		fault(f, "Port", e.s);
	if (f->bad)
		return 0;
	strlcpy(d->hostname, host, sizeof(d->hostname));
	d->port = (uint16_t)n;
	d->families = families(host, optional(f, "IP"), optional(f, "IP6"));
	d->in_protocols = text(f, "Protocols", protocols, SIZE_MAX);
	return 1;
}

static int
parse_outgoing(struct desc *d, struct fields *f)
{
	const char *protocols = required(f, "Protocols");

	if (!f->bad)
		d->out_protocols = text(f, "Protocols", protocols, SIZE_MAX);
	return !f->bad;
}

static int
parse_mail(struct fields *f, long *max_kb, int *allow_from)
{
	const char *size = required(f, "Maximum-Size");
	const char *from = required(f, "Allow-From");
	struct errmsg e;

	if (!f->bad && conv_int(max_kb, size, 0, LONG_MAX, &e) == -1)
		fault(f, "Maximum-Size", e.s);
	if (!f->bad && conv_exchange_bool(allow_from, from, &e) == -1)
		fault(f, "Allow-From", e.s);
	return !f->bad;
}

static int
parse_mbox(struct desc *d, struct fields *f)
{
	return parse_mail(f, &d->mbox_max_kb, &d->mbox_allow_from);
}

static int
parse_smtp(struct desc *d, struct fields *f)
{
	return parse_mail(f, &d->smtp_max_kb, &d->smtp_allow_from);
}

static int
parse_fragmented(struct desc *d, struct fields *f)
{
	const char *max = required(f, "Maximum-Fragments");
	struct errmsg e;

	if (!f->bad && conv_int(&d->max_fragments, max, 0, LONG_MAX, &e) == -1)
		fault(f, "Maximum-Fragments", e.s);
	return !f->bad;
}

/*
 * Of unknown version or with a fault: as if it were not there (dir-spec 2.2, 2.3; D3). Returns
 * whether it is.
 */
static int
section(struct desc *d, const struct info *in, const char *name,
    int (*parse)(struct desc *, struct fields *))
{
	struct errmsg ignored;
	struct fields f = { info_section(in, name), 0, &ignored };

	if (f.s == NULL || strcmp(required(&f, "Version"), SECTION_VERSION) != 0 || f.bad)
		return 0;
	return parse(d, &f);
}

/* --- [Testing] --- */

/*
 * The reference puts a summary of its configuration there, for people: "A/B='x'; C/D='y'". Of
 * interest is for how long at most a packet is held between two batches. No fault of it condemns
 * a descriptor (dir-spec 3.1).
 */
static int64_t
mix_interval(const struct info *in)
{
	const struct info_section *s = info_section(in, "Testing");
	const struct info_entry *entry = s != NULL ? info_entry(s, "Configuration") : NULL;
	const char *p = entry != NULL ? entry->value : "", *from = p;
	char value[32];
	int64_t seconds;

	while ((p = strstr(p, MIX_INTERVAL)) != NULL && p != from &&
	    (p - from < 2 || memcmp(p - 2, "; ", 2) != 0))
		p++;
	if (p == NULL)
		return -1;
	p += sizeof(MIX_INTERVAL) - 1;
	if (strcspn(p, "'") >= sizeof(value))
		return -1;
	(void)strlcpy(value, p, strcspn(p, "'") + 1);
	return conv_interval(&seconds, value, NULL) == 0 && seconds >= 0 &&
		seconds <= MAX_INTERVAL ? seconds : -1;
}

/* --- [Server] --- */

static void
parse_digest(struct desc *d, struct fields *f, enum desc_fault *why)
{
	const char *given = required(f, "Digest");
	struct buf b = { 0 };

	if (f->bad)
		return;
	desc_digest(d->digest, d->text, d->textlen);
	if (b64_decode(&b, given, strlen(given), 0) == -1 || b.len != HASH_LEN ||
	    memcmp(b.p, d->digest, HASH_LEN) != 0) {
		fault(f, "Digest", "is not the digest of this text");
		*why = DESC_FORGED;
	}
	buf_free(&b);
}

static void
parse_signature(struct desc *d, struct fields *f, enum desc_fault *why)
{
	const char *given = required(f, "Signature");
	struct buf b = { 0 };

	d->identity = public_key(f, "Identity");
	if (f->bad)
		return;
	if (rsakey_len(d->identity) < MIN_IDENTITY || rsakey_len(d->identity) > MAX_IDENTITY)
		fault(f, "Identity", "a key of 2048 to 4096 bits is wanted");
	rsakey_keyid(d->identity, d->keyid);
	if (!f->bad && (b64_decode(&b, given, strlen(given), 0) == -1 ||
	    rsakey_verify(d->identity, d->digest, b.p, b.len) == -1)) {
		fault(f, "Signature", "does not verify");
		*why = DESC_FORGED;
	}
	buf_free(&b);
}

static void
parse_dates(struct desc *d, struct fields *f, int64_t now)
{
	const char *published = required(f, "Published");
	struct errmsg e;

	if (!f->bad && conv_time(&d->published, published, &e) == -1)
		fault(f, "Published", e.s);
	date(f, "Valid-After", &d->valid_after);
	date(f, "Valid-Until", &d->valid_until);
	if (!f->bad && d->published > now + MAX_AHEAD)
		fault(f, "Published", "lies in the future");
	if (!f->bad && d->valid_until <= d->valid_after)
		fault(f, "Valid-Until", "not after Valid-After");
}

static void
parse_names(struct desc *d, struct fields *f)
{
	const char *nickname = required(f, "Nickname");
	const char *secure = optional(f, "Secure-Configuration");
	struct errmsg e;

	if (!f->bad && conv_nickname(nickname, &e) == -1)
		fault(f, "Nickname", e.s);
	strlcpy(d->nickname, nickname, sizeof(d->nickname));
	d->contact = text(f, "Contact", required(f, "Contact"), MAX_CONTACT);
	d->contact_fingerprint = text(f, "Contact-Fingerprint",
	    optional(f, "Contact-Fingerprint"), MAX_FINGERPRINT);
	d->comments = text(f, "Comments", optional(f, "Comments"), MAX_COMMENTS);
	d->software = text(f, "Software", optional(f, "Software"), MAX_SOFTWARE);
	d->why_insecure = text(f, "Why-Insecure", optional(f, "Why-Insecure"), SIZE_MAX);
	d->packet_versions = text(f, "Packet-Versions", required(f, "Packet-Versions"), SIZE_MAX);
	d->secure = -1;
	if (secure != NULL && conv_exchange_bool(&d->secure, secure, &e) == -1)
		fault(f, "Secure-Configuration", e.s);
}

/*
 * Digest and signature first: whether a text was tampered with matters more than what is wrong
 * with it.
 */
static int
parse_server(struct desc *d, const struct info *in, int64_t now, enum desc_fault *why,
    struct errmsg *e)
{
	struct fields f = { &in->sections[0], 0, e };

	if (strcmp(f.s->name, "Server") != 0)
		return err_set(e, "[Server] is not the first section");
	if (strcmp(required(&f, "Descriptor-Version"), DESC_VERSION) != 0)
		fault(&f, "Descriptor-Version", "not " DESC_VERSION);
	parse_digest(d, &f, why);
	parse_signature(d, &f, why);
	parse_names(d, &f);
	parse_dates(d, &f, now);
	d->packet_key = public_key(&f, "Packet-Key");
	if (!f.bad && rsakey_bits(d->packet_key) != 8 * PK_ENC_LEN)
		fault(&f, "Packet-Key", "a key of 2048 bits is wanted");
	return f.bad ? -1 : 0;
}

/* Before anything is known of who wrote it: so no more than can be compared in no time. */
static int
sections_once(const struct info *in, struct errmsg *e)
{
	if (in->n > MAX_SECTIONS)
		return err_set(e, "more than %d sections", MAX_SECTIONS);
	for (size_t i = 0; i < in->n; i++)
		if (info_section(in, in->sections[i].name) != &in->sections[i])
			return err_set(e, "[%.64s] stands there twice", in->sections[i].name);
	return 0;
}

static int
parse(struct desc *d, int64_t now, enum desc_fault *why, struct errmsg *e)
{
	struct info in;
	int rv = -1;

	if (d->textlen > DESC_MAX_LEN)
		return err_set(e, "longer than a descriptor may be");
	if (info_parse(&in, d->text, d->textlen, INFO_EXCHANGE, e) == -1)
		return -1;
	if (sections_once(&in, e) == 0 && parse_server(d, &in, now, why, e) == 0) {
		d->has_incoming = section(d, &in, "Incoming/MMTP", parse_incoming);
		d->has_outgoing = section(d, &in, "Outgoing/MMTP", parse_outgoing);
		d->has_mbox = section(d, &in, "Delivery/MBOX", parse_mbox);
		d->has_smtp = section(d, &in, "Delivery/SMTP", parse_smtp);
		d->has_fragmented = section(d, &in, "Delivery/Fragmented", parse_fragmented);
		d->mix_interval = mix_interval(&in);
		rv = 0;
	}
	info_free(&in);
	return rv;
}

struct desc *
desc_parse_why(const char *s, size_t len, int64_t now, enum desc_fault *why, struct errmsg *e)
{
	struct desc *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->text = malloc(len + 1)) == NULL)
		fatal("out of memory");
	if (len > 0)
		memcpy(d->text, s, len);
	d->text[len] = '\0';
	d->textlen = len;
	*why = DESC_FAULTY;
	if (parse(d, now, why, e) == 0)
		return d;
	desc_free(d);
	return NULL;
}

struct desc *
desc_parse(const char *s, size_t len, int64_t now, struct errmsg *e)
{
	enum desc_fault why;

	return desc_parse_why(s, len, now, &why, e);
}

void
desc_drop_keys(struct desc *d)
{
	rsakey_free(d->identity);
	rsakey_free(d->packet_key);
	d->identity = d->packet_key = NULL;
}

void
desc_free(struct desc *d)
{
	if (d == NULL)
		return;
	desc_drop_keys(d);
	free(d->contact);
	free(d->contact_fingerprint);
	free(d->comments);
	free(d->software);
	free(d->why_insecure);
	free(d->packet_versions);
	free(d->in_protocols);
	free(d->out_protocols);
	free(d->text);
	free(d);
}

int
desc_valid_at(const struct desc *d, int64_t t)
{
	return d->valid_after <= t && t <= d->valid_until;
}

int
protocol_listed(const char *list, const char *version)
{
	size_t want = strlen(version);

	while (list != NULL && *list != '\0') {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == want && memcmp(list, version, n) == 0)
			return 1;
		list += n;
	}
	return 0;
}

int
desc_addr(const struct desc *d, struct mix_addr *a)
{
	if (!d->has_incoming)
		return -1;
	for (size_t i = 0; i <= strlen(d->hostname); i++)
		a->host[i] = (char)(d->hostname[i] >= 'A' && d->hostname[i] <= 'Z' ?
			d->hostname[i] + 'a' - 'A' : d->hostname[i]);
	a->port = d->port;
	memcpy(a->keyid, d->keyid, HASH_LEN);
	return 0;
}

/* May o take d's place? */
static int
is_later(const struct desc *d, const struct desc *o)
{
	return memcmp(o->digest, d->digest, HASH_LEN) != 0 && o->published > d->published &&
	    strcasecmp(o->nickname, d->nickname) == 0;
}

int
desc_superseded(const struct desc *d, const struct desc *const *others, size_t n)
{
	int64_t covered = d->valid_after, before;

	/* Each round moves the end of what is covered as far as one more descriptor takes it. */
	do {
		before = covered;
		for (size_t i = 0; i < n; i++)
			if (is_later(d, others[i]) && others[i]->valid_after <= covered &&
			    others[i]->valid_until > covered)
				covered = others[i]->valid_until;
	} while (covered != before && covered < d->valid_until);
	return covered >= d->valid_until;
}
