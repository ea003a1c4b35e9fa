/*
 * Names in mix/.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "names.h"

#define SECRET_FILE "secret"
#define SECRET_TEMP "secret.new"

/* 96 bits of the MAC as 16 characters of the pool alphabet. */
void
names_make(char name[POOL_NAME_LEN], const uint8_t secret[NAMES_SECRET_LEN],
    const uint8_t replay[HASH_LEN])
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
	uint8_t mac[32];
	uint32_t bits;
	char *p = name + 4;

	hmac_sha256(mac, secret, NAMES_SECRET_LEN, replay, HASH_LEN);
	memcpy(name, "msg_", 4);
	for (size_t i = 0; i < 12; i += 3) {
		bits = (uint32_t)mac[i] << 16 | (uint32_t)mac[i + 1] << 8 | mac[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*p++ = alphabet[bits >> shift & 63];
	}
	*p = '\0';
	wipe(mac, sizeof(mac));
}

static int
secret_read(uint8_t secret[NAMES_SECRET_LEN], int fd, struct errmsg *e)
{
	uint8_t more;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(e, "%s: %s", SECRET_FILE, strerror(errno));
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return err_set(e, "%s: not a file of mode 0600", SECRET_FILE);
	if (read(fd, secret, NAMES_SECRET_LEN) != NAMES_SECRET_LEN || read(fd, &more, 1) != 0)
		return err_set(e,
		    "%s: not %d octets long; stop the node, restore or remove it, and start again",
		    SECRET_FILE, NAMES_SECRET_LEN);
	return 0;
}

static int
secret_write(const uint8_t secret[NAMES_SECRET_LEN], int dirfd)
{
	int fd, ok;

	if (unlinkat(dirfd, SECRET_TEMP, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dirfd, SECRET_TEMP, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	ok = write(fd, secret, NAMES_SECRET_LEN) == NAMES_SECRET_LEN && fsync(fd) == 0;
	if (close(fd) == -1 || !ok)
		return -1;
	if (renameat(dirfd, SECRET_TEMP, dirfd, SECRET_FILE) == -1)
		return -1;
	return fsync(dirfd);
}

int
names_secret(uint8_t secret[NAMES_SECRET_LEN], int dirfd, const struct rng *rng, struct errmsg *e)
{
	int fd, rc;

	fd = openat(dirfd, SECRET_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1) {
		rc = secret_read(secret, fd, e);
		close(fd);
		return rc;
	}
	if (errno != ENOENT)
		return err_set(e, "%s: %s", SECRET_FILE, strerror(errno));
	rng_fill(rng, secret, NAMES_SECRET_LEN);
	if (secret_write(secret, dirfd) == -1)
		return err_set(e, "%s: cannot be made: %s", SECRET_FILE, strerror(errno));
	return 0;
}
