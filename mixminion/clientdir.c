#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clientdir.h"
#include "home.h"
#include "io.h"
#include "log.h"
#include "unknown.h"

#define PACKET_VERSION "0.3"
#define KEPT_FOR       (7 * 86400) /* seconds behind its end, if there is no newer one */

static void
add_known(struct clientdir *cd, const struct desc *d)
{
	cd->all = reallocarray(cd->all, cd->nall + 1, sizeof(*cd->all));
	if (cd->all == NULL)
		fatal("out of memory");
	cd->all[cd->nall++] = d;
}

static void
add_own(struct clientdir *cd, struct desc *d)
{
	cd->own = reallocarray(cd->own, cd->nown + 1, sizeof(*cd->own));
	if (cd->own == NULL)
		fatal("out of memory");
	cd->own[cd->nown++] = d;
	add_known(cd, d);
}

static void
warn(struct clientdir *cd, const char *text)
{
	if (cd->warn != NULL)
		cd->warn(text);
}

static char *
below(const struct client_conf *conf, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", conf->user_dir, name) == -1)
		fatal("out of memory");
	return path;
}

/* --- the directory --- */

/*
 * The signers that count: the configured ones, else those that the directory itself names, which
 * protects against accidents only. Returns how many; the caller frees *out.
 */
static size_t
trusted_signers(const struct opt_list *conf, const struct directory *d, uint8_t (**out)[HASH_LEN])
{
	size_t n = conf->n > 0 ? conf->n : d->status == DIR_OLD ? d->nsigs : d->nvoters;

	*out = calloc(n + 1, HASH_LEN);
	if (*out == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		if (conf->n > 0)
			(void)hex_decode((*out)[i], HASH_LEN, conf->v[i], strlen(conf->v[i]));
		else
			memcpy((*out)[i], d->status == DIR_OLD ? d->sigs[i].fingerprint :
				d->voters[i].fingerprint, HASH_LEN);
	}
	return n;
}

int
clientdir_check(const struct client_conf *conf, const struct directory *d, int64_t now,
    struct errmsg *e)
{
	uint8_t (*trusted)[HASH_LEN];
	size_t n = trusted_signers(&conf->trusted, d, &trusted);
	int rv = directory_check(d, (const uint8_t (*)[HASH_LEN])trusted, n, now,
	    conf->allow_old_directory, e);

	free(trusted);
	return rv;
}

void
clientdir_signers(const struct clientdir *cd, struct buf *names)
{
	uint8_t (*trusted)[HASH_LEN];
	size_t n;

	if (cd->dir == NULL)
		return;
	n = trusted_signers(&cd->conf->trusted, cd->dir, &trusted);
	(void)directory_signers(cd->dir, (const uint8_t (*)[HASH_LEN])trusted, n, names, NULL);
	free(trusted);
}

/* The last good one goes on for some days when the directory servers do not. */
static int
has_just_ended(struct clientdir *cd, const struct directory *d, int64_t now)
{
	struct errmsg e;
	char day[11];

	if (d->status == DIR_VOTE || now <= d->valid_until || now > d->valid_until + KEPT_FOR)
		return 0;
	fmt_date(day, d->valid_until);
	err_set(&e,
	    "the directory has expired (it was valid until %s) and is used for want of a newer one",
	    day);
	warn(cd, e.s);
	return 1;
}

static int
use_directory(struct clientdir *cd, struct directory *d, int64_t now, struct errmsg *e)
{
	/* Of one that has just ended, all but its dates. */
	int64_t at = has_just_ended(cd, d, now) ? d->valid_until : now;

	if (clientdir_check(cd->conf, d, at, e) == -1)
		return -1;
	if (cd->conf->trusted.n == 0)
		warn(cd, "the directory's signers are not compared with any that you trust: set "
		    "DirectoryServer");
	cd->dir = d;
	for (size_t i = 0; i < d->nservers; i++)
		add_known(cd, d->servers[i]);
	return 0;
}

/* 1 if there was a file of that name, usable or not. */
static int
read_directory(struct clientdir *cd, const char *name, int64_t now)
{
	char *path = below(cd->conf, name);
	struct directory *d = NULL;
	struct buf b = { 0 };
	struct errmsg e, why;
	struct stat st;
	int found = stat(path, &st) == 0 || errno != ENOENT;

	if (found && input_read(path, &b, DIRECTORY_MAX_LEN, &e) == 0)
		d = directory_parse_any(b.p, b.len, now, &e);
	if (found && (d == NULL || use_directory(cd, d, now, &e) == -1)) {
		err_set(&why, "%.200s is not used: %.280s", path, e.s);
		warn(cd, why.s);
		directory_free(d);
		free(cd->why_no_dir);
		if ((cd->why_no_dir = strdup(why.s)) == NULL)
			fatal("out of memory");
	}
	buf_free(&b);
	free(path);
	return found;
}

