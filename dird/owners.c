#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"
#include "files.h"

#define DEFAULT_UID_BASE 64880
#define CONTROL_OFFSET	 DP_COUNT

const char *const dproc_names[DP_COUNT] = { "dird-sign", "dird-fetch", "dird-core", "dird-http" };
static const char *const users[DP_COUNT] = { "mix-dird-sign", "mix-dird-fetch", "mix-dird-core",
	"mix-dird-http" };

static void
take_numbers(struct downers *o, uid_t base)
{
	for (enum dproc p = 0; p < DP_COUNT; p++)
		o->uid[p] = o->gid[p] = base + p;
	o->control = base + CONTROL_OFFSET;
}

/* All of them or none: -1. */
static int
take_names(struct downers *o)
{
	const struct group *gr = getgrnam("mix-dird-control");
	const struct passwd *pw;

	for (enum dproc p = 0; p < DP_COUNT; p++) {
		if ((pw = getpwnam(users[p])) == NULL || pw->pw_uid == 0)
			return -1;
		o->uid[p] = pw->pw_uid;
		o->gid[p] = pw->pw_gid;
	}
	if (gr == NULL)
		return -1;
	o->control = gr->gr_gid;
	return 0;
}

void
downers_init(struct downers *o, uid_t base)
{
	o->many = geteuid() == 0;
	if (!o->many) {
		for (enum dproc p = 0; p < DP_COUNT; p++) {
			o->uid[p] = geteuid();
			o->gid[p] = getegid();
		}
		o->control = getegid();
	} else if (base != 0) {
		take_numbers(o, base);
	} else if (take_names(o) == -1) {
		take_numbers(o, DEFAULT_UID_BASE);
	}
}

void
downers_become(const struct downers *o, enum dproc p)
{
	uid_t uid = o->uid[p], r, e, s;
	gid_t gid = o->gid[p], rg, eg, sg;

	if (!o->many)
		return;
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		continue;
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		fatal("becoming uid %u", (unsigned)uid);
	if (getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1 || r != uid || e != uid ||
	    s != uid || rg != gid || eg != gid || sg != gid || setuid(0) != -1)
		fatalx("uid %u was not taken on for good", (unsigned)uid);
}

struct owned {
	int fd;
	uid_t uid;
	gid_t gid;
};

static int
take_file(const char *name, void *arg)
{
	const struct owned *o = arg;

	return fchownat(o->fd, name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW);
}

/* What lies there, from a time with other numbers perhaps. */
static void
take_files(const char *path, uid_t uid, gid_t gid)
{
	struct owned o = { open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), uid, gid };

	if (o.fd == -1 || files_each(o.fd, ".", take_file, &o) == -1)
		fatal("%s", path);
	close(o.fd);
}

static void
make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat st;

	if (mkdir(path, mode) == -1 && errno != EEXIST)
		fatal_permanent("%s: %s: make its parent, and run this as root or its owner", path,
		    strerror(errno));
	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode))
		fatal_permanent("%s is no directory", path);
	if (chmod(path, mode) == -1 || (geteuid() == 0 && chown(path, uid, gid) == -1))
		fatal_permanent("%s: %s", path, strerror(errno));
	if (uid != geteuid())
		take_files(path, uid, gid);
}

void
dtree_make(const struct dird_conf *c, const struct downers *o)
{
	struct stat st;
	char old[512];

	make_dir(c->base_dir, 0755, geteuid(), getegid());
	/* systemd's sockets are elsewhere, and the package makes a link to them. */
	if (lstat(c->run_dir, &st) == -1 || !S_ISLNK(st.st_mode))
		make_dir(c->run_dir, 0711, geteuid(), getegid());
	make_dir(c->key_dir, 0700, o->uid[DP_SIGN], o->gid[DP_SIGN]);
	make_dir(c->servers_dir, 0700, o->uid[DP_CORE], o->gid[DP_CORE]);
	make_dir(c->public_dir, 0755, o->uid[DP_CORE], o->gid[DP_CORE]);
	/* Where the reference's clients look for a directory. */
	snprintf(old, sizeof(old), "%s/directory", c->public_dir);
	make_dir(old, 0755, o->uid[DP_CORE], o->gid[DP_CORE]);
}
