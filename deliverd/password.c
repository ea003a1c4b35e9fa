#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "password.h"
#include "sandbox.h"

#define MAX_PASSWORD 255
#define ROOM	     (MAX_PASSWORD + 2) /* a newline, and one more to see that it is too long */
/* OpenSSL takes its own ephemeral secrets from it as well; a power of two. */
#define HEAP	     (64 * 1024)
#define HEAP_MIN     16

/* Who we are: not to be asked in the sandbox. */
static uid_t own_uid;
static gid_t own_gid;

void
password_init(void)
{
	own_uid = geteuid();
	own_gid = getegid();
	if (CRYPTO_secure_malloc_init(HEAP, HEAP_MIN) != 1 && sandbox_built_in())
		log_warnx("a password may be swapped out: the limit on locked memory "
			  "(RLIMIT_MEMLOCK) is too small");
}

static char *
read_line(int fd, const char *path, struct errmsg *e)
{
	char *p = OPENSSL_secure_zalloc(ROOM), *end;
	ssize_t n;

	if (p == NULL)
		fatalx("no memory for a password");
	n = read(fd, p, ROOM);
	if (n == -1) {
		err_set(e, "%s: %s", path, strerror(errno));
		password_free(p);
		return NULL;
	}
	end = memchr(p, '\n', (size_t)n);
	n = end != NULL ? end - p : n;
	if (n > 0 && p[n - 1] == '\r')
		n--;
	if (n == 0 || n > MAX_PASSWORD || memchr(p, '\0', (size_t)n) != NULL) {
		err_set(e, "%s: its first line has to be a password of 1 to %d octets", path,
		    MAX_PASSWORD);
		password_free(p);
		return NULL;
	}
	memset(p + n, 0, ROOM - (size_t)n);
	return p;
}

char *
password_read(const char *path, struct errmsg *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char *p = NULL;

	if (fd == -1) {
		err_set(e, "%s: %s (SMTPPasswordFile; in another directory than at the start, it "
			   "needs a restart of deliverd)", path, strerror(errno));
		return NULL;
	}
	if (files_check_secret(fd, path, own_uid, own_gid, e) == 0)
		p = read_line(fd, path, e);
	close(fd);
	return p;
}

void
password_free(char *p)
{
	OPENSSL_secure_clear_free(p, ROOM);
}
