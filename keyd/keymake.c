#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "keypem.h"
#include "keyset.h"

#define PACKET_KEY_BITS 2048

struct rsakey *
identity_make(const struct keystore *ks, unsigned bits)
{
	struct rsakey *k;
	struct errmsg e;

	log_info("making an identity key of %u bits", bits);
	k = rsakey_generate(bits);
	if (keypem_write(ks->dirfd, "identity.key", k,
		ks->encrypt_identity ? ks->passphrase : NULL, &e) == -1)
		fatalx("the new identity key cannot be written: KeyDir: %s", e.s);
	return k;
}

static int
write_key(const struct keystore *ks, int fd, struct errmsg *e)
{
	struct rsakey *k = rsakey_generate(PACKET_KEY_BITS);
	int rc = keypem_write(fd, "mix.key", k, ks->encrypt_packet ? ks->passphrase : NULL, e);

	rsakey_free(k);
	return rc;
}

static int
write_dates(int fd, int64_t valid_after, int64_t valid_until, struct errmsg *e)
{
	char text[96], from[11], until[11];

	fmt_date(from, valid_after);
	fmt_date(until, valid_until);
	snprintf(text, sizeof(text), "[Key]\nValid-After: %s\nValid-Until: %s\n", from, until);
	return files_replace(fd, "dates", text, strlen(text), e);
}

/* In a directory with another name, which becomes the key set when all of it is on disk. */
int
keyset_make(const struct keystore *ks, uint32_t number, int64_t valid_after,
    int64_t valid_until, struct errmsg *e)
{
	char name[KEYSET_NAME_LEN], tmp[KEYSET_NAME_LEN + 8];
	int dirfd = ks->dirfd, fd, rc;

	keyset_name(name, number);
	snprintf(tmp, sizeof(tmp), ".new_%s", name);
	if (mkdirat(dirfd, tmp, 0700) == -1 ||
	    (fd = openat(dirfd, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return err_set(e, "%s: %s", tmp, strerror(errno));
	rc = write_key(ks, fd, e);
	if (rc == 0)
		rc = write_dates(fd, valid_after, valid_until, e);
	close(fd);
	if (rc == 0 && (renameat(dirfd, tmp, dirfd, name) == -1 || fsync(dirfd) == -1))
		rc = err_set(e, "%s: %s", name, strerror(errno));
	if (rc == -1 && files_wipe_dir(dirfd, tmp) == -1)
		log_debug("%s is left for the next start to remove", tmp);
	return rc;
}
