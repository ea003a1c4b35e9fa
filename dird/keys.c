#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"
#include "files.h"
#include "keypem.h"

struct rsakey *
identity_read(int keys, const char *passphrase, struct errmsg *e)
{
	struct errmsg why;
	enum keypem how;
	struct rsakey *k = keypem_read(keys, IDENTITY_FILE, passphrase, &how, &why);

	if (k == NULL && how == KEYPEM_LOCKED && passphrase == NULL)
		err_set(e, "keys/" IDENTITY_FILE " is encrypted, and no passphrase was given");
	else if (k == NULL)
		err_set(e, "keys/%s; \"dird init\" makes a key where there is none", why.s);
	else if (rsakey_bits(k) < 2048 || rsakey_bits(k) > 4096) {
		err_set(e, "keys/" IDENTITY_FILE " has %u bits: 2048 to 4096 are wanted",
		    rsakey_bits(k));
		rsakey_free(k);
		k = NULL;
	}
	return k;
}

static void
write_fingerprint(const struct dird_conf *c, const struct rsakey *k)
{
	uint8_t id[HASH_LEN];
	char hex[2 * HASH_LEN + 2];
	struct errmsg e;
	int base = daemon_opendir(c->base_dir);

	rsakey_keyid(k, id);
	hex_upper(hex, id, HASH_LEN);
	strlcat(hex, "\n", sizeof(hex));
	if (files_publish(base, FINGERPRINT_FILE, hex, strlen(hex), 0644, &e) == -1)
		fatal_permanent("%s/%s", c->base_dir, e.s);
	close(base);
}

int
identity_make(const struct dird_conf *c, const struct downers *o, const char *passphrase)
{
	int keys = daemon_opendir(c->key_dir), made;
	struct rsakey *k;
	struct errmsg e;

	made = faccessat(keys, IDENTITY_FILE, F_OK, 0) == -1 && errno == ENOENT;
	if (made) {
		k = rsakey_generate(c->identity_bits);
		if (keypem_write(keys, IDENTITY_FILE, k, passphrase, &e) == -1)
			fatal_permanent("%s/%s", c->key_dir, e.s);
		if (o->many && fchownat(keys, IDENTITY_FILE, o->uid[DP_SIGN], o->gid[DP_SIGN],
				   AT_SYMLINK_NOFOLLOW) == -1)
			fatal("%s/" IDENTITY_FILE, c->key_dir);
	} else if ((k = identity_read(keys, passphrase, &e)) == NULL) {
		fatal_permanent("%s", e.s);
	}
	write_fingerprint(c, k);
	rsakey_free(k);
	close(keys);
	return made;
}
