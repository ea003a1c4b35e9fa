#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "home.h"
#include "log.h"

int
home_open(struct home *h, const char *userdir, struct errmsg *e)
{
	h->lock_fd = -1;
	if (strlcpy(h->dir, userdir, sizeof(h->dir)) >= sizeof(h->dir))
		return err_set(e, "%s: %s", userdir, strerror(ENAMETOOLONG));
	return dir_private(h->dir, e);
}

void
home_close(struct home *h)
{
	home_unlock(h);
}

int
home_path(const struct home *h, const char *name, char path[PATH_MAX], struct errmsg *e)
{
	if ((size_t)snprintf(path, PATH_MAX, "%s/%s", h->dir, name) >= PATH_MAX)
		return err_set(e, "%s/%s: %s", h->dir, name, strerror(ENAMETOOLONG));
	return 0;
}

int
home_subdir(const struct home *h, const char *name, char path[PATH_MAX], struct errmsg *e)
{
	if (home_path(h, name, path, e) == -1)
		return -1;
	return dir_private(path, e);
}

int
home_lock(struct home *h, struct errmsg *e)
{
	char path[PATH_MAX];

	if (h->lock_fd != -1)
		fatalx("home_lock: locked already");
	if (home_path(h, "lock", path, e) == -1)
		return -1;
	h->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (h->lock_fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	while (flock(h->lock_fd, LOCK_EX) == -1) {
		if (errno == EINTR)
			continue;
		home_unlock(h);
		return err_set(e, "%s: %s", path, strerror(errno));
	}
	return 0;
}

void
home_unlock(struct home *h)
{
	if (h->lock_fd != -1)
		(void)close(h->lock_fd);
	h->lock_fd = -1;
}
