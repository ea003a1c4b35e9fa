#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "dirupdate.h"
#include "fetch.h"
#include "io.h"
#include "log.h"

#define FETCH_MAX (16UL * 1024 * 1024)
#define DAY	  86400

int
dirupdate_due(const struct client_conf *conf, int64_t now)
{
	char path[PATH_MAX];
	struct stat st;

	if (conf->server_urls.n == 0)
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/dir.gz", conf->user_dir) >= sizeof(path))
		return 0;
	return stat(path, &st) == -1 || (int64_t)st.st_mtime < now / DAY * DAY;
}

void
age_format(char *out, size_t size, int64_t seconds)
{
	long long n = seconds < 7200 ? seconds / 60 : seconds < 2 * DAY ? seconds / 3600 :
	    seconds / DAY;
	const char *unit = seconds < 7200 ? "minute" : seconds < 2 * DAY ? "hour" : "day";

	(void)snprintf(out, size, "%lld %s%s", n, unit, n == 1 ? "" : "s");
}

/* A base B/ means B/current.gz (dir-spec 5.1); what ends in .gz is the file itself. */
static void
file_url(char *out, size_t size, const char *url)
{
	size_t len = strlen(url);

	if (len > 3 && strcmp(url + len - 3, ".gz") == 0)
		(void)strlcpy(out, url, size);
	else
		(void)snprintf(out, size, "%s%scurrent.gz", url,
		    len > 0 && url[len - 1] == '/' ? "" : "/");
}

static void
check_clock(const struct client_conf *conf, int64_t date, int64_t now, client_warn say)
{
	int64_t skew = now > date ? now - date : date - now;
	char text[32];
	struct errmsg e;

	if (date == 0 || skew <= conf->max_skew || say == NULL)
		return;
	age_format(text, sizeof(text), skew);
	(void)err_set(&e,
	    "this clock is %s %s the directory server's: with a wrong clock keys look expired "
	    "and reply blocks are",
	    text, now > date ? "ahead of" : "behind");
	say(e.s);
}

/* An old one, served again, would bring back keys and servers that are gone. */
static int
check_newer(const struct client_conf *conf, const struct directory *d, int64_t now,
    struct errmsg *e)
{
	struct clientdir *cd = clientdir_open(conf, now, NULL);
	int older = cd->dir != NULL && (d->valid_after < cd->dir->valid_after ||
	    (d->valid_after == cd->dir->valid_after && d->published < cd->dir->published));

	clientdir_free(cd);
	return older ? err_set(e, "older than the directory that is here already") : 0;
}

static int
store(const struct home *h, const struct buf *b, struct errmsg *e)
{
	char path[PATH_MAX];

	if (home_path(h, "dir.gz", path, e) == -1)
		return -1;
	return output_write(path, b->p, b->len, e);
}

static int
verify(const struct client_conf *conf, const struct buf *b, int64_t now, struct errmsg *e)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b };
	struct directory *d;
	int r;

	if (b->len < sizeof(gzip) || memcmp(b->p, gzip, sizeof(gzip)) != 0)
		return err_set(e, "not a gzip file");
	if ((d = directory_parse_any(b->p, b->len, now, e)) == NULL)
		return -1;
	r = clientdir_check(conf, d, now, e);
	if (r == 0)
		r = check_newer(conf, d, now, e);
	directory_free(d);
	return r;
}

static int
update_from(const struct client_conf *conf, const struct home *h, const char *base, int64_t now,
    client_warn say, struct errmsg *e)
{
	char url[1024];
	struct fetched f;
	struct errmsg why;
	int r;

	file_url(url, sizeof(url), base);
	r = fetch_url(&f, url, FETCH_MAX, conf->dir_timeout, e);
	if (r == 0) {
		check_clock(conf, f.date, now, say);
		r = verify(conf, &f.body, now, &why);
		if (r == -1)
			(void)err_set(e, "%.200s: %.280s", url, why.s);
		else
			r = store(h, &f.body, e);
	}
	buf_free(&f.body);
	return r;
}

/* No server is everybody's first. The caller frees it. */
static size_t *
random_order(size_t n)
{
	size_t *order = calloc(n, sizeof(*order));

	if (order == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		size_t j = rng_below(&rng_system, (uint32_t)(i + 1));

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

int
dirupdate(const struct client_conf *conf, const struct home *h, int64_t now, client_warn say,
    struct errmsg *e)
{
	size_t n = conf->server_urls.n, *order;
	int r = -1;

	if (n == 0)
		return err_set(e, "no DirectoryServer or ServerURL is in the configuration to "
		    "fetch from");
	order = random_order(n);
	for (size_t i = 0; r == -1 && i < n; i++) {
		r = update_from(conf, h, conf->server_urls.v[order[i]], now, say, e);
		if (r == -1 && say != NULL && i + 1 < n)
			say(e->s);
	}
	free(order);
	return r;
}
