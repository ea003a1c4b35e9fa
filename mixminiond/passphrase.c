/*
 * The passphrase of the key files: asked once, kept for the next start of keyd, and handed to it
 * through a pipe. Never in an argument or the environment, and in no other process.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "mixminiond.h"
#include "rsakey.h"

#define ROOM 4096 /* a page of its own */
_Static_assert(KEY_PASSPHRASE_MAX + 2 <= ROOM, "a page holds the passphrase");

static char *secret; /* NULL: none is needed */

/* --- is one needed? --- */

static int
is_encrypted(int dirfd, const char *name)
{
	char start[128];
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return 0;
	n = read(fd, start, sizeof(start));
	close(fd);
	return n > 0 && rsakey_pem_encrypted(start, (size_t)n);
}

static int
is_encrypted_set(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), yes;

	if (fd == -1)
		return 0;
	yes = is_encrypted(fd, "mix.key");
	close(fd);
	return yes;
}

/* Some key in KeyDir is. */
static int
any_encrypted(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int yes;

	if (d == NULL)
		return 0;
	yes = is_encrypted(dirfd(d), "identity.key");
	while (!yes && (de = readdir(d)) != NULL)
		yes = strncmp(de->d_name, "key_", 4) == 0 && is_encrypted_set(dirfd(d), de->d_name);
	closedir(d);
	return yes;
}

/* --- having it --- */

/* Locked and out of dumps; of a process with this in it nothing can be traced. */
static void
make_room(void)
{
	/* cppcheck-suppress invalidFunctionArg */
	secret = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret == MAP_FAILED)
		fatal("mmap");
	if (mlock(secret, ROOM) == -1)
		log_warn("the passphrase may be swapped out: mlock");
	if (madvise(secret, ROOM, MADV_DONTDUMP) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("madvise");
}

static void
ask_terminal(int is_new)
{
	char again[KEY_PASSPHRASE_MAX + 2];
	int differ;

	if (readpassphrase(is_new ? "New passphrase for the node's keys: "
				  : "Passphrase of the node's keys: ",
		secret, KEY_PASSPHRASE_MAX + 2, RPP_REQUIRE_TTY) == NULL)
		fatal_permanent("the keys need a passphrase, and there is no terminal to ask: use "
				"--passphrase-fd");
	if (!is_new)
		return;
	if (readpassphrase("The same once more: ", again, sizeof(again), RPP_REQUIRE_TTY) == NULL)
		fatal_permanent("no passphrase was given");
	differ = strcmp(secret, again) != 0;
	wipe(again, sizeof(again));
	if (differ)
		fatal_permanent("the two passphrases differ: nothing was changed");
}

static void
read_fd(int fd)
{
	size_t len = 0;
	ssize_t n;

	while (len < KEY_PASSPHRASE_MAX + 2 &&
	       (n = read(fd, secret + len, KEY_PASSPHRASE_MAX + 2 - len)) != 0) {
		if (n == -1 && errno != EINTR)
			fatal_permanent("--passphrase-fd %d: %s", fd, strerror(errno));
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (len > 0 && secret[len - 1] == '\n')
		secret[--len] = '\0';
	if (strlen(secret) != len)
		fatal_permanent("--passphrase-fd: a passphrase with a NUL in it");
}

int
passphrase_get(const struct server_conf *c, int fd)
{
	int have = any_encrypted(c->key_dir);

	if (!have && !c->encrypt_identity_key && !c->encrypt_private_key)
		return 0;
	make_room();
	if (fd != -1)
		read_fd(fd);
	else
		ask_terminal(!have);
	if (secret[0] == '\0' || strlen(secret) > KEY_PASSPHRASE_MAX)
		fatal_permanent("a passphrase has 1 to %d characters", KEY_PASSPHRASE_MAX);
	return 1;
}

void
passphrase_settle(void)
{
	if (secret == NULL)
		return;
	/* A fork into the background has lost the lock; later ones get nothing at all. */
	if (mlock(secret, ROOM) == -1)
		log_debug("mlock failed");
	if (madvise(secret, ROOM, MADV_WIPEONFORK) == -1)
		fatal("madvise");
}

int
passphrase_pipe(void)
{
	int p[2];

	if (secret == NULL)
		return -1;
	if (pipe2(p, O_CLOEXEC) == -1)
		fatal("pipe");
	/* It is short, and fits in. */
	if (write(p[1], secret, strlen(secret)) != (ssize_t)strlen(secret))
		fatal("pipe");
	close(p[1]);
	return p[0];
}
