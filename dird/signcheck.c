#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "dirtext.h"
#include "signcheck.h"

#define KEPT_LINES 60

/* Walks lines that have to be exactly these. */
struct walk {
	const char *p, *end;
	struct errmsg *e;
	int bad;
};

/* The next line without its LF; its length. */
static size_t
line_len(const struct walk *w)
{
	const char *lf;

	if (w->p == w->end)
		return 0; /* an empty text may be no pointer at all */
	lf = memchr(w->p, '\n', (size_t)(w->end - w->p));
	return lf == NULL ? 0 : (size_t)(lf - w->p);
}

static int
is_line(const struct walk *w, const char *want)
{
	size_t n = line_len(w);

	return n > 0 && strlen(want) == n && memcmp(w->p, want, n) == 0;
}

static int
begins(const struct walk *w, const char *want)
{
	return line_len(w) >= strlen(want) && memcmp(w->p, want, strlen(want)) == 0;
}

static void
skip(struct walk *w)
{
	w->p += line_len(w) + 1;
}

static void
want(struct walk *w, const char *line)
{
	if (!w->bad && !is_line(w, line)) {
		w->bad = 1;
		err_set(w->e, "to be signed: \"%.100s\" does not stand where it should", line);
	}
	if (!w->bad)
		skip(w);
}

static void
want_dates(struct walk *w, const struct cycle *c)
{
	char date[11], line[32];

	fmt_date(date, cycle_valid_after(c));
	snprintf(line, sizeof(line), "Valid-After: %s", date);
	want(w, line);
	fmt_date(date, cycle_valid_after(c) + DIRD_DAY);
	snprintf(line, sizeof(line), "Valid-Until: %s", date);
	want(w, line);
	if (!w->bad && begins(w, "Recommended-Servers:"))
		skip(w);
}

static int
compare_voters(const void *a, const void *b)
{
	return voter_cmp(a, b);
}

static void
want_voters(struct walk *w, const struct dird_conf *c)
{
	struct dir_voter *sorted = calloc(c->nvoters + 1, sizeof(*sorted));
	char hex[2 * HASH_LEN + 1], line[640];

	if (sorted == NULL)
		fatal("out of memory");
	if (c->nvoters > 0)
		memcpy(sorted, c->voters, c->nvoters * sizeof(*sorted));
	qsort(sorted, c->nvoters, sizeof(*sorted), compare_voters);
	for (size_t i = 0; i < c->nvoters; i++) {
		hex_upper(hex, sorted[i].fingerprint, HASH_LEN);
		snprintf(line, sizeof(line), "Voting-Server: %s %s", hex, sorted[i].url);
		want(w, line);
	}
	free(sorted);
}

/* "vote" or "consensus"; NULL with a reason. */
static const char *
check_new(struct walk *w, const struct dird_conf *c, const struct cycle *cy)
{
	const char *kind = "vote";
	char when[20], line[64];

	want(w, "[Directory-Info]");
	want(w, "Version: " DIRECTORY_VERSION);
	if (!w->bad && is_line(w, "Status: consensus"))
		kind = "consensus";
	want(w, *kind == 'c' ? "Status: consensus" : "Status: vote");
	want_dates(w, cy);
	want_voters(w, c);
	if (cy->interval < DIRD_DAY) {
		fmt_time(when, cy->end);
		snprintf(line, sizeof(line), "Voting-Period: %s", when);
		want(w, line);
	}
	want(w, "[Recommended-Software]");
	return w->bad ? NULL : kind;
}

static const char *
check_old(struct walk *w, const struct cycle *cy)
{
	want(w, "[Directory]");
	want(w, "Version: " OLD_DIRECTORY_VERSION);
	if (!w->bad && begins(w, "Published: "))
		skip(w);
	want_dates(w, cy);
	want(w, "[Signature]");
	if (!w->bad && begins(w, "DirectoryIdentity: "))
		skip(w);
	want(w, "DirectoryDigest:");
	want(w, "DirectorySignature:");
	want(w, "[Recommended-Software]");
	return w->bad ? NULL : "old";
}

/* How many different ones of this kind and cycle there are; known: this very one is among them. */
static unsigned
count_signed(const struct buf *log, const char *kind, const char *cycle, const char *digest,
    int *known)
{
	char start[64], whole[128];
	unsigned n = 0;

	snprintf(start, sizeof(start), "%s %s ", kind, cycle);
	snprintf(whole, sizeof(whole), "%s%s", start, digest);
	*known = 0;
	for (size_t at = 0; at < log->len;) {
		const char *line = (const char *)log->p + at;
		const char *lf = memchr(line, '\n', log->len - at);
		size_t len = lf == NULL ? log->len - at : (size_t)(lf - line);

		if (len >= strlen(start) && memcmp(line, start, strlen(start)) == 0)
			n++;
		if (len == strlen(whole) && memcmp(line, whole, len) == 0)
			*known = 1;
		at += len + 1;
	}
	return n;
}

/* Old lines go. */
static void
cut_log(struct buf *log)
{
	size_t lines = 0, drop = 0;

	for (size_t i = 0; i < log->len; i++)
		lines += log->p[i] == '\n';
	for (; lines > KEPT_LINES && drop < log->len; drop++)
		lines -= log->p[drop] == '\n';
	memmove(log->p, log->p + drop, log->len - drop);
	log->len -= drop;
}

static int
note(struct signed_log *log, const char *kind, const struct cycle *cy, const char *text,
    size_t len, struct errmsg *e)
{
	char name[CYCLE_NAME_LEN], digest[2 * HASH_LEN + 1];
	uint8_t md[HASH_LEN];
	unsigned n;
	int known;

	sha1(md, text, len);
	hex_encode(digest, md, HASH_LEN);
	cycle_name(name, cy);
	n = count_signed(&log->text, kind, name, digest, &known);
	if (known)
		return 0;
	if (n >= (*kind == 'v' ? 1 : 2))
		return err_set(e, "another %s of %s was signed already", kind, name);
	buf_printf(&log->text, "%s %s %s\n", kind, name, digest);
	cut_log(&log->text);
	return 0;
}

int
signcheck(struct signed_log *log, const char *text, size_t len, int old,
    const struct dird_conf *c, int64_t now, struct errmsg *e)
{
	struct cycle cy = cycle_at(now, c->interval);

	for (int i = 0; i < 2; i++, cy.end -= cy.interval) {
		struct walk w = { text, text + len, e, 0 };
		const char *kind = old ? check_old(&w, &cy) : check_new(&w, c, &cy);

		if (kind != NULL)
			return note(log, kind, &cy, text, len, e);
	}
	return -1;
}
