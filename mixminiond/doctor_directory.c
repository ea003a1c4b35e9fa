/*
 * doctor: the directory servers, and what they are known to have said.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "directory.h"
#include "doctor.h"
#include "log.h"
#include "url.h"

/* --- what dirsync holds --- */

static int
read_any(const char *dir, const char *name, struct buf *b)
{
	char path[512];
	uint8_t block[65536];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/dir/%s", dir, name);
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) == -1)
		return -1;
	while (b->len < DIRECTORY_MAX_LEN && (n = read(fd, block, sizeof(block))) > 0)
		buf_put(b, block, (size_t)n);
	close(fd);
	return n == -1 ? -1 : 0;
}

/* Strangers wrote it: it is parsed by a process that has nothing else, under dirsync's uid. */
static void
parse_apart(const struct server_conf *c, const struct owners *o, int to)
{
	struct held h = { 0 };
	struct directory *dir = NULL;
	struct buf b = { 0 };

	owners_become(o, P_DIRSYNC);
	if (read_any(c->work_dir, "dir.gz", &b) == 0 || read_any(c->work_dir, "dir", &b) == 0)
		dir = directory_parse_any(b.p, b.len, (int64_t)time(NULL), NULL);
	if (dir != NULL)
		h = (struct held){ dir->valid_after, dir->valid_until, dir->nservers, 0 };
	for (size_t i = 0; dir != NULL && i < dir->nservers; i++)
		h.has_us |= strcasecmp(dir->servers[i]->nickname, c->nickname) == 0;
	_exit(write(to, &h, sizeof(h)) == (ssize_t)sizeof(h) ? 0 : 1);
}

struct held
held_directory(const struct server_conf *c, const struct owners *o)
{
	struct held h;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		fatal("pipe");
	fflush(stdout);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0)
		parse_apart(c, o, p[1]);
	close(p[1]);
	if (read(p[0], &h, sizeof(h)) != (ssize_t)sizeof(h))
		h = (struct held){ 0 };
	close(p[0]);
	waitpid(pid, NULL, 0);
	return h;
}

/* --- directory servers --- */

static void
look_at_url(const char *what, const char *url, const char *schemes)
{
	struct errmsg e;
	struct url u;
	int fd = -1;

	if (url_parse(&u, url, schemes, &e) == 0)
		fd = reach(u.host, u.port, &e);
	if (fd == -1)
		found(FOUND_WARN, "directory",
		    "%s %s cannot be reached (%s): look at this machine's way out, or ask its "
		    "operator",
		    what, url, e.s);
	else
		found(FOUND_OK, "directory", "%s %s answers", what, url);
	if (fd != -1)
		close(fd);
}

static void
look_at_held(const struct server_conf *c, const struct held *h)
{
	char day[11];

	if (h->until == 0) {
		found(FOUND_WARN, "directory",
		    "there is none in %s/dir that can be read: dirsync, if it runs, fetches one; "
		    "its log says what keeps it from it",
		    c->work_dir);
		return;
	}
	fmt_date(day, h->until);
	if (h->has_us || !c->publish)
		found(FOUND_OK, "directory", "%zu servers%s, until %s", h->nservers,
		    h->has_us ? ", this one among them" : "", day);
	else
		found(FOUND_WARN, "directory",
		    "%zu servers until %s, but not this one: have it approved by more than half "
		    "of the operators; \"mixminiond republish\" sends the descriptor again",
		    h->nservers, day);
}

void
look_at_directory(const struct server_conf *c, const struct held *h)
{
	const struct opt_list *servers = &c->directory_servers;

	if (servers->n == 0) {
		found(FOUND_WARN, "directory",
		    "no DirectoryServer is named: nobody finds this node by itself; put the lines "
		    "of those whom you trust into [DirectoryServers]");
		return;
	}
	if (c->dir_proxy != NULL)
		look_at_url("Proxy", c->dir_proxy, URL_PROXY);
	for (size_t i = 0; c->dir_proxy == NULL && i < servers->n; i++)
		look_at_url("DirectoryServer", strrchr(servers->v[i], ' ') + 1, URL_WEB);
	look_at_held(c, h);
}
