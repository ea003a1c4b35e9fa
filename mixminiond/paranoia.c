#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mixminiond.h"

/*
 * Calls check for "/" and each directory on the way to path; stops at the first non-zero answer. at
 * holds the directory in question then.
 */
static int
each_parent(const char *path, char *at, size_t size,
    int (*check)(const struct stat *st, const void *arg), const void *arg)
{
	char *real = realpath(path, NULL);
	const char *slash;
	struct stat st;
	int rc = 0;

	if (real == NULL)
		fatal_permanent("%s: %s", path, strerror(errno));
	for (slash = real; rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
		int len = slash == real ? 1 : (int)(slash - real);
		snprintf(at, size, "%.*s", len, real);
		if (stat(at, &st) == -1)
			fatal_permanent("%s: %s", at, strerror(errno));
		rc = check(&st, arg);
	}
	free(real);
	return rc;
}

/* TrustedUser: names or numbers. */
static int
is_trusted(const struct opt_list *list, uid_t uid)
{
	const struct passwd *pw;
	const char *err;

	if (uid == 0 || uid == geteuid())
		return 1;
	for (size_t i = 0; i < list->n; i++) {
		if ((pw = getpwnam(list->v[i])) != NULL && pw->pw_uid == uid)
			return 1;
		if (strtonum(list->v[i], 0, UINT32_MAX, &err) == uid && err == NULL)
			return 1;
	}
	return 0;
}

enum fault { GOOD, BAD_OWNER, BAD_MODE };

static int
check_parent(const struct stat *st, const void *arg)
{
	const struct server_conf *c = arg;

	if (!is_trusted(&c->trusted_users, st->st_uid))
		return BAD_OWNER;
	/* Under the sticky bit nobody can move what is not theirs. */
	if ((st->st_mode & 0022) && !(st->st_mode & S_ISVTX))
		return BAD_MODE;
	return GOOD;
}

int
paranoia_fault(const struct server_conf *c, struct errmsg *e)
{
	char at[512];

	if (!c->file_paranoia || getenv("MM_NO_FILE_PARANOIA") != NULL)
		return 0;
	switch (each_parent(c->base_dir, at, sizeof(at), check_parent, c)) {
	case BAD_OWNER:
		return err_set(e,
		    "%s, on the way to BaseDir, belongs to someone else: give it to root or "
		    "name the owner in TrustedUser (or set FileParanoia: no)",
		    at);
	case BAD_MODE:
		return err_set(e,
		    "%s, on the way to BaseDir, can be written by others: chmod go-w it (or "
		    "set FileParanoia: no)",
		    at);
	default: return 0;
	}
}

void
paranoia_check(const struct server_conf *c)
{
	struct errmsg e;

	if (paranoia_fault(c, &e) == -1)
		fatal_permanent("%s", e.s);
}

static int
check_passage(const struct stat *st, const void *arg)
{
	(void)arg;
	return !(st->st_mode & S_IXOTH);
}

int
paranoia_reachable(const char *path, char *culprit, size_t size)
{
	return each_parent(path, culprit, size, check_passage, NULL) == 0;
}
