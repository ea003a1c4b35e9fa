/*
 * The tree below BaseDir: made where it is missing, owners and modes set right. What lies below a
 * directory of a daemon's is reached by descriptors and without following links: a daemon that was
 * taken over must not lead root astray.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tree.h"

#define HOME_VERSION "1001"
#define OLD_HOME_VERSION "1000"

static void give_all(int dirfd, const char *path, uid_t uid, gid_t gid);

/* Files of a directory that changes hands go with it; those with a second name stay. */
static void
give_one(int dirfd, const char *path, const char *name, uid_t uid, gid_t gid)
{
	char below[512];
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (st.st_uid == uid && st.st_gid == gid))
		return;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		return;
	if (fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) == -1)
		fatal("%s/%s", path, name);
	if (!S_ISDIR(st.st_mode))
		return;
	snprintf(below, sizeof(below), "%s/%s", path, name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		fatal("%s", below);
	give_all(fd, below, uid, gid);
	close(fd);
}

static void
give_all(int dirfd, const char *path, uid_t uid, gid_t gid)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *de;

	if (d == NULL)
		fatal("%s", path);
	while ((de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			give_one(dirfd, path, de->d_name, uid, gid);
	closedir(d);
}

/* Owner and mode of an open directory; its contents only if it changes hands. */
static void
set_owner(int fd, const char *path, const struct owner *w)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		fatal("%s", path);
	if (st.st_uid != w->uid || st.st_gid != w->gid) {
		if (geteuid() != 0 && st.st_uid != w->uid)
			fatal_permanent(
			    "%s belongs to another user (%u): start the node as that user, "
			    "or as root",
			    path, (unsigned)st.st_uid);
		if (fchown(fd, w->uid, w->gid) == -1)
			fatal("%s", path);
		give_all(fd, path, w->uid, w->gid);
	}
	if ((st.st_mode & 07777) != w->mode && fchmod(fd, w->mode) == -1)
		fatal("%s", path);
}

/* Opens the directory that name lies in, below fd; *name is its last component then. */
static int
descend(int fd, const char **name)
{
	char part[64];
	const char *slash;
	int next;

	while (fd != -1 && (slash = strchr(*name, '/')) != NULL) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - *name), *name);
		next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
		*name = slash + 1;
	}
	return fd;
}

/* A directory below one that may be a daemon's. */
static void
make_below(const struct tree_dir *d)
{
	const char *name = d->below;
	char path[TREE_PATH];
	int in = descend(open(d->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &name), fd;

	tree_path(path, d);
	if (in == -1 || (mkdirat(in, name, 0700) == -1 && errno != EEXIST))
		fatal("%s", path);
	fd = openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		fatal("%s", path);
	set_owner(fd, path, &d->w);
	close(fd);
	close(in);
}

/* A directory that the configuration names, with those that lead to it. */
static int
make_path(const char *path, const struct owner *w)
{
	char part[512];
	int fd;

	if (strlcpy(part, path, sizeof(part)) >= sizeof(part))
		fatal_permanent("%s: the path is too long", path);
	for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0711) == -1 && errno != EEXIST)
			fatal_permanent("%s: %s", part, strerror(errno));
		*slash = '/';
	}
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		fatal_permanent("%s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		fatal_permanent("%s: %s", path, strerror(errno));
	set_owner(fd, path, w);
	return fd;
}

static struct owner
of_process(const struct owners *o, enum proc_id p, mode_t mode)
{
	return (struct owner){ owners_uid(o, p), owners_gid(o, p), mode };
}

static struct owner
of_root(mode_t mode)
{
	return (struct owner){ geteuid(), getegid(), mode };
}

/*
 * A pool between two processes: the consumer owns it, the edge's group may write. One user needs
 * no group, and has one that others may be in.
 */
static struct owner
of_edge(const struct owners *o, enum proc_id consumer, enum edge e)
{
	return (struct owner){ owners_uid(o, consumer), owners_edge(o, e), o->many ? 03770 : 0700 };
}

void
tree_list(struct tree_dir dirs[TREE_DIRS], const struct server_conf *c, const struct owners *o)
{
	const char *work = c->work_dir, *queues = c->queue_dir;
	const struct tree_dir all[TREE_DIRS] = {
		{ c->run_dir, NULL, of_root(0711) },
		{ c->key_dir, NULL, of_process(o, P_KEYD, 0700) },
		{ work, NULL, of_root(0711) },
		{ work, "replay", of_process(o, P_KEYD, 0700) },
		{ work, "dir", of_process(o, P_DIRSYNC, 0755) },
		{ work, "dir/imported", of_process(o, P_DIRSYNC, 0755) },
		{ queues, NULL, of_root(0711) },
		{ queues, "incoming", of_edge(o, P_MIXER, EDGE_IN) },
		{ queues, "incoming/own", of_process(o, P_MIXER, 0700) },
		{ queues, "outgoing", of_edge(o, P_MMTPD, EDGE_OUT) },
		{ queues, "outgoing/own", of_process(o, P_MMTPD, 0700) },
		{ queues, "deliver", of_edge(o, P_DELIVERD, EDGE_DEL) },
		{ queues, "deliver/own", of_process(o, P_DELIVERD, 0700) },
		{ queues, "mix", of_process(o, P_MIXER, 0700) },
		{ queues, "fragments", of_process(o, P_DELIVERD, 0700) },
	};

	memcpy(dirs, all, sizeof(all));
}