/* --- descriptors in files --- */

static struct desc *
read_desc(const char *path, int64_t now, struct errmsg *e)
{
	struct buf b = { 0 }, text = { 0 };
	struct errmsg why;
	struct desc *d = NULL;

	if (input_read(path, &b, DESC_MAX_LEN, e) == 0) {
		if (b.len < 2 || b.p[0] != 0x1f || b.p[1] != 0x8b)
			d = desc_parse((const char *)b.p, b.len, now, &why);
		else if (directory_gunzip(&text, b.p, b.len, &why) == 0)
			d = desc_parse((const char *)text.p, text.len, now, &why);
		if (d == NULL)
			err_set(e, "%.200s: not a good descriptor: %.280s", path, why.s);
	}
	buf_free(&text);
	buf_free(&b);
	return d;
}

static void
read_imported(struct clientdir *cd, int64_t now)
{
	char *dir = below(cd->conf, "imported"), *path;
	DIR *list = opendir(dir);
	struct dirent *de;
	struct desc *d;
	struct errmsg e;

	while (list != NULL && (de = readdir(list)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", dir, de->d_name) == -1)
			fatal("out of memory");
		if ((d = read_desc(path, now, &e)) != NULL)
			add_own(cd, d);
		else
			warn(cd, e.s);
		free(path);
	}
	if (list != NULL)
		closedir(list);
	cd->nimported = cd->nown;
	free(dir);
}

struct clientdir *
clientdir_open(const struct client_conf *conf, int64_t now, client_warn say)
{
	struct clientdir *cd = calloc(1, sizeof(*cd));

	if (cd == NULL)
		fatal("out of memory");
	cd->conf = conf;
	cd->warn = say;
	if (!read_directory(cd, "dir.gz", now))
		(void)read_directory(cd, "dir", now);
	read_imported(cd, now);
	return cd;
}

void
clientdir_free(struct clientdir *cd)
{
	if (cd == NULL)
		return;
	for (size_t i = 0; i < cd->nown; i++)
		desc_free(cd->own[i]);
	directory_free(cd->dir);
	free(cd->own);
	free(cd->all);
	free(cd->why_no_dir);
	free(cd);
}

/* --- looking for servers --- */

/* Why d does not serve from start to end; NULL if it does. */
static const char *
unusable(const struct desc *d, int64_t start, int64_t end)
{
	if (!protocol_listed(d->packet_versions, PACKET_VERSION))
		return "speaks no packet format that we know";
	if (d->valid_until < start)
		return "has expired";
	if (d->valid_after > start)
		return "is not valid yet";
	return d->valid_until < end ? "expires too soon" : NULL;
}

/*
 * Where among all the descriptors of that nickname can begin, and where those of the directory that
 * is sorted have ended: *next is where to go on behind them.
 */
static size_t
first_of(const struct clientdir *cd, const char *nickname, size_t *next)
{
	size_t lo = 0, hi = cd->dir != NULL && cd->dir->status != DIR_OLD ? cd->dir->nservers : 0;

	*next = hi;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcasecmp(cd->all[mid]->nickname, nickname) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct desc *
clientdir_find(const struct clientdir *cd, const char *nickname, int64_t start, int64_t end,
    struct errmsg *e)
{
	const struct desc *best = NULL;
	const char *why = NULL;
	size_t next, i = first_of(cd, nickname, &next);

	for (; i < cd->nall; i++) {
		const struct desc *d = cd->all[i];
		const char *fault;

		if (strcasecmp(d->nickname, nickname) != 0) {
			if (i < next)
				i = next - 1; /* the sorted ones are past */
			continue;
		}
		fault = unusable(d, start, end);
		if (fault != NULL)
			why = fault;
		else if (best == NULL || d->published > best->published)
			best = d;
	}
	if (best != NULL)
		return best;
	if (why != NULL)
		err_set(e, "the descriptor of server %.64s %s", nickname, why);
	else
		unknown_server(e, cd, nickname);
	return NULL;
}

const struct desc *
clientdir_by_keyid(const struct clientdir *cd, const uint8_t keyid[HASH_LEN])
{
	const struct desc *newest = NULL;

	for (size_t i = 0; i < cd->nall; i++)
		if (memcmp(cd->all[i]->keyid, keyid, HASH_LEN) == 0 &&
		    (newest == NULL || cd->all[i]->published > newest->published))
			newest = cd->all[i];
	return newest;
}

const struct desc *
clientdir_read(struct clientdir *cd, const char *path, int64_t start, int64_t end, int64_t now,
    struct errmsg *e)
{
	struct desc *d = read_desc(path, now, e);
	const char *why;

	if (d == NULL)
		return NULL;
	if ((why = unusable(d, start, end)) != NULL) {
		err_set(e, "%.200s: the descriptor of server %s %s", path, d->nickname, why);
		desc_free(d);
		return NULL;
	}
	add_own(cd, d);
	return d;
}

static int
listed(const struct opt_list *l, const char *nickname)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcasecmp(l->v[i], nickname) == 0)
			return 1;
	return 0;
}

