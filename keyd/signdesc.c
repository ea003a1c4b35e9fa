#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "desc.h"
#include "files.h"
#include "signdesc.h"

static int
check(const struct desc *d, const struct keystore *ks, const struct keyset *s,
    const char *nickname, struct errmsg *e)
{
	uint8_t theirs[HASH_LEN], ours[HASH_LEN];

	rsakey_keyid(d->packet_key, theirs);
	rsakey_keyid(s->key, ours);
	if (strcmp(d->nickname, nickname) != 0)
		return err_set(e, "its Nickname is not ours");
	if (memcmp(d->keyid, ks->keyid, HASH_LEN) != 0)
		return err_set(e, "its Identity is not ours");
	if (memcmp(theirs, ours, HASH_LEN) != 0)
		return err_set(e, "its Packet-Key is not that of key_%04u", (unsigned)s->number);
	if (d->valid_after != s->valid_after || d->valid_until != s->valid_until)
		return err_set(e, "its dates are not those of key_%04u", (unsigned)s->number);
	return 0;
}

int
signdesc(const struct keystore *ks, const struct keyset *s, const char *nickname,
    const char *text, size_t len, int64_t now, struct buf *out, struct errmsg *e)
{
	struct buf text_signed = { 0 };
	struct desc *d = NULL;
	int rc = -1;

	if (memchr(text, '\0', len) != NULL)
		return err_set(e, "a descriptor with a NUL in it");
	if (desc_sign(&text_signed, text, len, ks->identity, &rng_system, e) == 0 &&
	    (d = desc_parse((char *)text_signed.p, text_signed.len, now, e)) != NULL)
		rc = check(d, ks, s, nickname, e);
	if (rc == 0)
		buf_put(out, text_signed.p, text_signed.len);
	desc_free(d);
	buf_wipe(&text_signed);
	return rc;
}

int
signdesc_store(
    struct keystore *ks, struct keyset *s, const struct buf *signed_text, struct errmsg *e)
{
	char name[KEYSET_NAME_LEN];
	int fd, rc;

	keyset_name(name, s->number);
	fd = openat(ks->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	rc = files_replace(fd, "ServerDesc", signed_text->p, signed_text->len, e);
	close(fd);
	if (rc == 0)
		s->has_desc = 1;
	return rc;
}

int
signdesc_current(const struct keystore *ks, const char *key_dir, int64_t overlap, int64_t now,
    struct errmsg *e)
{
	struct buf text = { 0 };
	int rc;

	for (size_t i = 0; i < ks->n; i++)
		if (ks->set[i].has_desc && keyset_live(&ks->set[i], overlap, now))
			buf_printf(&text, "%s/key_%04u/ServerDesc\n", key_dir,
			    (unsigned)ks->set[i].number);
	rc = files_replace(ks->dirfd, "current-desc", text.p, text.len, e);
	buf_free(&text);
	return rc;
}
