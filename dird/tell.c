/*
 * dird stop and reload: the supervisor is told, by the file of its process id. It holds a lock on
 * it; in the second line is its answer: how many there were before, and the last one.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"

#define TRIES 300 /* of 100 ms */

int
pidfile_lock(const char *base_dir, int wait)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/pid", base_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1)
		fatal_permanent("%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (!wait)
		fatal_permanent("%s is locked: dird runs already", path);
	close(fd);
	return -1;
}

/* What the supervisor wrote; the number of its answers, -1: it is being written. */
static long
read_answer(const char *base_dir, long *pid, char *text, size_t size)
{
	char path[512], *end;
	ssize_t n = -1;
	long answers;
	int fd;

	snprintf(path, sizeof(path), "%s/pid", base_dir);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = '\0';
	if ((*pid = strtol(text, &end, 10)) < 2 || *end != '\n')
		return -1;
	answers = strtol(end + 1, &end, 10);
	if (*end != ' ' || strchr(end, '\n') == NULL)
		return -1;
	memmove(text, end + 1, strlen(end + 1) + 1);
	text[strcspn(text, "\n")] = '\0';
	return answers;
}

/* Sends the signal to the supervisor that holds the lock; the number of its answers before. */
static long
tell(const struct dird_conf *c, int signo)
{
	char text[1024];
	long pid, before;

	if (pidfile_lock(c->base_dir, 1) != -1) {
		fprintf(stderr, "dird does not run, or systemd has started it: then systemctl "
				"stops or restarts 'mixminion-dird-*.service'\n");
		exit(1);
	}
	before = read_answer(c->base_dir, &pid, text, sizeof(text));
	if (before == -1)
		fatal_permanent("%s/pid does not say which process runs", c->base_dir);
	if (kill((pid_t)pid, signo) == -1)
		fatal("process %ld", pid);
	return before;
}

static int
await_end(const char *base_dir, long before)
{
	(void)before;
	for (int i = 0; i < TRIES; i++) {
		if (pidfile_lock(base_dir, 1) != -1)
			return 0;
		usleep(100000);
	}
	fprintf(stderr, "dird: it does not end\n");
	return EXIT_AGAIN;
}

static int
await_answer(const char *base_dir, long before)
{
	char text[1024];
	long pid;

	for (int i = 0; i < TRIES; i++) {
		usleep(100000);
		if (read_answer(base_dir, &pid, text, sizeof(text)) <= before)
			continue;
		if (strcmp(text, "good") == 0)
			return 0;
		fprintf(stderr, "dird: all stays as it was: %s\n", text);
		return 1;
	}
	fprintf(stderr, "dird: it does not answer\n");
	return EXIT_AGAIN;
}

static int
tell_and_wait(int argc, char **argv, const char *usage, int signo,
    int (*await)(const char *base_dir, long before))
{
	struct dird_conf *c = command_conf(command_file(argc, argv, usage));
	int rc;

	log_init("dird", LOGL_INFO);
	rc = await(c->base_dir, tell(c, signo));
	dconf_free(c);
	return rc;
}

int
command_stop(int argc, char **argv)
{
	return tell_and_wait(argc, argv, "usage: dird stop [-f file]\n", SIGTERM, await_end);
}

int
command_reload(int argc, char **argv)
{
	return tell_and_wait(argc, argv, "usage: dird reload [-f file]\n", SIGHUP, await_answer);
}
