/*
 * Files below B/: whole, or as they were. Any web server can serve them.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "files.h"
#include "vote.h"

#define KEPT_DAYS   7
#define KEPT_CYCLES 200 /* of short ones */
#define NAME_MAX_LEN 128

static int
publish_at(int dirfd, const char *name, const void *p, size_t len)
{
	static struct log_state trouble;
	struct errmsg e;

	if (files_publish(dirfd, name, p, len, 0644, &e) == 0) {
		log_again(&trouble);
		return 0;
	}
	if (log_once(&trouble))
		log_errorx("PublicDir: %s; what was there stays", e.s);
	return -1;
}

int
publish_file(const char *name, const void *p, size_t len)
{
	return publish_at(core.public_dir, name, p, len);
}

static int
publish_gz_at(int dirfd, const char *name, const void *p, size_t len)
{
	char file[NAME_MAX_LEN];
	struct buf gz = { 0 };
	int rc;

	snprintf(file, sizeof(file), "%s.gz", name);
	directory_gzip(&gz, p, len);
	rc = publish_at(dirfd, file, gz.p, gz.len);
	buf_free(&gz);
	return rc;
}

int
publish_gz(const char *name, const void *p, size_t len)
{
	return publish_gz_at(core.public_dir, name, p, len);
}

int
publish_old_gz(const void *p, size_t len)
{
	return publish_gz_at(core.old_dir, "Directory", p, len);
}

int
publish_read(const char *name, struct buf *text)
{
	char file[NAME_MAX_LEN];
	struct buf gz = { 0 };
	int rc;

	snprintf(file, sizeof(file), "%s.gz", name);
	rc = files_read(core.public_dir, file, &gz, DIRECTORY_MAX_LEN, NULL);
	if (rc == 0)
		rc = directory_gunzip(text, gz.p, gz.len, NULL);
	buf_free(&gz);
	return rc;
}

/* Is it a document of a cycle that is called before limit? Names sort by time. */
static int
is_old(const char *name, const char *limit)
{
	for (size_t i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? name[i] != '-' : !isdigit((unsigned char)name[i]))
			return 0;
	return strncmp(name, limit, strlen(limit)) < 0 && strstr(name, ".gz") != NULL;
}

static int
remove_old(const char *name, void *arg)
{
	if (is_old(name, arg) && unlinkat(core.public_dir, name, 0) == -1)
		log_warn("PublicDir: %s", name);
	return 0;
}

void
publish_expire(int64_t now)
{
	int64_t kept = core.conf->interval * KEPT_CYCLES;
	struct cycle c;
	char limit[CYCLE_NAME_LEN];

	if (kept > KEPT_DAYS * DIRD_DAY)
		kept = KEPT_DAYS * DIRD_DAY;
	c = cycle_at(now - kept, core.conf->interval);
	cycle_name(limit, &c);
	if (files_each(core.public_dir, ".", remove_old, limit) == -1)
		log_warn("PublicDir");
}

void
publish_raw_list(void)
{
	struct buf text = { 0 };

	vote_raw_list(&text, &core.store, daemon_now());
	publish_gz("current-raw-servers", text.p, text.len);
	buf_free(&text);
}

void
publish_page(void)
{
	struct reliability r;
	struct page_input in = { .conf = core.conf, .store = &core.store, .report = &core.report,
		.now = daemon_now() };
	struct buf text = { 0 };

	if (core_reliability(&r))
		in.reliability = &r;
	page_format(&text, &in);
	publish_file("index.html", text.p, text.len);
	buf_free(&text);
	if (in.reliability != NULL)
		reliability_free(&r);
}
