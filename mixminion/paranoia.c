#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paranoia.h"

static int
trusted(const struct client_conf *conf, uid_t uid)
{
	const struct passwd *pw;

	if (uid == 0 || uid == geteuid())
		return 1;
	for (size_t i = 0; i < conf->trusted_users.n; i++)
		if ((pw = getpwnam(conf->trusted_users.v[i])) != NULL && pw->pw_uid == uid)
			return 1;
	return 0;
}

static int
check_one(const struct client_conf *conf, const char *dir, struct errmsg *e)
{
	struct stat st;

	if (stat(dir, &st) == -1)
		return err_set(e, "%s: %s", dir, strerror(errno));
	if (!trusted(conf, st.st_uid))
		return err_set(e, "%s: belongs to a user that is no TrustedUser", dir);
	if ((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0)
		return err_set(e,
		    "%s: other users can write to it; close it, or set FileParanoia: no", dir);
	return 0;
}

int
paranoia_check(const struct client_conf *conf, const char *dir, struct errmsg *e)
{
	char path[PATH_MAX], *slash;

	if (!conf->file_paranoia || getenv("MM_NO_FILE_PARANOIA") != NULL)
		return 0;
	if (realpath(dir, path) == NULL)
		return err_set(e, "%s: %s", dir, strerror(errno));
	while ((slash = strrchr(path, '/')) != NULL && path[1] != '\0') {
		slash[slash == path] = '\0';
		if (check_one(conf, path, e) == -1)
			return -1;
	}
	return 0;
}
