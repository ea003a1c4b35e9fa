/*
 * Directories: reading and verifying (dir-spec 4).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dirtext.h"
#include "log.h"

#define MAX_SIGNATURES 64 /* each costs an RSA operation */
#define MAX_VOTERS     64
#define MAX_KEY_DER    550
#define MIN_IDENTITY   256 /* octets of the modulus */
#define MAX_IDENTITY   512
#define MAX_AHEAD      600

/* The value of an entry that stands exactly once in the section; NULL with a reason. */
static const char *
value_of(const struct info_section *s, const char *key, struct errmsg *e)
{
	const struct info_entry *en = info_entry(s, key);

	if (en == NULL) {
		err_set(e, "[%s] has no %s", s->name, key);
		return NULL;
	}
	for (const struct info_entry *x = en + 1; x < s->entries + s->n; x++)
		if (strcmp(x->key, key) == 0) {
			err_set(e, "[%s] has %s twice", s->name, key);
			return NULL;
		}
	return en->value;
}

/* A comma list; empty items are passed over. lower: in lower case. */
static void
split_list(char ***list, size_t *n, const char *s, int lower)
{
	while (*s != '\0') {
		size_t len;

		s += strspn(s, ", \t");
		len = strcspn(s, ",");
		while (len > 0 && isblank((unsigned char)s[len - 1]))
			len--;
		if (len == 0)
			break;
		dirtext_add(list, n, s, len);
		for (char *p = (*list)[*n - 1]; lower && *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		s += strcspn(s, ",");
	}
}

/* --- signatures --- */

struct signature_fields {
	const char *identity, *digest, *signature;
};

/* Verifies one signature over digest; only what cannot be read is a fault of the directory. */
static int
check_signature(struct dir_signature *sig, const struct signature_fields *f,
    const uint8_t digest[HASH_LEN], struct errmsg *e)
{
	struct buf der = { 0 }, md = { 0 }, s = { 0 };
	struct rsakey *k = NULL;
	int rv = -1;

	if (b64_decode(&der, f->identity, strlen(f->identity), 0) == -1 ||
	    b64_decode(&md, f->digest, strlen(f->digest), 0) == -1 ||
	    b64_decode(&s, f->signature, strlen(f->signature), 0) == -1 || md.len != HASH_LEN ||
	    der.len > MAX_KEY_DER) {
		err_set(e, "a signature section cannot be decoded");
	} else if ((k = rsakey_from_public_der(der.p, der.len, e)) != NULL) {
		if (rsakey_len(k) < MIN_IDENTITY || rsakey_len(k) > MAX_IDENTITY) {
			err_set(e, "a directory's identity key of %u bits", rsakey_bits(k));
		} else {
			rsakey_keyid(k, sig->fingerprint);
			sig->digest_ok = memcmp(md.p, digest, HASH_LEN) == 0;
			sig->good = sig->digest_ok && rsakey_verify(k, digest, s.p, s.len) == 0;
			rv = 0;
		}
	}
	rsakey_free(k);
	buf_free(&der);
	buf_free(&md);
	buf_free(&s);
	return rv;
}

static int
add_signature(struct directory *d, const struct signature_fields *f, struct errmsg *e)
{
	if (d->nsigs == MAX_SIGNATURES)
		return err_set(e, "more than %d signatures", MAX_SIGNATURES);
	d->sigs = reallocarray(d->sigs, d->nsigs + 1, sizeof(*d->sigs));
	if (d->sigs == NULL)
		fatal("out of memory");
	d->sigs[d->nsigs] = (struct dir_signature){ 0 };
	if (check_signature(&d->sigs[d->nsigs], f, d->digest, e) == -1)
		return -1;
	d->nsigs++;
	return 0;
}

static int
signed_section(struct directory *d, const struct info_section *s, struct errmsg *e)
{
	struct signature_fields f;

	/* This section is not covered by any signature: nothing foreign may stand in it. */
	if (strcmp(s->name, "Signed-Directory") != 0 || s->n != 3)
		return err_set(e, "not a [Signed-Directory] section of three entries");
	f.identity = value_of(s, "Directory-Identity", e);
	f.digest = value_of(s, "Directory-Digest", e);
	f.signature = value_of(s, "Directory-Signature", e);
	if (f.identity == NULL || f.digest == NULL || f.signature == NULL)
		return -1;
	return add_signature(d, &f, e);
}

static int
parse_signatures(struct directory *d, const char *text, size_t len, struct errmsg *e)
{
	struct info in;
	int rv = 0;

	if (len == 0)
		return 0;
	if (info_parse(&in, text, len, INFO_EXCHANGE, e) == -1)
		return -1;
	for (size_t i = 0; rv == 0 && i < in.n; i++)
		rv = signed_section(d, &in.sections[i], e);
	info_free(&in);
	return rv;
}

int
directory_read_signature(struct dir_signature *sig, const char *section, size_t len,
    const uint8_t digest[HASH_LEN], struct errmsg *e)
{
	struct directory d = { .nsigs = 0 };
	int rv;

	memcpy(d.digest, digest, HASH_LEN);
	rv = parse_signatures(&d, section, len, e);
	if (rv == 0 && d.nsigs != 1)
		rv = err_set(e, "not one signature");
	if (rv == 0)
		*sig = d.sigs[0];
	free(d.sigs);
	return rv;
}

/* --- the sections in front of the descriptors --- */

static int
parse_dates(struct directory *d, const struct info_section *s, struct errmsg *e)
{
	const char *after = value_of(s, "Valid-After", e);
	const char *until = value_of(s, "Valid-Until", e);

	if (after == NULL || until == NULL || conv_date(&d->valid_after, after, e) == -1 ||
	    conv_date(&d->valid_until, until, e) == -1)
		return -1;
	if (d->valid_until <= d->valid_after)
		return err_set(e, "the directory is never valid");
	return 0;
}

static int
parse_voter(struct directory *d, const char *value, struct errmsg *e)
{
	size_t len = strcspn(value, " \t");
	const char *url = value + len + strspn(value + len, " \t");
	struct dir_voter *v;

	if (d->nvoters == MAX_VOTERS)
		return err_set(e, "more than %d voters", MAX_VOTERS);
	d->voters = reallocarray(d->voters, d->nvoters + 1, sizeof(*d->voters));
	if (d->voters == NULL)
		fatal("out of memory");
	v = &d->voters[d->nvoters];
	if (hex_decode(v->fingerprint, HASH_LEN, value, len) == -1 || *url == '\0')
		return err_set(e, "Voting-Server is not a fingerprint and a URL");
	if ((v->url = strdup(url)) == NULL)
		fatal("out of memory");
	d->nvoters++;
	return 0;
}

static int
parse_info(struct directory *d, const struct info_section *s, struct errmsg *e)
{
	const char *version = value_of(s, "Version", e);
	const char *status = value_of(s, "Status", e);
	const char *recommended = value_of(s, "Recommended-Servers", e);

	if (version == NULL || status == NULL || recommended == NULL)
		return -1;
	if (strcmp(version, DIRECTORY_VERSION) != 0)
		return err_set(e, "the directory's version is not " DIRECTORY_VERSION);
	if (strcmp(status, "vote") != 0 && strcmp(status, "consensus") != 0)
		return err_set(e, "the directory's status is neither vote nor consensus");
	d->status = *status == 'v' ? DIR_VOTE : DIR_CONSENSUS;
	split_list(&d->recommended, &d->nrecommended, recommended, 1);
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->entries[i].key, "Voting-Server") == 0 &&
		    parse_voter(d, s->entries[i].value, e) == -1)
			return -1;
	if (d->nvoters == 0)
		return err_set(e, "the directory names no Voting-Server");
	return parse_dates(d, s, e);
}

