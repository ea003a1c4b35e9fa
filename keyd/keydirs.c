#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "keydirs.h"
#include "keypass.h"

/* So long another keyd is taken to be ending. */
#define TRIES	 100
#define PAUSE_MS 50

static char *
below(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) == -1)
		fatal("asprintf");
	return path;
}

static int
try_lock(int dirfd)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };

	for (int i = 0; i < TRIES; i++) {
		if (flock(dirfd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			fatal("KeyDir: flock");
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* The keeper of a keyd that was stopped or killed may still be ending. */
static void
lock_keys(int dirfd, int wait)
{
	if (try_lock(dirfd) == 0)
		return;
	if (!wait)
		fatal_permanent("another keyd uses KeyDir: stop the node first");
	log_warnx("another keyd uses KeyDir: waiting until it has ended");
	while (flock(dirfd, LOCK_EX) == -1)
		if (errno != EINTR)
			fatal("KeyDir: flock");
}

void
keydirs_open(struct keystore *ks, const struct server_conf *c, int wait)
{
	char *replay = below(c->work_dir, "replay"), *hashlogs = below(c->work_dir, "hashlogs");

	ks->dirfd = daemon_opendir(c->key_dir);
	lock_keys(ks->dirfd, wait);
	ks->replay = daemon_opendir(replay);
	ks->hashlogs = open(hashlogs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(replay);
	free(hashlogs);
}

void
keydirs_unlock(struct keystore *ks, const struct server_conf *c, int passphrase)
{
	ks->encrypt_identity = c->encrypt_identity_key;
	ks->encrypt_packet = c->encrypt_private_key;
	ks->passphrase = keypass_take(passphrase);
}

void
keydirs_confine(const struct keystore *ks, struct daemon *d, int replay_logs)
{
	char *hashlogs = below(d->conf->work_dir, "hashlogs");
	char *replay = below(d->conf->work_dir, "replay");
	struct sandbox_path paths[3] = { { d->conf->key_dir, SB_READ | SB_WRITE | SB_TREE } };
	size_t n = 1;

	if (ks->hashlogs != -1)
		paths[n++] = (struct sandbox_path) { hashlogs, SB_READ };
	if (replay_logs)
		paths[n++] = (struct sandbox_path) { replay, SB_READ | SB_WRITE };
	daemon_confine(d, ROLE_KEYD_KEEPER, paths, n);
	free(hashlogs);
	free(replay);
}
