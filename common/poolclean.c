/*
 * What was set aside: counted for whoever asks, and wiped when an operator has had his look.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "poolfile.h"

static int
is_set_aside(const char *name)
{
	return strncmp(name, "crp_", POOL_PREFIX_LEN) == 0;
}

long
pool_set_aside(int dirfd, int clean)
{
	_Alignas(struct dirent64) char block[8192];
	struct pool p = { .dirfd = dirfd, .mode = 0600 };
	const struct dirent64 *de;
	long found = 0;
	ssize_t n;
	int rc = 0;

	if (lseek(dirfd, 0, SEEK_SET) == -1)
		return -1;
	while ((n = getdents64(dirfd, block, sizeof(block))) > 0)
		for (ssize_t at = 0; at < n; at += de->d_reclen) {
			de = (const void *)(block + at);
			if (!is_set_aside(de->d_name))
				continue;
			found++;
			if (clean)
				rc |= pool_wipe_unlink(&p, de->d_name);
		}
	return n == -1 || rc == -1 ? -1 : found;
}

int
pool_clean(int dirfd, struct errmsg *e)
{
	long n = pool_set_aside(dirfd, 1);

	if (n == -1)
		return err_set(e, "what was set aside cannot be removed: %s", strerror(errno));
	err_set(e, "%ld file%s that had been set aside wiped", n, n == 1 ? "" : "s");
	return 0;
}
