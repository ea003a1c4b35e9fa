#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "keypass.h"
#include "rsakey.h"

#define ROOM	   (KEY_PASSPHRASE_MAX + 2) /* a newline, and one more to see that it is too long */

int
keypass_credential(const char *name)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int fd;

	if (dir == NULL)
		return -1;
	if (asprintf(&path, "%s/%s", dir, name) == -1)
		fatal("asprintf");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno != ENOENT)
		fatal_permanent("%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

char *
keypass_take(int fd)
{
	size_t len = 0;
	ssize_t n;
	char *p;

	if (fd == -1)
		return NULL;
	if ((p = OPENSSL_secure_zalloc(ROOM)) == NULL)
		fatalx("no memory for the passphrase");
	while (len < ROOM && (n = read(fd, p + len, ROOM - len)) != 0) {
		if (n == -1 && errno != EINTR)
			fatal("reading the passphrase");
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (len > 0 && p[len - 1] == '\n')
		p[--len] = '\0';
	if (len == 0 || len > KEY_PASSPHRASE_MAX || memchr(p, '\0', len) != NULL)
		fatal_permanent(
		    "a passphrase has 1 to %d octets, none of them NUL", KEY_PASSPHRASE_MAX);
	return p;
}

void
keypass_free(char *p)
{
	OPENSSL_secure_clear_free(p, ROOM);
}