int
clientdir_blocked(const struct clientdir *cd, const char *nickname, enum block_kind kind)
{
	const struct opt_list *lists[] = { &cd->conf->block_servers, &cd->conf->block_entries,
		&cd->conf->block_exits };

	return listed(lists[kind], nickname);
}

int
clientdir_imported(const struct clientdir *cd, const char *nickname)
{
	for (size_t i = 0; i < cd->nimported; i++)
		if (strcasecmp(cd->own[i]->nickname, nickname) == 0)
			return 1;
	return 0;
}

int
clientdir_recommended(const struct clientdir *cd, const char *nickname)
{
	if (clientdir_imported(cd, nickname))
		return 1;
	return cd->dir != NULL && directory_recommends(cd->dir, nickname);
}

size_t
clientdir_live(const struct clientdir *cd, int64_t start, int64_t end, const struct desc ***out)
{
	size_t n = 0;

	*out = calloc(cd->nall + 1, sizeof(**out));
	if (*out == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < cd->nall; i++) {
		const struct desc *d = cd->all[i];

		if (clientdir_recommended(cd, d->nickname) &&
		    !clientdir_blocked(cd, d->nickname, BLOCK_SERVER) &&
		    clientdir_find(cd, d->nickname, start, end, NULL) == d)
			(*out)[n++] = d;
	}
	return n;
}

/* --- importing --- */

/* A nickname stays with its identity (dir-spec 3.1). */
static int
check_identity(const struct client_conf *conf, const struct desc *d, int64_t now, struct errmsg *e)
{
	struct clientdir *cd = clientdir_open(conf, now, NULL);
	int rv = 0;

	for (size_t i = 0; rv == 0 && i < cd->nall; i++)
		if (strcasecmp(cd->all[i]->nickname, d->nickname) == 0 &&
		    memcmp(cd->all[i]->keyid, d->keyid, HASH_LEN) != 0)
			rv = err_set(e, "another server is known by the name %s", d->nickname);
	clientdir_free(cd);
	return rv;
}

static int
store_imported(const struct client_conf *conf, const struct desc *d, struct errmsg *e)
{
	char dir[PATH_MAX], hex[2 * HASH_LEN + 1], *path;
	struct home h;
	int rv;

	if (home_open(&h, conf->user_dir, e) == -1 ||
	    home_subdir(&h, "imported", dir, e) == -1)
		return -1;
	hex_encode(hex, d->digest, HASH_LEN);
	/* The same descriptor again is the same file again. */
	if (asprintf(&path, "%s/%s-%.16s", dir, d->nickname, hex) == -1)
		fatal("out of memory");
	rv = output_write(path, d->text, d->textlen, e);
	free(path);
	home_close(&h);
	return rv;
}

int
clientdir_import(const struct client_conf *conf, const char *path, int64_t now,
    char nickname[MAX_NICKNAME + 1], struct errmsg *e)
{
	struct desc *d = read_desc(path, now, e);
	int rv;

	if (d == NULL)
		return -1;
	strlcpy(nickname, d->nickname, MAX_NICKNAME + 1);
	if (d->valid_until < now)
		rv = err_set(e, "%.200s: the descriptor of server %s has expired", path,
		    d->nickname);
	else if (check_identity(conf, d, now, e) == -1)
		rv = -1;
	else
		rv = store_imported(conf, d, e);
	desc_free(d);
	return rv;
}
