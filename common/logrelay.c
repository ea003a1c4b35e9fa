#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "log.h"
#include "logrelay.h"

static int from = -1, to = -1;

void
logrelay_open(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1 || fcntl(fd[0], F_SETFL, O_NONBLOCK) == -1)
		fatal("pipe");
	from = fd[0];
	to = fd[1];
}

void
logrelay_child(void)
{
	if (dup2(to, STDERR_FILENO) == -1)
		fatal("dup2");
	log_second(-1);
}

void
logrelay_rest(void)
{
	char text[4096];
	ssize_t n;

	while ((n = read(from, text, sizeof(text))) > 0)
		log_lines(text, (size_t)n);
}

static void
readable(int fd, short revents, void *arg)
{
	(void)fd;
	(void)revents;
	(void)arg;
	logrelay_rest();
}

void
logrelay_serve(struct loop *l)
{
	close(to);
	loop_add(l, from, POLLIN, readable, NULL);
}
