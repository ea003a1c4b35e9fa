/*
 * Fetching the consensus: the servers in random order until one has a directory that is good, not
 * older than the one that is held, and valid. What comes is written beside it, octets as they are,
 * looked at by the parser, and only then put in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "fetch.h"
#include "schedule.h"
#include "urls.h"

#define FETCH_MAX   (16 * 1024 * 1024) /* octets, compressed */
#define FETCH_S	    600 /* for the whole, of a fetch a day; less where it is more often */
#define FETCH_LEAST 10
#define TOO_OFTEN_S 3600 /* after a directory that the parser did not survive */
#define LOOK_MS	    (3600 * 1000)
#define DAY	    86400

#define HELD_FILE    "dir.gz"
#define NEW_FILE     "fetch.new" /* while it comes */
#define CHECKED_FILE "fetch.check" /* while the parser reads it */
#define SOURCE_FILE  "fetch.source" /* where the held one came from, and its Last-Modified */

struct fetch {
	struct daemon *d;
	struct http *http;
	struct parser *parser;
	int dirfd;
	void (*stored)(void *arg);
	void *arg;
	struct loop_timer *timer;
	int64_t due; /* when it is to be done next; 0: not at all */
	int64_t after, until; /* of the directory that is held */
	int started, busy;
	unsigned failures; /* in a row */
	struct opt_list urls; /* of this round, in the order in which they are asked */
	size_t at;
	int fd; /* of what is coming, -1: nothing is, or it cannot be written */
	int64_t last_modified; /* of what came */
	char *source; /* where the held one came from; NULL: not known */
	int64_t source_modified;
	struct log_state trouble;
};

static void next_server(struct fetch *f);

/* --- the clock --- */

/* Looked at once an hour at least: the clock may be set. */
static void
set_timer(struct fetch *f)
{
	int64_t ms = (f->due - daemon_now()) * 1000;

	if (ms > LOOK_MS)
		ms = LOOK_MS;
	loop_timer_set(f->timer, f->due == 0 ? -1 : ms < 0 ? 0 : ms);
}

/* Further away than any plan: the clock was set back. */
static int
far_off(const struct fetch *f)
{
	return f->due > daemon_now() + f->d->conf->fetch_interval + 2 * DAY;
}

static void
round_over(struct fetch *f, int good)
{
	int64_t now = daemon_now(), interval = f->d->conf->fetch_interval;

	f->busy = 0;
	opt_list_free(&f->urls);
	if (good) {
		f->failures = 0;
		f->due = schedule_fetch(now, f->until, interval, &rng_system);
		log_again(&f->trouble);
	} else {
		count(C_FETCHES_FAILED);
		f->due = now + schedule_fetch_retry(++f->failures, interval, &rng_system);
		if (log_once(&f->trouble))
			log_warnx("no directory server gave a good directory: %s",
			    f->until == 0 ? "there is none" : "the last good one is kept");
	}
	set_timer(f);
}

/* --- where the held one came from --- */

static void
read_source(struct fetch *f)
{
	char text[URL_MAX + 64], *lf;
	const char *fault = NULL;
	ssize_t n;
	int fd = openat(f->dirfd, SOURCE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	if ((lf = strchr(text, '\n')) == NULL)
		return;
	*lf = '\0';
	lf[1 + strcspn(lf + 1, "\n")] = '\0';
	f->source_modified = strtonum(lf + 1, 1, INT64_MAX / 2, &fault);
	if (fault == NULL && (f->source = strdup(text)) == NULL)
		fatal("fetch");
}

/* Without syncing: a source that is lost means one fetch more. */
static void
write_source(struct fetch *f, const char *url)
{
	char text[URL_MAX + 64];
	int fd, len;

	free(f->source);
	f->source = NULL;
	if (unlinkat(f->dirfd, SOURCE_FILE, 0) == -1 && errno != ENOENT)
		log_warn("work/dir/" SOURCE_FILE);
	if (f->last_modified == 0)
		return;
	if ((f->source = strdup(url)) == NULL)
		fatal("fetch");
	f->source_modified = f->last_modified;
	len = snprintf(text, sizeof(text), "%s\n%lld\n", url, (long long)f->last_modified);
	fd = openat(f->dirfd, SOURCE_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, text, (size_t)len) != len)
		log_warn("work/dir/" SOURCE_FILE);
	if (fd != -1)
		close(fd);
}

/* --- one server --- */

/* Why this server is of no use this time; on to the next. */
static void
passed_over(struct fetch *f, const char *why)
{
	log_info("%s: %s", f->urls.v[f->at], why);
	f->at++;
	next_server(f);
}

static void
put_in_place(struct fetch *f, const struct parse_rep *rep)
{
	/* A directory that was put there uncompressed by hand would be taken for nothing. */
	if (renameat(f->dirfd, CHECKED_FILE, f->dirfd, HELD_FILE) == -1 || fsync(f->dirfd) == -1) {
		log_warn("work/dir/" HELD_FILE);
		(void)unlinkat(f->dirfd, CHECKED_FILE, 0);
		passed_over(f, "its directory cannot be stored");
		return;
	}
	count(C_DIRECTORIES_FETCHED);
	log_info("a new directory of %u servers, signed by %s", (unsigned)rep->nservers, rep->why);
	write_source(f, f->urls.v[f->at]);
	f->after = rep->valid_after;
	f->until = rep->valid_until;
	f->stored(f->arg);
	round_over(f, 1);
}

