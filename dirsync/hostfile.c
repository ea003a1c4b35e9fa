/*
 * The cache of addresses as a file, work/dir/hosts: after a restart nothing has to be asked again
 * at once, and the node goes on while its name servers are away. A line a host:
 * "name seconds-since-1970 address...", until when it is fresh.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dirsync.h"
#include "routing.h"

#define FILE_NAME "hosts"
#define NEW_NAME  "hosts.new"
#define MAX_FILE  (8 * 1024 * 1024)

static void
put_host(void *arg, const char *host, const struct resolve_rep *rep, int64_t until)
{
	struct buf *b = arg;
	char s[INET6_ADDRSTRLEN];

	buf_printf(b, "%s %lld", host, (long long)until);
	for (uint32_t i = 0; i < rep->n4; i++)
		buf_printf(b, " %s", inet_ntop(AF_INET, rep->a4[i], s, sizeof(s)));
	for (uint32_t i = 0; i < rep->n6; i++)
		buf_printf(b, " %s", inet_ntop(AF_INET6, rep->a6[i], s, sizeof(s)));
	buf_u8(b, '\n');
}

void
hostfile_text(struct buf *out, const struct hostcache *h)
{
	hostcache_each(h, put_host, out);
}

static int
take_address(struct resolve_rep *rep, const char *word)
{
	struct resolve_rep one;

	if (!host_numeric(word, &one) || rep->n4 == 8 || rep->n6 == 8)
		return -1;
	if (one.n4 > 0)
		memcpy(rep->a4[rep->n4++], one.a4[0], 4);
	else
		memcpy(rep->a6[rep->n6++], one.a6[0], 16);
	return 0;
}

static int
take_line(struct hostcache *h, char *line)
{
	struct resolve_rep rep = { .status = ST_OK };
	char *host, *word, *save = NULL;
	const char *fault = NULL;
	long long until;

	host = strtok_r(line, " ", &save);
	word = strtok_r(NULL, " ", &save);
	if (host == NULL || word == NULL || !host_plausible(host, strlen(host)))
		return -1;
	until = strtonum(word, 0, INT64_MAX / 2, &fault);
	if (fault != NULL)
		return -1;
	while ((word = strtok_r(NULL, " ", &save)) != NULL)
		if (take_address(&rep, word) == -1)
			return -1;
	if (rep.n4 + rep.n6 == 0)
		return -1;
	hostcache_restore(h, host, &rep, until);
	return 0;
}

int
hostfile_parse(struct hostcache *h, char *text)
{
	char *line, *save = NULL;
	int rc = 0;

	for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		if (take_line(h, line) == -1)
			rc = -1;
	return rc;
}

void
hostfile_load(struct hostcache *h, int dirfd)
{
	struct buf b = { 0 };
	ssize_t n = 0;
	int fd = openat(dirfd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return;
	do {
		n = read(fd, buf_space(&b, 65536), 65536);
		b.len -= 65536 - (size_t)(n > 0 ? n : 0);
	} while (n > 0 && b.len < MAX_FILE);
	close(fd);
	if (n == -1 || hostfile_parse(h, buf_cstr(&b)) == -1)
		log_warnx("work/dir/hosts has lines that are none: passed over");
	buf_free(&b);
}

/* Without syncing: it is only a cache. */
void
hostfile_save(const struct hostcache *h, int dirfd)
{
	struct buf b = { 0 };
	int fd;

	hostfile_text(&b, h);
	if (unlinkat(dirfd, NEW_NAME, 0) == -1 && errno != ENOENT)
		log_warn("work/dir/%s", NEW_NAME);
	fd = openat(dirfd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || (b.len > 0 && write(fd, b.p, b.len) != (ssize_t)b.len) ||
	    renameat(dirfd, NEW_NAME, dirfd, FILE_NAME) == -1)
		log_warn("work/dir/%s", FILE_NAME);
	if (fd != -1)
		close(fd);
	buf_free(&b);
}