void
tree_path(char path[TREE_PATH], const struct tree_dir *d)
{
	snprintf(path, TREE_PATH, "%s%s%s", d->top, d->below != NULL ? "/" : "",
	    d->below != NULL ? d->below : "");
}

int
tree_stat(const struct tree_dir *d, struct stat *st)
{
	const char *name = d->below;
	int fd, rc;

	if (name == NULL)
		return stat(d->top, st);
	if ((fd = descend(open(d->top, O_PATH | O_DIRECTORY | O_CLOEXEC), &name)) == -1)
		return -1;
	rc = fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW);
	close(fd);
	return rc;
}

/* The format of the tree is the reference's, and so is its number. */
static void
check_version(int base, const char *dir)
{
	char have[16] = "";
	int fd = openat(base, "version", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT) {
		fd = openat(base, "version", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd == -1 || write(fd, HOME_VERSION "\n", sizeof(HOME_VERSION)) == -1)
			fatal("%s/version", dir);
	} else if (fd == -1 || read(fd, have, sizeof(have) - 1) == -1) {
		fatal("%s/version", dir);
	} else {
		have[strcspn(have, "\r\n ")] = '\0';
		if (strcmp(have, HOME_VERSION) != 0)
			fatal_permanent("%s/version says \"%s\", this program knows " HOME_VERSION
					": the directory was made by another version",
			    dir, have);
	}
	close(fd);
}

void
tree_upgrade(const struct server_conf *c)
{
	char path[TREE_PATH], have[16] = "";
	int fd, n = snprintf(path, sizeof(path), "%s/version", c->base_dir);

	if (n >= (int)sizeof(path) || (fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return; /* start makes one */
	if (read(fd, have, sizeof(have) - 1) > 0 && strncmp(have, OLD_HOME_VERSION, 4) == 0) {
		log_warnx("%s was made by version " OLD_HOME_VERSION
			  " of the Python implementation: key sets of that time are not used, and "
			  "packets in its queues cannot be read",
		    c->base_dir);
		if (pwrite(fd, HOME_VERSION "\n", sizeof(HOME_VERSION), 0) == -1)
			fatal("%s", path);
	}
	close(fd);
}

/* The reference keeps a copy of the descriptor there; ours is a link to keyd's. */
static void
link_descriptor(int base, const struct server_conf *c)
{
	size_t len = strlen(c->base_dir);
	const char *keys = c->key_dir;
	char target[512];
	struct stat st;

	/* Relative, so that a home can be moved. */
	if (strncmp(keys, c->base_dir, len) == 0 && keys[len] == '/')
		keys += len + 1;
	if (fstatat(base, "current-desc", &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(st.st_mode))
			return;
		log_info("%s/current-desc was a copy; it is a link to %s/current-desc now",
		    c->base_dir, c->key_dir);
		unlinkat(base, "current-desc", 0);
	}
	snprintf(target, sizeof(target), "%s/current-desc", keys);
	if (symlinkat(target, base, "current-desc") == -1)
		fatal("%s/current-desc", c->base_dir);
}

void
tree_make_base(const struct server_conf *c, const struct owners *o)
{
	struct owner base = of_root(0711);
	struct stat st;

	(void)o;
	/* Only the directory itself: its contents have owners of their own. */
	if (stat(c->base_dir, &st) == -1) {
		close(make_path(c->base_dir, &base));
		return;
	}
	if (!S_ISDIR(st.st_mode))
		fatal_permanent("%s is not a directory", c->base_dir);
	if (geteuid() != 0 && st.st_uid != geteuid())
		fatal_permanent(
		    "%s belongs to another user (%u): start the node as that user, or as root",
		    c->base_dir, (unsigned)st.st_uid);
	if (chown(c->base_dir, base.uid, base.gid) == -1 || chmod(c->base_dir, base.mode) == -1)
		fatal("%s", c->base_dir);
}

void
tree_make(const struct server_conf *c, const struct owners *o)
{
	struct tree_dir dirs[TREE_DIRS];
	int base = open(c->base_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (base == -1)
		fatal("%s", c->base_dir);
	check_version(base, c->base_dir);
	tree_list(dirs, c, o);
	for (size_t i = 0; i < TREE_DIRS; i++) {
		if (dirs[i].below == NULL)
			close(make_path(dirs[i].top, &dirs[i].w));
		else
			make_below(&dirs[i]);
	}
	link_descriptor(base, c);
	close(base);
}
