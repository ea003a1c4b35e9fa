#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infofmt.h"
#include "io.h"
#include "log.h"
#include "testlog.h"

#define KEEP	 (7 * 86400)
#define FILE_MAX 8192
#define SECTION	 "Test"

void
test_text(struct buf *out, const struct test *t)
{
	buf_printf(out, "This is test %s of the remailers.\n", t->id);
}

static int
file_of(const struct home *h, const char *id, char path[PATH_MAX], struct errmsg *e)
{
	char name[8 + TEST_ID_LEN];

	(void)snprintf(name, sizeof(name), "tests/%s", id);
	return home_path(h, name, path, e);
}

int
testlog_put(const struct home *h, const struct test *t, struct errmsg *e)
{
	char path[PATH_MAX], handle[2 * TAG_LEN + 1], secret[2 * TEST_SECRET_LEN + 1];
	struct buf text = { 0 };
	int r;

	if (home_subdir(h, "tests", path, e) == -1 || file_of(h, t->id, path, e) == -1)
		return -1;
	hex_encode(handle, t->handle, TAG_LEN);
	hex_encode(secret, t->secret, TEST_SECRET_LEN);
	buf_printf(&text, "[" SECTION "]\nSent: %lld\nBack: %lld\nIntact: %s\nHandle: %s\n"
	    "Secret: %s\nPath: %s\n", (long long)t->sent, (long long)t->back,
	    t->intact ? "yes" : "no", handle, secret, t->path);
	r = output_write(path, text.p, text.len, e);
	wipe(secret, sizeof(secret));
	buf_wipe(&text);
	return r;
}

/* "" where there is no such entry. */
static const char *
value(const struct info_section *s, const char *key)
{
	const struct info_entry *entry = info_entry(s, key);

	return entry != NULL ? entry->value : "";
}

static int
parse(struct test *t, const struct info *in)
{
	const struct info_section *s = info_section(in, SECTION);
	long sent, back;
	const char *hex;

	if (s == NULL || conv_int(&sent, value(s, "Sent"), 1, LONG_MAX, NULL) == -1 ||
	    conv_int(&back, value(s, "Back"), 0, LONG_MAX, NULL) == -1 ||
	    conv_bool(&t->intact, value(s, "Intact"), NULL) == -1)
		return -1;
	t->sent = sent;
	t->back = back;
	hex = value(s, "Handle");
	if (hex_decode(t->handle, TAG_LEN, hex, strlen(hex)) == -1)
		return -1;
	hex = value(s, "Secret");
	if (hex_decode(t->secret, TEST_SECRET_LEN, hex, strlen(hex)) == -1)
		return -1;
	return strlcpy(t->path, value(s, "Path"), sizeof(t->path)) < sizeof(t->path) ? 0 : -1;
}

static int
read_one(const struct home *h, const char *id, struct test *t)
{
	struct buf text = { 0 };
	char path[PATH_MAX];
	struct info in;
	int r = -1;

	memset(t, 0, sizeof(*t));
	(void)strlcpy(t->id, id, sizeof(t->id));
	if (file_of(h, id, path, NULL) == 0 && input_read(path, &text, FILE_MAX, NULL) == 0 &&
	    info_parse(&in, (char *)text.p, text.len, INFO_CONFIG, NULL) == 0) {
		r = parse(t, &in);
		info_free(&in);
	}
	buf_wipe(&text);
	return r;
}

static int
is_id(const char *name)
{
	uint8_t raw[TEST_ID_LEN / 2];

	return hex_decode(raw, sizeof(raw), name, strlen(name)) == 0;
}

static int
compare(const void *a, const void *b)
{
	const struct test *x = a, *y = b;

	return x->sent != y->sent ? (x->sent > y->sent) - (x->sent < y->sent)
				  : strcmp(x->id, y->id);
}

static void
forget(const struct home *h, const char *id)
{
	char path[PATH_MAX];

	if (file_of(h, id, path, NULL) == 0)
		(void)file_wipe(path);
}

int
testlog_list(
    const struct home *h, int64_t now, struct test **out, size_t *n, struct errmsg *e)
{
	char dir[PATH_MAX];
	struct dirent *de;
	struct test one;
	DIR *d;

	*out = NULL;
	*n = 0;
	if (home_path(h, "tests", dir, e) == -1)
		return -1;
	if ((d = opendir(dir)) == NULL)
		return errno == ENOENT ? 0 : err_set(e, "%s: %s", dir, strerror(errno));
	while ((de = readdir(d)) != NULL) {
		if (!is_id(de->d_name) || read_one(h, de->d_name, &one) == -1)
			continue;
		if (now - one.sent > KEEP) {
			forget(h, one.id);
			continue;
		}
		*out = recallocarray(*out, *n, *n + 1, sizeof(**out));
		if (*out == NULL)
			fatal("recallocarray");
		(*out)[(*n)++] = one;
	}
	(void)closedir(d);
	wipe(&one, sizeof(one));
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), compare);
	return 0;
}

void
testlog_free(struct test *t, size_t n)
{
	if (t != NULL)
		freezero(t, n * sizeof(*t));
}

struct test *
testlog_find(struct test *t, size_t n, const uint8_t handle[TAG_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(t[i].handle, handle, TAG_LEN) == 0)
			return &t[i];
	return NULL;
}
