#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "keystore.h"
#include "passphrase.h"
#include "ui.h"

#define DAY		 86400
#define KEY_LIFETIME	 (90 * DAY)
#define MIN_KEY_LIFETIME (30 * DAY) /* an older key makes no new reply blocks */
#define TRIES		 3 /* of a passphrase, on a terminal */
#define KEYRING_MAX	 (16UL * 1024 * 1024)

static int
keyring_file(const struct home *h, char path[PATH_MAX], struct errmsg *e)
{
	if (home_subdir(h, "keys", path, e) == -1)
		return -1;
	return home_path(h, "keys/keyring.txt", path, e);
}

static int
read_file(struct keystore *k, const char *path, struct errmsg *e)
{
	struct buf text = { 0 };
	struct errmsg why;
	int r;

	if (input_read(path, &text, KEYRING_MAX, e) == -1)
		return -1;
	r = keyring_decrypt(&k->ring, (char *)text.p, text.len, (char *)k->passphrase.p, &why);
	if (r != 0)
		(void)err_set(e, "%s: %s", path, why.s);
	buf_free(&text);
	return r;
}

/* On a terminal a slip of the finger is no reason to begin anew. */
static int
unlock(struct keystore *k, const char *path, int fd, struct errmsg *e)
{
	const char *prompt = "Passphrase of the keyring: ";
	int r;

	for (int i = 1;; i++) {
		if (passphrase_get(&k->passphrase, fd, prompt, 0, e) == -1)
			return -1;
		r = read_file(k, path, e);
		if (r != KEYSTORE_WRONG_PASSPHRASE || fd != -1 || i == TRIES)
			return r;
		buf_wipe(&k->passphrase);
		prompt = "That was not it. Passphrase of the keyring: ";
	}
}

int
keystore_open(struct keystore *k, const struct home *h, int fd, int create, struct errmsg *e)
{
	char path[PATH_MAX];

	memset(k, 0, sizeof(*k));
	if (keyring_file(h, path, e) == -1)
		return -1;
	k->exists = access(path, F_OK) == 0;
	if (!k->exists && errno != ENOENT)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (!k->exists && !create)
		return 0;
	if (k->exists)
		return unlock(k, path, fd, e);
	if (passphrase_get(&k->passphrase, fd, "New passphrase for the keyring: ", 1, e) == -1)
		return -1;
	if (k->passphrase.len == 0)
		ui_warn("an empty passphrase: whoever reads the keyring's file has the keys");
	return 0;
}

void
keystore_close(struct keystore *k)
{
	keyring_free(&k->ring);
	buf_wipe(&k->passphrase);
}

static int
save(const struct keystore *k, const struct home *h, struct errmsg *e)
{
	struct buf text = { 0 };
	char path[PATH_MAX];
	int r;

	if (keyring_file(h, path, e) == -1)
		return -1;
	keyring_encrypt(&text, &k->ring, (char *)k->passphrase.p, &rng_system);
	r = output_write(path, text.p, text.len, e);
	buf_free(&text);
	return r;
}

int
keystore_surb_key(struct keystore *k, const struct home *h, const char *identity,
    int64_t now, int64_t until, struct surb_key *out, struct errmsg *e)
{
	int64_t need = now + MIN_KEY_LIFETIME > until ? now + MIN_KEY_LIFETIME : until;
	int64_t expires = now + KEY_LIFETIME > until ? now + KEY_LIFETIME : until;

	if (keyring_newest(&k->ring, identity, out) && (int64_t)out->expires >= need)
		return 0;
	if (expires > UINT32_MAX)
		return err_set(e, "reply blocks cannot live that long");
	ui_verbose("making a new key for %s%s", identity[0] ? "identity " : "the default identity",
	    identity);
	(void)keyring_expire(&k->ring, now);
	if (keyring_add(&k->ring, identity, (uint32_t)expires, NULL, 0, &rng_system, e) == -1)
		return -1;
	if (save(k, h, e) == -1)
		return -1;
	if (!keyring_newest(&k->ring, identity, out))
		return err_set(e, "the keyring lost a key");
	return 0;
}

int
keystore_add_rsa(struct keystore *k, const struct home *h, const char *identity,
    const struct rsakey *key, struct errmsg *e)
{
	struct buf der = { 0 };
	int r;

	rsakey_private_der(key, &der);
	r = keyring_add_rsa(&k->ring, identity, der.p, der.len, e);
	buf_wipe(&der);
	return r == 0 ? save(k, h, e) : -1;
}
