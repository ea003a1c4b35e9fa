/*
 * For tests of the walls: what becomes of a function in the sandbox of a role, which may write to
 * one directory.
 */
#ifndef TESTS_INSIDE_H
#define TESTS_INSIDE_H

#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "sandbox.h"
#include "t.h"

static char dir[64];
static int dirfd_;     /* opened before, as daemons do */
static char said[512]; /* what the child wrote to standard error */

enum { KILLED = 1000 };

/* What became of what() in the sandbox of r: its result, or KILLED by SIGSYS, or -1. */
static int
inside(enum role r, unsigned flags, int (*what)(void))
{
	const struct sandbox_path paths[] = { { dir, SB_READ | SB_WRITE | SB_REFER | SB_TREE } };
	int err[2], status;
	ssize_t n;
	pid_t pid;

	CHECK(pipe(err) == 0);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		dup2(err[1], STDERR_FILENO);
		close(err[0]);
		close(err[1]);
		sandbox_enter(r, paths, 1, flags | SB_UNCONFINED);
		_exit(what());
	}
	close(err[1]);
	for (size_t have = 0; (n = read(err[0], said + have, sizeof(said) - 1 - have)) > 0;)
		said[have += (size_t)n] = '\0';
	close(err[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return KILLED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs the tests in a directory of their own, in which there is a file "a". */
static int
inside_main(const struct t_test *list, size_t n)
{
	int rc;

	if (!sandbox_built_in()) {
		printf("not run - sandbox: this build has no system call filter\n");
		return 0;
	}
	log_init("test", LOGL_WARN);
	crypto_init();
	snprintf(dir, sizeof(dir), "/tmp/test_sandbox.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY);
	close(openat(dirfd_, "a", O_WRONLY | O_CREAT, 0600));
	rc = t_main(list, n);
	unlinkat(dirfd_, "a", 0);
	rmdir(dir);
	return rc;
}

#endif
