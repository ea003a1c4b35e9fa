#include <sys/stat.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

/* Ours or root's, and open to nobody but our group (or root's). */
static int
check_mode(int fd, const char *path, struct errmsg *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "%s: not a file", path);
	if (st.st_uid != 0 && st.st_uid != own_uid)
		return err_set(e, "%s: belongs to somebody else (uid %u): chown it to root or to "
			       "deliverd's user", path, (unsigned)st.st_uid);
	if ((st.st_mode & 027) != 0 ||
	    ((st.st_mode & 040) != 0 && st.st_gid != 0 && st.st_gid != own_gid))
		return err_set(e, "%s: others may read or change it (mode %03o): chmod 600, or "
			       "640 with deliverd's group", path, (unsigned)st.st_mode & 0777);
	return 0;
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
	if (check_mode(fd, path, e) == 0)
		p = read_line(fd, path, e);
	close(fd);
	return p;
}

void
password_free(char *p)
{
	OPENSSL_secure_clear_free(p, ROOM);
}
