#include "keypem.h"
#include "files.h"

#define KEY_FILE_MAX (16 * 1024)

static struct rsakey *
parse(const struct buf *pem, const char *name, const char *passphrase, enum keypem *how,
    struct errmsg *e)
{
	int encrypted = rsakey_pem_encrypted((const char *)pem->p, pem->len);
	struct rsakey *k;
	struct errmsg why;

	k = rsakey_from_pem((const char *)pem->p, pem->len, passphrase, &why);
	if (k != NULL)
		*how = encrypted ? KEYPEM_OPENED : KEYPEM_PLAIN;
	else {
		*how = encrypted ? KEYPEM_LOCKED : KEYPEM_NONE;
		err_set(e, "%s: %s", name, why.s);
	}
	return k;
}

struct rsakey *
keypem_read(
    int dirfd, const char *name, const char *passphrase, enum keypem *how, struct errmsg *e)
{
	struct buf pem = { 0 };
	struct rsakey *k = NULL;

	*how = KEYPEM_NONE;
	if (files_read(dirfd, name, &pem, KEY_FILE_MAX, e) == 0)
		k = parse(&pem, name, passphrase, how, e);
	buf_wipe(&pem);
	return k;
}

static void
format(struct buf *pem, const struct rsakey *k, const char *passphrase)
{
	if (passphrase != NULL)
		rsakey_encrypted_pem(k, passphrase, pem);
	else
		rsakey_private_pem(k, pem);
}

int
keypem_write(int dirfd, const char *name, const struct rsakey *k, const char *passphrase,
    struct errmsg *e)
{
	struct buf pem = { 0 };
	int rc;

	format(&pem, k, passphrase);
	rc = files_replace(dirfd, name, pem.p, pem.len, e);
	buf_wipe(&pem);
	return rc;
}

static int
rewrite(int dirfd, const char *name, const struct buf *old, const char *passphrase, int encrypt,
    struct errmsg *e)
{
	struct buf pem = { 0 };
	enum keypem how;
	struct rsakey *k = parse(old, name, passphrase, &how, e);
	int rc;

	if (k == NULL)
		return 0;
	format(&pem, k, encrypt ? passphrase : NULL);
	rc = files_swap(dirfd, name, pem.p, pem.len, e);
	buf_wipe(&pem);
	rsakey_free(k);
	return rc == 0 ? 1 : -1;
}

int
keypem_convert(
    int dirfd, const char *name, const char *passphrase, int encrypt, struct errmsg *e)
{
	struct buf old = { 0 };
	int rc = 0;

	if (files_clear(dirfd, name, e) == -1)
		return -1;
	if (files_read(dirfd, name, &old, KEY_FILE_MAX, NULL) == 0 &&
	    rsakey_pem_encrypted((char *)old.p, old.len) != encrypt)
		rc = rewrite(dirfd, name, &old, passphrase, encrypt, e);
	buf_wipe(&old);
	return rc;
}
