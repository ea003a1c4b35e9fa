#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "tree.h"

#define MIB 1048576.0

/* A packet takes a file of 32 KiB: below this a node is full in no time. */
#define BAD_MIB	    64.0
#define LOW_MIB	    1024.0
#define BAD_INODES  1000
#define LOW_INODES  50000

static void
look_at_space(const char *path)
{
	struct statvfs v;
	double mib;

	if (statvfs(path, &v) == -1) {
		found(FOUND_BAD, "disk", "%s: %s: \"mixminiond start\" makes it", path,
		    strerror(errno));
		return;
	}
	mib = (double)v.f_bavail * (double)v.f_frsize / MIB;
	if (v.f_flag & ST_RDONLY)
		found(FOUND_BAD, "disk", "%s cannot be written to: mount it read-write", path);
	else if (mib < LOW_MIB)
		found(mib < BAD_MIB ? FOUND_BAD : FOUND_WARN, "disk",
		    "%s has %.0f MiB left: make room, or packets are refused", path, mib);
	/* Some file systems have no fixed number of inodes, and say 0. */
	else if (v.f_files != 0 && v.f_favail < LOW_INODES)
		found(v.f_favail < BAD_INODES ? FOUND_BAD : FOUND_WARN, "disk",
		    "%s has %lu inodes left: a packet takes one; make room", path,
		    (unsigned long)v.f_favail);
	else
		found(FOUND_OK, "disk", "%s has %.0f MiB left", path, mib);
}

/* Two bind mounts of one file system are two: nothing is renamed from one to the other. */
static uint64_t
mount_of(const char *path)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &stx) == -1 || !(stx.stx_mask & STATX_MNT_ID))
		return 0;
	return stx.stx_mnt_id;
}

static void
look_at_mounts(const struct server_conf *c)
{
	static const char *const pools[] = { "incoming", "mix", "outgoing", "deliver",
		"fragments" };
	char path[512];
	uint64_t top = mount_of(c->queue_dir), m;
	int apart = 0;

	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->queue_dir, pools[i]);
		m = mount_of(path);
		if (top == 0 || m == 0 || m == top)
			continue;
		apart = 1;
		found(FOUND_BAD, "disk",
		    "%s is a mount of its own: packets cannot be moved there; mount %s as a whole",
		    path, c->queue_dir);
	}
	if (top != 0 && !apart)
		found(FOUND_OK, "disk", "all pools are on one mount");
}

void
look_at_disk(const struct server_conf *c)
{
	look_at_space(c->base_dir);
	look_at_mounts(c);
}

/* --- permissions --- */

/* 1 if it is as it should be. */
static int
check_dir(const struct tree_dir *d)
{
	char path[TREE_PATH];
	struct stat st;

	tree_path(path, d);
	if (tree_stat(d, &st) == -1) {
		found(FOUND_BAD, "permissions", "%s: %s: %s", path, strerror(errno),
		    errno == EACCES ? "run doctor as root, or as the user who starts the node"
				    : "\"mixminiond start\" makes it");
	} else if (!S_ISDIR(st.st_mode)) {
		found(FOUND_BAD, "permissions", "%s is no directory: move it away", path);
	} else if (st.st_uid != d->w.uid || st.st_gid != d->w.gid ||
		   (st.st_mode & 07777) != d->w.mode) {
		found(FOUND_BAD, "permissions",
		    "%s belongs to %u:%u with mode %04o, and shall to %u:%u with %04o: "
		    "\"mixminiond start\" sets it right",
		    path, (unsigned)st.st_uid, (unsigned)st.st_gid, st.st_mode & 07777u,
		    (unsigned)d->w.uid, (unsigned)d->w.gid, (unsigned)d->w.mode);
	} else {
		return 1;
	}
	return 0;
}

/* 1 if nobody but its owner can read it, or it is not there. */
static int
check_secret(int dirfd, const char *dir, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & 0077) == 0)
		return 1;
	found(FOUND_BAD, "permissions",
	    "%s/%s can be read by others (mode %04o): chmod 600 it, and think whether the key is "
	    "still yours alone",
	    dir, name, st.st_mode & 07777u);
	return 0;
}

static int
check_keys(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), good = 1;
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *de;
	char mix_key[300];

	if (d == NULL)
		return 1; /* said already, as a directory */
	while ((de = readdir(d)) != NULL) {
		if (strncmp(de->d_name, "key_", 4) == 0) {
			snprintf(mix_key, sizeof(mix_key), "%s/mix.key", de->d_name);
			good &= check_secret(fd, dir, mix_key);
		}
	}
	good &= check_secret(fd, dir, "identity.key");
	closedir(d);
	return good;
}

/* 1 if nobody but root, or who runs the node, can write to it. */
static int
check_conf_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return 1; /* it was read a moment ago */
	if (!(st.st_mode & 0022) && (st.st_uid == 0 || st.st_uid == geteuid()))
		return 1;
	found(FOUND_BAD, "permissions",
	    "%s can be changed by others (owner %u, mode %04o): chown it to root, chmod go-w it",
	    path, (unsigned)st.st_uid, st.st_mode & 07777u);
	return 0;
}

void
look_at_permissions(const struct server_conf *c, const struct owners *o)
{
	struct tree_dir dirs[TREE_DIRS];
	struct errmsg e;
	struct stat st;
	int good = check_conf_file(c->file);

	if (stat(c->base_dir, &st) == -1) {
		found(FOUND_BAD, "permissions", "%s: %s: \"mixminiond start\" makes it",
		    c->base_dir, strerror(errno));
		return;
	}
	if (st.st_uid != geteuid()) {
		found(FOUND_WARN, "permissions",
		    "%s belongs to uid %u: run doctor as that user to have the files looked at",
		    c->base_dir, (unsigned)st.st_uid);
		return;
	}
	if (paranoia_fault(c, &e) == -1) {
		found(FOUND_BAD, "permissions", "%s", e.s);
		good = 0;
	}
	tree_list(dirs, c, o);
	for (size_t i = 0; i < TREE_DIRS; i++)
		good &= check_dir(&dirs[i]);
	good &= check_keys(c->key_dir);
	if (good)
		found(FOUND_OK, "permissions", "%d directories and the keys", TREE_DIRS);
}
