#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "downlog.h"
#include "io.h"
#include "ui.h"

#define DOWN_FILE "down"
#define FILE_MAX  (1024UL * 1024)
#define KEEP	  (60 * 86400)

struct entry {
	uint8_t keyid[HASH_LEN];
	int64_t since, tried;
};

/* "KEYID SINCE TRIED"; 0 if it is not such a line. */
static int
parse_line(struct entry *en, const char *line)
{
	long long since, tried;
	char hex[2 * HASH_LEN + 1], more;

	if (sscanf(line, "%40s %lld %lld%c", hex, &since, &tried, &more) != 3 ||
	    hex_decode(en->keyid, HASH_LEN, hex, strlen(hex)) == -1)
		return 0;
	en->since = since;
	en->tried = tried;
	return since > 0 && tried >= since;
}

/* Calls fn for each entry; a file that is not there, or of another making, has none. */
static void
each(const struct home *h, void (*fn)(const struct entry *, void *), void *arg)
{
	char path[PATH_MAX], *line, *rest;
	struct buf text = { 0 };
	struct entry en;

	if (home_path(h, DOWN_FILE, path, NULL) == 0 &&
	    input_read(path, &text, FILE_MAX, NULL) == 0)
		for (line = strtok_r(buf_cstr(&text), "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest))
			if (parse_line(&en, line))
				fn(&en, arg);
	buf_free(&text);
}

struct wanted {
	const uint8_t *keyid;
	int64_t since;
};

static void
find(const struct entry *en, void *arg)
{
	struct wanted *w = arg;

	if (memcmp(en->keyid, w->keyid, HASH_LEN) == 0)
		w->since = en->since;
}

int64_t
downlog_since(const struct home *h, const uint8_t keyid[HASH_LEN])
{
	struct wanted w = { keyid, 0 };

	each(h, find, &w);
	return w.since;
}

struct rewriting {
	struct buf out;
	const uint8_t *keyid; /* left out */
	int64_t now;
};

static void
put(struct buf *out, const struct entry *en)
{
	char hex[2 * HASH_LEN + 1];

	hex_encode(hex, en->keyid, HASH_LEN);
	buf_printf(out, "%s %lld %lld\n", hex, (long long)en->since, (long long)en->tried);
}

static void
keep(const struct entry *en, void *arg)
{
	struct rewriting *r = arg;

	if (memcmp(en->keyid, r->keyid, HASH_LEN) != 0 && r->now - en->tried < KEEP)
		put(&r->out, en);
}

void
downlog_note(struct home *h, const uint8_t keyid[HASH_LEN], int up, int64_t now)
{
	struct rewriting r = { .keyid = keyid, .now = now };
	struct entry en = { .tried = now };
	char path[PATH_MAX];
	struct errmsg e;

	if (home_lock(h, &e) == -1) {
		ui_verbose("%s", e.s);
		return;
	}
	en.since = downlog_since(h, keyid);
	if (!up || en.since != 0) {
		if (en.since == 0 || en.since > now)
			en.since = now;
		memcpy(en.keyid, keyid, HASH_LEN);
		each(h, keep, &r);
		if (!up)
			put(&r.out, &en);
		if (home_path(h, DOWN_FILE, path, &e) == -1 ||
		    output_write(path, r.out.p, r.out.len, &e) == -1)
			ui_verbose("%s", e.s);
		buf_free(&r.out);
	}
	home_unlock(h);
}