static void
on_parsed(void *arg, const struct parse_rep *rep, struct hostlist *hosts)
{
	struct fetch *f = arg;

	(void)hosts; /* read again where it lies then */
	if (rep->outcome == PARSE_GOOD && rep->is_directory && rep->valid_after >= f->after) {
		put_in_place(f, rep);
		return;
	}
	(void)unlinkat(f->dirfd, CHECKED_FILE, 0);
	count(C_DIRECTORIES_REFUSED);
	passed_over(f, rep->outcome != PARSE_GOOD ? rep->why :
		!rep->is_directory ? "not a directory" : "older than the directory that is held");
}

/* 1 if what came lies on the disk for the parser. */
static int
whole(struct fetch *f)
{
	int good = f->fd != -1 && fsync(f->fd) == 0;

	if (!good && f->fd != -1)
		log_warn("work/dir/" NEW_FILE);
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	if (good && renameat(f->dirfd, NEW_FILE, f->dirfd, CHECKED_FILE) == -1) {
		log_warn("work/dir/" CHECKED_FILE);
		good = 0;
	}
	return good;
}

static void
check_clock(const struct fetch *f, int64_t date)
{
	int64_t skew = daemon_now() - date;

	if (date != 0 && (skew > f->d->conf->max_skew || -skew > f->d->conf->max_skew))
		log_warnx("this clock is %lld seconds %s that of %s: with a wrong clock keys and "
		    "directories look expired", (long long)(skew < 0 ? -skew : skew),
		    skew > 0 ? "ahead of" : "behind", f->urls.v[f->at]);
}

static void
on_data(void *arg, const void *p, size_t len)
{
	struct fetch *f = arg;

	if (f->fd == -1 || write(f->fd, p, len) == (ssize_t)len)
		return;
	log_warn("work/dir/" NEW_FILE);
	close(f->fd);
	f->fd = -1;
}

static void
on_done(void *arg, const struct http_rep *rep)
{
	struct fetch *f = arg;

	check_clock(f, rep->date);
	if (rep->outcome == HTTP_GOT) {
		f->last_modified = rep->last_modified;
		if (whole(f))
			parser_file(f->parser, CHECKED_FILE, 1, on_parsed, f);
		else
			passed_over(f, "its directory cannot be stored");
		return;
	}
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	(void)unlinkat(f->dirfd, NEW_FILE, 0);
	if (rep->outcome == HTTP_FAILED) {
		passed_over(f, rep->why);
		return;
	}
	count(C_FETCHES_UNCHANGED);
	if (f->until > daemon_now())
		round_over(f, 1);
	else
		passed_over(f, "it has nothing newer than the directory that has expired");
}

static uint32_t
patience(const struct fetch *f)
{
	int64_t s = f->d->conf->fetch_interval / (DAY / FETCH_S);

	return s < FETCH_LEAST ? FETCH_LEAST : s > FETCH_S ? FETCH_S : (uint32_t)s;
}

static void
next_server(struct fetch *f)
{
	const struct http_calls calls = { on_data, on_done, f };
	const char *url;

	if (f->at == f->urls.n) {
		round_over(f, 0);
		return;
	}
	url = f->urls.v[f->at];
	(void)unlinkat(f->dirfd, NEW_FILE, 0);
	f->fd = openat(f->dirfd, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (f->fd == -1)
		log_warn("work/dir/" NEW_FILE);
	http_get(f->http, url, FETCH_MAX, patience(f),
	    f->source != NULL && strcmp(f->source, url) == 0 ? f->source_modified : 0, &calls);
}

static void
shuffle(struct opt_list *l)
{
	for (size_t i = l->n; i > 1; i--) {
		size_t j = rng_below(&rng_system, (uint32_t)i);
		char *s = l->v[i - 1];

		l->v[i - 1] = l->v[j];
		l->v[j] = s;
	}
}

static void
on_timer(void *arg)
{
	struct fetch *f = arg;

	if (f->busy || f->due == 0)
		return;
	if (f->due > daemon_now() && !far_off(f)) {
		set_timer(f);
		return;
	}
	count(C_FETCHES);
	f->busy = 1;
	f->at = 0;
	urls_fetch(&f->urls, f->d->conf);
	shuffle(&f->urls);
	next_server(f);
}

/* --- from outside --- */

struct fetch *
fetch_new(struct daemon *d, struct http *h, struct parser *p, int dirfd, void (*stored)(void *arg),
    void *arg)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		fatal("fetch");
	f->d = d;
	f->http = h;
	f->parser = p;
	f->dirfd = dirfd;
	f->stored = stored;
	f->arg = arg;
	f->fd = -1;
	f->timer = loop_timer(d->loop, on_timer, f);
	read_source(f);
	return f;
}

/* Whom to believe is the least that has to be known. */
static int
wanted(const struct fetch *f)
{
	return f->d->conf->directory_servers.n > 0;
}

static void
plan_first(struct fetch *f)
{
	int64_t now = daemon_now();

	f->due = 0;
	if (wanted(f))
		f->due = schedule_first(now, f->until, f->d->conf->fetch_interval, &rng_system);
	/* The last one was fatal. */
	if (f->due != 0 && unlinkat(f->dirfd, CHECKED_FILE, 0) == 0) {
		log_warnx("the end came while a fetched directory was looked at: the next in an "
		    "hour");
		f->due = now + TOO_OFTEN_S;
	}
	set_timer(f);
}

void
fetch_held(struct fetch *f, int64_t after, int64_t until)
{
	f->after = after;
	f->until = until;
	if (f->started)
		return;
	f->started = 1;
	if (!wanted(f))
		log_info("no DirectoryServer is in the configuration: no directory is fetched");
	plan_first(f);
}

void
fetch_reload(struct fetch *f)
{
	if (f->started && !f->busy)
		plan_first(f);
}

void
fetch_queue(const struct fetch *f, struct buf *out)
{
	buf_printf(out, "directory-valid-until %lld\ndirectory-fetch-due %lld\n",
	    (long long)f->until, (long long)f->due);
}
