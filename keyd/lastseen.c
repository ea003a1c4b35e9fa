#include <sys/stat.h>

#include <fcntl.h>

#include "files.h"
#include "keyset.h"

#define FILE_NAME "last-seen" /* empty: its time of change is what counts */
#define JUMP	  (30 * DAY)

struct newest {
	int dirfd;
	int64_t t;
};

static int
look(const char *name, void *arg)
{
	struct newest *s = arg;
	struct stat st;

	if (fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime > s->t)
		s->t = st.st_mtime;
	return 0;
}

int
clock_plausible(int dirfd, int64_t now)
{
	static struct log_state said;
	struct newest s = { dirfd, 0 };
	char day[11], seen[11];
	struct errmsg e;

	if (files_each(dirfd, ".", look, &s) == -1)
		log_warn("KeyDir cannot be listed");
	if (s.t != 0 && (now < s.t - JUMP || now > s.t + JUMP)) {
		fmt_date(day, now);
		fmt_date(seen, s.t);
		if (log_once(&said))
			log_warnx("the clock says %s, and KeyDir was last written to on %s: no key "
				  "is made or deleted; if the clock is right, touch "
				  "KeyDir/" FILE_NAME " and reload",
			    day, seen);
		return 0;
	}
	log_again(&said);
	if (files_replace(dirfd, FILE_NAME, "", 0, &e) == -1)
		log_warnx("KeyDir: %s", e.s);
	return 1;
}