static int
parse_old_info(struct directory *d, const struct info_section *s, int64_t now, struct errmsg *e)
{
	const char *version = value_of(s, "Version", e);
	const char *published = value_of(s, "Published", e);
	const char *recommended = value_of(s, "Recommended-Servers", e);

	if (version == NULL || published == NULL || recommended == NULL)
		return -1;
	if (strcmp(version, OLD_DIRECTORY_VERSION) != 0)
		return err_set(e, "the directory's version is not " OLD_DIRECTORY_VERSION);
	if (conv_time(&d->published, published, e) == -1)
		return -1;
	if (d->published > now + MAX_AHEAD)
		return err_set(e, "the directory was published in the future");
	d->status = DIR_OLD;
	split_list(&d->recommended, &d->nrecommended, recommended, 1);
	return parse_dates(d, s, e);
}

/* The only signature of the old format: a wrong one refuses the directory, for it has no other. */
static int
parse_old_signature(struct directory *d, const struct info_section *s, struct errmsg *e)
{
	struct signature_fields f = {
		value_of(s, "DirectoryIdentity", e),
		value_of(s, "DirectoryDigest", e),
		value_of(s, "DirectorySignature", e),
	};

	if (f.identity == NULL || f.digest == NULL || f.signature == NULL ||
	    add_signature(d, &f, e) == -1)
		return -1;
	if (!d->sigs[0].digest_ok)
		return err_set(e, "the directory's digest is wrong");
	return d->sigs[0].good ? 0 : err_set(e, "the directory's signature does not verify");
}

static int
parse_software(struct directory *d, const struct info *in, struct errmsg *e)
{
	const struct info_section *s = info_section(in, "Recommended-Software");
	const char *v;

	if (s == NULL)
		return 0;
	if (info_entry(s, "MixminionClient") != NULL) {
		if ((v = value_of(s, "MixminionClient", e)) == NULL)
			return -1;
		split_list(&d->clients, &d->nclients, v, 0);
	}
	if (info_entry(s, "MixminionServer") != NULL) {
		if ((v = value_of(s, "MixminionServer", e)) == NULL)
			return -1;
		split_list(&d->servers_sw, &d->nservers_sw, v, 0);
	}
	return 0;
}

