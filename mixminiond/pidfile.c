#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mixminiond.h"

/* The lock is flock's: it survives the fork into the background and goes with the last holder. */
int
pidfile_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd == -1)
		fatal_permanent("%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno != EWOULDBLOCK)
		fatal("%s", path);
	fatal_permanent(
	    "%s is locked: this node is running already (\"mixminiond stop\" stops it)", path);
}

void
pidfile_record(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)n, 0) != n)
		fatal("the pid file");
}

pid_t
pidfile_holder(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int free_to_take;
	long pid;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	free_to_take = flock(fd, LOCK_SH | LOCK_NB) == 0;
	if (!free_to_take && read(fd, text, sizeof(text) - 1) == -1)
		text[0] = '\0';
	close(fd);
	if (free_to_take)
		return 0;
	pid = strtol(text, NULL, 10);
	if (pid <= 1) {
		errno = EAGAIN; /* locked, and not yet written */
		return -1;
	}
	return (pid_t)pid;
}
