#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fragstore.h"
#include "io.h"
#include "log.h"
#include "ui.h"

#define INDEX_DIGITS 7 /* 23 bits */
#define IDENTITY     "/identity"

void
fragstore_close(struct fragstore *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->msgs[i].state != NULL)
			frag_free(s->msgs[i].state);
	free(s->msgs);
	wipe(s->data, sizeof(s->data));
	s->msgs = NULL;
	s->n = 0;
}

/* DIR/ID and what follows. */
static int
msg_path(const struct fragstore *s, const uint8_t *id, const char *rest, char path[PATH_MAX])
{
	char hex[2 * MSGID_LEN + 1];

	hex_encode(hex, id, MSGID_LEN);
	if ((size_t)snprintf(path, PATH_MAX, "%s/%s%s", s->dir, hex, rest) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int
frag_path(const struct fragstore *s, const uint8_t *id, uint32_t index, char path[PATH_MAX])
{
	char name[INDEX_DIGITS + 2];

	(void)snprintf(name, sizeof(name), "/%0*u", INDEX_DIGITS, index & 0x7fffff);
	return msg_path(s, id, name, path);
}

/* Into s->data; the length, or 0. */
static size_t
read_file(struct fragstore *s, const char *path)
{
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return 0;
	n = read(fd, s->data, sizeof(s->data));
	(void)close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* One stored fragment into the state; what is damaged counts as lost. */
static void
load_file(struct fragstore *s, struct fragmsg *m, const char *path)
{
	size_t len = read_file(s, path);
	struct payload f;

	if (payload_parse(&f, s->data, len, NULL) == -1 || !payload_checksum_ok(s->data, len) ||
	    f.kind != PAYLOAD_FRAGMENT || memcmp(f.msgid, m->id, MSGID_LEN) != 0)
		return;
	if (m->state == NULL)
		m->state = frag_new(&f, NULL);
	if (m->state != NULL)
		(void)frag_add(m->state, &f);
}

static void
load_message(struct fragstore *s, struct fragmsg *m)
{
	char dir[PATH_MAX], path[PATH_MAX];
	struct dirent *de;
	DIR *d;

	if (msg_path(s, m->id, "", dir) == -1 || (d = opendir(dir)) == NULL)
		return;
	while ((de = readdir(d)) != NULL)
		if (strlen(de->d_name) == INDEX_DIGITS &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, de->d_name) < sizeof(path))
			load_file(s, m, path);
	(void)closedir(d);
}

/* The message that f belongs to, with what was stored of it before. */
static struct fragmsg *
find_message(struct fragstore *s, const struct payload *f, struct errmsg *e)
{
	struct fragmsg *m;
	char path[PATH_MAX];

	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->msgs[i].id, f->msgid, MSGID_LEN) == 0)
			return &s->msgs[i];
	m = reallocarray(s->msgs, s->n + 1, sizeof(*m));
	if (m == NULL)
		fatal("reallocarray");
	s->msgs = m;
	m += s->n++;
	*m = (struct fragmsg) { .how = FRAGMSG_OPEN };
	memcpy(m->id, f->msgid, MSGID_LEN);
	if (msg_path(s, m->id, ".done", path) == -1 || access(path, F_OK) == 0)
		return m;
	load_message(s, m);
	if (m->state == NULL)
		m->state = frag_new(f, e);
	return m->state != NULL ? m : NULL;
}

static int
store(struct fragstore *s, const struct payload *f, const uint8_t *p, size_t len,
    const char *identity, struct errmsg *e)
{
	char path[PATH_MAX];

	if (msg_path(s, f->msgid, "", path) == -1)
		return err_set(e, "%s: %s", s->dir, strerror(errno));
	if (dir_private(path, e) == -1)
		return -1;
	if (identity[0] != '\0' && msg_path(s, f->msgid, IDENTITY, path) == 0 &&
	    output_write(path, identity, strlen(identity), e) == -1)
		return -1;
	if (frag_path(s, f->msgid, f->index, path) == -1)
		return err_set(e, "%s: %s", s->dir, strerror(errno));
	return output_write(path, p, len, e);
}

static const uint8_t *
fetch(void *ctx, uint32_t index)
{
	struct fragstore *s = ctx;
	char path[PATH_MAX];
	struct payload f;
	size_t len;

	if (frag_path(s, s->reading->id, index, path) == -1)
		return NULL;
	len = read_file(s, path);
	if (payload_parse(&f, s->data, len, NULL) == -1 || !payload_checksum_ok(s->data, len) ||
	    f.kind != PAYLOAD_FRAGMENT || f.index != index)
		return NULL;
	return f.data;
}

static int
rebuild(struct fragstore *s, struct fragmsg *m, struct buf *out, struct errmsg *e)
{
	s->reading = m;
	if (frag_rebuild(m->state, fetch, s, out, e) == -1)
		return -1;
	m->how = FRAGMSG_COMPLETE;
	return 1;
}

int
fragstore_add(struct fragstore *s, const uint8_t *p, size_t len, const char *identity,
    struct buf *out, size_t *have, size_t *need, struct errmsg *e)
{
	enum frag_verdict v;
	struct payload f;
	struct fragmsg *m;