static int
parse_head(struct directory *d, const char *text, size_t len, int64_t now, struct errmsg *e)
{
	int old = d->status == DIR_OLD;
	const struct info_section *first, *sig;
	struct info in;
	int rv = -1;

	if (info_parse(&in, text, len, INFO_EXCHANGE, e) == -1)
		return -1;
	first = info_section(&in, old ? "Directory" : "Directory-Info");
	sig = info_section(&in, "Signature");
	if (first == NULL || (old && sig == NULL))
		err_set(e, "a section of the directory is missing");
	else if (old)
		rv = parse_old_info(d, first, now, e) == -1 ? -1 : parse_old_signature(d, sig, e);
	else
		rv = parse_info(d, first, e);
	if (rv == 0)
		rv = parse_software(d, &in, e);
	info_free(&in);
	return rv;
}

/* --- descriptors --- */

/* D3: a forged descriptor condemns the directory, a faulty one is passed over. */
static int
parse_server(struct directory *d, const char *text, size_t len, int64_t now, struct errmsg *e)
{
	enum desc_fault why;
	struct errmsg reason;
	struct desc *s = desc_parse_why(text, len, now, &why, &reason);

	if (s == NULL) {
		if (why == DESC_FORGED)
			return err_set(e, "a descriptor of the directory: %s", reason.s);
		d->nskipped++;
		return 0;
	}
	d->servers = reallocarray(d->servers, d->nservers + 1, sizeof(struct desc *));
	if (d->servers == NULL)
		fatal("out of memory");
	d->servers[d->nservers++] = s;
	return 0;
}

static int
parse_servers(struct directory *d, const char *text, size_t len, int64_t now, struct errmsg *e)
{
	for (size_t at = 0, next; at < len; at = next) {
		next = dirtext_find(text, len, at + 1, "[Server]");
		if (parse_server(d, text + at, next - at, now, e) == -1)
			return -1;
	}
	return 0;
}

/* Everything but the values of the two unsigned entries (dir-spec 4.2). */
static void
old_digest(uint8_t md[HASH_LEN], const char *text, size_t len)
{
	static const char *const entries[] = { "DirectoryDigest:", "DirectorySignature:" };
	struct buf stub = { 0 };
	unsigned seen = 0;

	for (size_t at = 0, n; at < len; at += n) {
		const char *lf = memchr(text + at, '\n', len - at), *entry = NULL;

		n = lf == NULL ? len - at : (size_t)(lf - (text + at)) + 1;
		for (size_t i = 0; i < 2 && seen < 2; i++)
			if (strncmp(text + at, entries[i], strlen(entries[i])) == 0)
				entry = entries[i];
		if (entry != NULL) {
			buf_printf(&stub, "%s\n", entry);
			seen++;
		} else {
			buf_put(&stub, text + at, n);
		}
	}
	sha1(md, stub.p, stub.len);
	buf_free(&stub);
}

/* text is normalised and NUL-terminated. */
static int
parse(struct directory *d, const char *text, size_t len, int64_t now, struct errmsg *e)
{
	size_t body = 0, servers;

	if (dirtext_find(text, len, 0, "[Directory]") == 0) {
		d->status = DIR_OLD;
		old_digest(d->digest, text, len);
	} else {
		body = dirtext_find(text, len, 0, "[Directory-Info]");
		if (body == len)
			return err_set(e, "no [Directory-Info] section");
		sha1(d->digest, text + body, len - body);
	}
	servers = dirtext_find(text, len, body, "[Server]");
	if (parse_signatures(d, text, body, e) == -1 ||
	    parse_head(d, text + body, servers - body, now, e) == -1)
		return -1;
	return parse_servers(d, text + servers, len - servers, now, e);
}

struct directory *
directory_parse(const char *text, size_t len, int64_t now, struct errmsg *e)
{
	struct directory *d = calloc(1, sizeof(*d));
	struct buf norm = { 0 };
	int rv;

	if (d == NULL)
		fatal("out of memory");
	if (len > DIRECTORY_MAX_LEN) {
		rv = err_set(e, "longer than a directory may be");
	} else {
		info_normalize(&norm, text, len);
		rv = parse(d, buf_cstr(&norm), norm.len, now, e);
	}
	buf_free(&norm);
	if (rv == 0)
		return d;
	directory_free(d);
	return NULL;
}

void
directory_free(struct directory *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->nservers; i++)
		desc_free(d->servers[i]);
	for (size_t i = 0; i < d->nvoters; i++)
		free(d->voters[i].url);
	dirtext_free(d->recommended, d->nrecommended);
	dirtext_free(d->clients, d->nclients);
	dirtext_free(d->servers_sw, d->nservers_sw);
	free(d->servers);
	free(d->voters);
	free(d->sigs);
	free(d);
}
