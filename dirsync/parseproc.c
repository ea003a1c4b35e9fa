/*
 * The parser: no network, no file that it could write. It reads what lies in work/dir, says what it
 * is worth, and names its hosts.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "parse.h"

static int dirfd_;

/* 0; -1 with errno: EFBIG is more than max octets. */
static int
read_file(const char *name, size_t max, struct buf *b)
{
	int fd = openat(dirfd_, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	do {
		n = read(fd, buf_space(b, 65536), 65536);
		b->len -= 65536 - (size_t)(n > 0 ? n : 0);
	} while (n > 0 && b->len <= max);
	close(fd);
	if (b->len > max)
		errno = EFBIG;
	return n == 0 ? 0 : -1;
}

static void
send_hosts(uint32_t id, const struct hostlist *l)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		if (b.len + strlen(l->v[i]) + 1 > IPC_MAX_BODY) {
			child_send(CV_HOSTS, id, b.p, b.len);
			buf_reset(&b);
		}
		buf_printf(&b, "%s\n", l->v[i]);
	}
	if (b.len > 0)
		child_send(CV_HOSTS, id, b.p, b.len);
	buf_free(&b);
}

static void
do_parse(uint32_t id, const uint8_t *body, size_t len)
{
	struct hostlist l = { NULL, 0 };
	struct parse_rep rep = { .outcome = PARSE_BAD };
	struct buf b = { 0 };
	struct parse_req q;

	if (len != sizeof(q))
		fatalx("a malformed request of the front's");
	memcpy(&q, body, sizeof(q));
	if (memchr(q.name, '\0', sizeof(q.name)) == NULL || q.ntrusted > MAX_TRUSTED)
		fatalx("a malformed request of the front's");
	if (read_file(q.name, DIRECTORY_MAX_LEN, &b) == -1) {
		if (errno == ENOENT)
			rep.outcome = PARSE_ABSENT;
		strlcpy(rep.why, strerror(errno), WHY_LEN);
	} else {
		parse_document(&l, &rep, b.p, b.len, &q);
	}
	buf_free(&b);
	hostlist_unique(&l);
	send_hosts(id, &l);
	hostlist_free(&l);
	child_send(CV_PARSED, id, &rep, sizeof(rep));
}

static void
do_reply(uint32_t id, const uint8_t *body, size_t len)
{
	struct reply_rep rep;

	parse_reply(&rep, (const char *)body, len);
	child_send(CV_REPLIED, id, &rep, sizeof(rep));
}

static void
run(struct daemon *d, const void *arg)
{
	static struct child_record rec;
	const struct sandbox_path paths[] = { { arg, SB_READ } };
	size_t len;

	dirfd_ = daemon_opendir(arg);
	daemon_confine(d, ROLE_DIRSYNC_PARSE, paths, 1);
	for (;;) {
		len = child_receive(&rec);
		if (rec.hdr.type == CV_PARSE)
			do_parse(rec.hdr.id, rec.body, len);
		else if (rec.hdr.type == CV_REPLY)
			do_reply(rec.hdr.id, rec.body, len);
		else
			fatalx("a request of the front's that is none");
	}
}

int
parseproc_start(struct daemon *d, const char *dir)
{
	return child_start(d, "dirsync-parse", run, dir);
}
