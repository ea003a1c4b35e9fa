#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "dirtext.h"
#include "log.h"
#include "signed.h"

#define SECTION	      "[Signed-Directory]"
#define MAX_SECTIONS 64

void
signed_init(struct signed_doc *d, struct buf *body)
{
	*d = (struct signed_doc){ .body = *body };
	*body = (struct buf){ 0 };
	sha1(d->digest, d->body.p, d->body.len);
}

void
signed_free(struct signed_doc *d)
{
	for (size_t i = 0; i < d->nsigs; i++)
		free(d->sigs[i].section);
	free(d->sigs);
	buf_free(&d->body);
	*d = (struct signed_doc){ .nsigs = 0 };
}

int
signed_by(const struct signed_doc *d, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < d->nsigs; i++)
		if (memcmp(d->sigs[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return 1;
	return 0;
}

static int
is_voter(const struct dir_voter *voters, size_t n, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(voters[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return 1;
	return 0;
}

static void
insert(struct signed_doc *d, const uint8_t fingerprint[HASH_LEN], const char *section, size_t len)
{
	struct buf norm = { 0 };
	size_t at = 0;

	info_normalize(&norm, section, len);
	d->sigs = reallocarray(d->sigs, d->nsigs + 1, sizeof(*d->sigs));
	if (d->sigs == NULL)
		fatal("out of memory");
	while (at < d->nsigs && memcmp(d->sigs[at].fingerprint, fingerprint, HASH_LEN) < 0)
		at++;
	memmove(d->sigs + at + 1, d->sigs + at, (d->nsigs - at) * sizeof(*d->sigs));
	memcpy(d->sigs[at].fingerprint, fingerprint, HASH_LEN);
	d->sigs[at].section = buf_cstr(&norm); /* its memory is the section's from now on */
	d->nsigs++;
}

int
signed_add(struct signed_doc *d, const char *section, size_t len, const struct dir_voter *voters,
    size_t nvoters, struct errmsg *e)
{
	struct dir_signature sig;

	if (directory_read_signature(&sig, section, len, d->digest, e) == -1)
		return -1;
	if (!sig.good)
		return err_set(e, "a signature that does not verify");
	if (!is_voter(voters, nvoters, sig.fingerprint))
		return err_set(e, "a signature of a stranger");
	if (signed_by(d, sig.fingerprint))
		return 0;
	insert(d, sig.fingerprint, section, len);
	return 1;
}

/* What is no good signature is left out: it proves nothing. */
static void
take_sections(struct signed_doc *d, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t at = 0, next; at < len && n < MAX_SECTIONS; at = next, n++) {
		struct dir_signature sig;

		next = dirtext_find(text, len, at + 1, SECTION);
		if (directory_read_signature(&sig, text + at, next - at, d->digest, NULL) == 0 &&
		    sig.good && !signed_by(d, sig.fingerprint))
			insert(d, sig.fingerprint, text + at, next - at);
	}
}

int
signed_parse(struct signed_doc *d, const char *text, size_t len, struct errmsg *e)
{
	struct buf norm = { 0 }, body = { 0 };
	size_t at;

	*d = (struct signed_doc){ .nsigs = 0 };
	if (len > DIRECTORY_MAX_LEN)
		return err_set(e, "longer than a directory may be");
	info_normalize(&norm, text, len);
	at = dirtext_find((const char *)norm.p, norm.len, 0, "[Directory-Info]");
	if (at < norm.len) {
		buf_put(&body, norm.p + at, norm.len - at);
		signed_init(d, &body);
		take_sections(d, (const char *)norm.p, at);
	}
	buf_free(&norm);
	return d->body.len > 0 ? 0 : err_set(e, "there is no [Directory-Info] section");
}

size_t
signed_merge(struct signed_doc *d, const struct signed_doc *from, const struct dir_voter *voters,
    size_t nvoters)
{
	size_t added = 0;

	if (memcmp(d->digest, from->digest, HASH_LEN) != 0)
		return 0;
	for (size_t i = 0; i < from->nsigs; i++)
		added += signed_add(d, from->sigs[i].section, strlen(from->sigs[i].section), voters,
			     nvoters, NULL) == 1;
	return added;
}

void
signed_format(struct buf *out, const struct signed_doc *d)
{
	for (size_t i = 0; i < d->nsigs; i++)
		buf_str(out, d->sigs[i].section);
	buf_put(out, d->body.p, d->body.len);
}
