/*
 * Directories: writing and signing (dir-spec 4).
 */
#include <stdlib.h>
#include <string.h>

#include "dirtext.h"
#include "log.h"

static void *
copy_array(const void *p, size_t n, size_t size)
{
	void *c = calloc(n + 1, size);

	if (c == NULL)
		fatal("out of memory");
	if (n > 0)
		memcpy(c, p, n * size);
	return c;
}

/* "Key: a, b, c"; without items no blank behind the colon. */
static void
format_list(struct buf *out, const char *key, const char *const *list, size_t n,
    int (*cmp)(const char *, const char *))
{
	const char **sorted = copy_array(list, n, sizeof(*sorted));

	dirtext_sort(sorted, &n, cmp);
	buf_printf(out, "%s:", key);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s %s", i == 0 ? "" : ",", sorted[i]);
	buf_u8(out, '\n');
	free(sorted);
}

static int
compare_voters(const void *a, const void *b)
{
	return voter_cmp(a, b);
}

static void
format_voters(struct buf *out, const struct dir_voter *voters, size_t n)
{
	struct dir_voter *sorted = copy_array(voters, n, sizeof(*sorted));
	char hex[2 * HASH_LEN + 1];

	qsort(sorted, n, sizeof(*sorted), compare_voters);
	for (size_t i = 0; i < n; i++) {
		hex_upper(hex, sorted[i].fingerprint, HASH_LEN);
		buf_printf(out, "Voting-Server: %s %s\n", hex, sorted[i].url);
	}
	free(sorted);
}

static int
compare_descs(const void *a, const void *b)
{
	const struct desc *const *x = a, *const *y = b;

	return dirtext_desc_cmp(*x, *y);
}

static void
format_servers(struct buf *out, const struct desc *const *servers, size_t n)
{
	const struct desc **sorted = copy_array(servers, n, sizeof(*sorted));

	qsort(sorted, n, sizeof(*sorted), compare_descs);
	for (size_t i = 0; i < n; i++)
		info_normalize(out, sorted[i]->text, sorted[i]->textlen);
	free(sorted);
}

static void
format_dates(struct buf *out, const struct dir_params *p)
{
	char after[11], until[11];

	fmt_date(after, p->valid_after);
	fmt_date(until, p->valid_until);
	buf_printf(out, "Valid-After: %s\nValid-Until: %s\n", after, until);
	format_list(out, "Recommended-Servers", p->recommended, p->nrecommended, strcmp);
}

static void
format_software(struct buf *out, const struct dir_params *p)
{
	buf_str(out, "[Recommended-Software]\n");
	format_list(out, "MixminionClient", p->clients, p->nclients, version_cmp);
	format_list(out, "MixminionServer", p->servers_sw, p->nservers_sw, version_cmp);
}

void
directory_format(struct buf *out, const struct dir_params *p)
{
	buf_printf(out, "[Directory-Info]\nVersion: %s\nStatus: %s\n", DIRECTORY_VERSION,
	    p->status == DIR_VOTE ? "vote" : "consensus");
	format_dates(out, p);
	format_voters(out, p->voters, p->nvoters);
	format_software(out, p);
	format_servers(out, p->servers, p->nservers);
}

static void
b64_entry(struct buf *out, const char *key, const void *p, size_t len)
{
	buf_printf(out, "%s: ", key);
	b64_encode(out, p, len);
	buf_u8(out, '\n');
}

/* Our own keys are never too short for a digest: a failure is not the world's fault. */
static void
sign(struct buf *sig, struct rsakey *key, const struct rng *rng, const uint8_t digest[HASH_LEN])
{
	if (rsakey_sign(key, rng, digest, sig) == -1)
		fatalx("the directory's key cannot sign");
}

void
directory_sign(struct buf *out, const char *body, size_t len, struct rsakey *key,
    const struct rng *rng)
{
	uint8_t digest[HASH_LEN];
	struct buf der = { 0 }, sig = { 0 };

	sha1(digest, body, len);
	sign(&sig, key, rng, digest);
	rsakey_public_der(key, &der);
	buf_str(out, "[Signed-Directory]\n");
	b64_entry(out, "Directory-Identity", der.p, der.len);
	b64_entry(out, "Directory-Digest", digest, HASH_LEN);
	b64_entry(out, "Directory-Signature", sig.p, sig.len);
	buf_free(&der);
	buf_free(&sig);
}

void
directory_format_old_stub(struct buf *out, const struct dir_params *p,
    const struct rsakey *identity)
{
	struct buf der = { 0 };
	char published[20];

	fmt_time(published, p->published);
	rsakey_public_der(identity, &der);
	buf_printf(out, "[Directory]\nVersion: %s\nPublished: %s\n", OLD_DIRECTORY_VERSION,
	    published);
	format_dates(out, p);
	buf_str(out, "[Signature]\n");
	b64_entry(out, "DirectoryIdentity", der.p, der.len);
	buf_str(out, DIRECTORY_OLD_UNSIGNED);
	format_software(out, p);
	format_servers(out, p->servers, p->nservers);
	buf_free(&der);
}

void
directory_sign_old(struct buf *out, const char *stub, size_t len, struct rsakey *key,
    const struct rng *rng)
{
	uint8_t digest[HASH_LEN];
	struct buf sig = { 0 };

	sha1(digest, stub, len);
	sign(&sig, key, rng, digest);
	b64_entry(out, "DirectoryDigest", digest, HASH_LEN);
	b64_entry(out, "DirectorySignature", sig.p, sig.len);
	buf_free(&sig);
}

void
directory_format_old(struct buf *out, const struct dir_params *p, struct rsakey *key,
    const struct rng *rng)
{
	struct buf stub = { 0 };
	size_t at;

	directory_format_old_stub(&stub, p, key);
	at = dirtext_find((const char *)stub.p, stub.len, 0, "DirectoryDigest:");
	buf_put(out, stub.p, at);
	directory_sign_old(out, (const char *)stub.p, stub.len, key, rng);
	at += strlen(DIRECTORY_OLD_UNSIGNED);
	buf_put(out, stub.p + at, stub.len - at);
	buf_free(&stub);
}