	*have = *need = 0;
	if (payload_parse(&f, p, len, e) == -1)
		return -1;
	if (!payload_checksum_ok(p, len))
		return err_set(e, "its checksum is wrong");
	if (f.kind != PAYLOAD_FRAGMENT)
		return err_set(e, "a fragment is expected and this is none");
	m = find_message(s, &f, e);
	if (m == NULL)
		return -1;
	if (m->state == NULL || m->how != FRAGMSG_OPEN)
		return 0;
	v = frag_add(m->state, &f);
	*have = frag_have(m->state);
	*need = frag_needed(m->state);
	if (v == FRAG_REJECT)
		return err_set(e, "fragments of one message contradict one another");
	/* All had come before, and a crash kept them from being put together. */
	if (v == FRAG_UNNEEDED)
		return *have == *need ? rebuild(s, m, out, e) : 0;
	if (store(s, &f, p, len, identity, e) == -1)
		return -1;
	return v == FRAG_COMPLETE ? rebuild(s, m, out, e) : 0;
}

/* What was put together is no longer needed: its fragments hold the message. */
static void
remove_dir(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *de;
	DIR *d = opendir(dir);

	while (d != NULL && (de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0 &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, de->d_name) < sizeof(path) &&
		    file_wipe(path) == -1)
			ui_warn("%s is not overwritten: %s", path, strerror(errno));
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(dir);
}

/* What a finished message has left where fragstore_finish was cut short. */
static void
sweep(struct fragstore *s)
{
	DIR *d = opendir(s->dir);
	char path[PATH_MAX];
	uint8_t id[MSGID_LEN];
	struct dirent *de;

	while (d != NULL && (de = readdir(d)) != NULL)
		if (hex_decode(id, MSGID_LEN, de->d_name, strlen(de->d_name)) == 0 &&
		    msg_path(s, id, ".done", path) == 0 && access(path, F_OK) == 0 &&
		    msg_path(s, id, "", path) == 0)
			remove_dir(path);
	if (d != NULL)
		(void)closedir(d);
}

int
fragstore_open(struct fragstore *s, const struct home *h, struct errmsg *e)
{
	memset(s, 0, sizeof(*s));
	if (home_subdir(h, "fragments", s->dir, e) == -1)
		return -1;
	sweep(s);
	return 0;
}

void
fragstore_settle(struct fragstore *s, int taken)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->msgs[i].how == FRAGMSG_COMPLETE)
			s->msgs[i].how = taken ? FRAGMSG_TAKEN : FRAGMSG_REFUSED;
}

int
fragstore_finish(struct fragstore *s, struct errmsg *e)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < s->n; i++) {
		if (s->msgs[i].how != FRAGMSG_TAKEN)
			continue;
		if (msg_path(s, s->msgs[i].id, ".done", path) == -1 ||
		    output_write(path, "", 0, e) == -1)
			return -1;
		if (msg_path(s, s->msgs[i].id, "", path) == 0)
			remove_dir(path);
	}
	return 0;
}

/* --- what list-fragments, reassemble and purge-fragments do --- */

static void
describe(struct fragstore *s, const struct fragmsg *m, struct fraginfo *out)
{
	char path[PATH_MAX];
	size_t len = 0;

	*out = (struct fraginfo) { .size = frag_state_params(m->state)->length,
		.have = frag_have(m->state),
		.need = frag_needed(m->state) };
	memcpy(out->id, m->id, MSGID_LEN);
	if (msg_path(s, m->id, IDENTITY, path) == 0)
		len = read_file(s, path);
	if (len < sizeof(out->identity))
		memcpy(out->identity, s->data, len);
}

static int
compare(const void *a, const void *b)
{
	const struct fraginfo *x = a, *y = b;

	return memcmp(x->id, y->id, MSGID_LEN);
}

int
fragstore_list(struct fragstore *s, struct fraginfo **out, size_t *n, struct errmsg *e)
{
	DIR *d = opendir(s->dir);
	struct dirent *de;

	*out = NULL;
	*n = 0;
	if (d == NULL)
		return err_set(e, "%s: %s", s->dir, strerror(errno));
	while ((de = readdir(d)) != NULL) {
		struct fragmsg m = { .how = FRAGMSG_OPEN };

		if (hex_decode(m.id, MSGID_LEN, de->d_name, strlen(de->d_name)) == -1)
			continue;
		load_message(s, &m);
		if (m.state == NULL)
			continue;
		*out = reallocarray(*out, *n + 1, sizeof(**out));
		if (*out == NULL)
			fatal("reallocarray");
		describe(s, &m, &(*out)[(*n)++]);
		frag_free(m.state);
	}
	(void)closedir(d);
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), compare);
	return 0;
}

int
fragstore_get(struct fragstore *s, const uint8_t id[MSGID_LEN], struct buf *out, struct errmsg *e)
{
	struct fragmsg m = { .how = FRAGMSG_OPEN };
	int r;

	memcpy(m.id, id, MSGID_LEN);
	load_message(s, &m);
	if (m.state == NULL)
		return err_set(e, "no fragment of that message is stored");
	if (frag_have(m.state) < frag_needed(m.state))
		r = err_set(e, "%zu of %zu packets have come", frag_have(m.state),
		    frag_needed(m.state));
	else
		r = rebuild(s, &m, out, e) == 1 ? 0 : -1;
	frag_free(m.state);
	return r;
}

void
fragstore_purge(struct fragstore *s, const uint8_t id[MSGID_LEN])
{
	char path[PATH_MAX];

	if (msg_path(s, id, "", path) == 0)
		remove_dir(path);
}

size_t
fragstore_foreign(const struct fragstore *s)
{
	DIR *d = opendir(s->dir);
	struct dirent *de;
	size_t n = 0;

	while (d != NULL && (de = readdir(d)) != NULL)
		n += strncmp(de->d_name, "msg_", 4) == 0;
	if (d != NULL)
		(void)closedir(d);
	return n;
}
