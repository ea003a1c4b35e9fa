#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "dirtext.h"
#include "files.h"
#include "log.h"
#include "store.h"

#define SERVER_FILE_MAX (SERVER_MAX_DESCS * DESC_MAX_LEN)
#define NAME_LEN	(2 * HASH_LEN)
/* Descriptors here were checked against the clock when they came. */
#define ANY_TIME	(INT64_MAX / 4)

static const char *const state_names[] = { "waiting", "approved", "rejected", "banned" };

const char *
server_state_name(enum server_state s)
{
	return state_names[s];
}

/* --- one server --- */

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->ndescs; i++)
		desc_free(s->descs[i]);
	free(s->descs);
	free(s);
}

const struct desc *
server_has(const struct server *s, const uint8_t digest[HASH_LEN])
{
	for (size_t i = 0; i < s->ndescs; i++)
		if (memcmp(s->descs[i]->digest, digest, HASH_LEN) == 0)
			return s->descs[i];
	return NULL;
}

static void
push(struct server *s, struct desc *d)
{
	s->descs = reallocarray(s->descs, s->ndescs + 1, sizeof(struct desc *));
	if (s->descs == NULL)
		fatal("out of memory");
	s->descs[s->ndescs++] = d;
	desc_drop_keys(d);
}

static int
is_superseded(const struct server *s, const struct desc *d)
{
	return desc_superseded(d, (const struct desc *const *)s->descs, s->ndescs);
}

void
server_format(struct buf *out, const struct server *s)
{
	char hex[NAME_LEN + 1], since[20];

	hex_upper(hex, s->keyid, HASH_LEN);
	fmt_time(since, s->since);
	buf_printf(out, "[Known-Server]\nFingerprint: %s\nNickname: %s\nState: %s\nSince: %s\n",
	    hex, s->nickname, server_state_name(s->state), since);
	for (size_t i = 0; i < s->ndescs; i++)
		if (!is_superseded(s, s->descs[i]))
			info_normalize(out, s->descs[i]->text, s->descs[i]->textlen);
}

static int
parse_state(enum server_state *state, const char *s, struct errmsg *e)
{
	for (int i = 0; i <= SRV_BANNED; i++)
		if (strcmp(state_names[i], s) == 0) {
			*state = (enum server_state)i;
			return 0;
		}
	return err_set(e, "State: \"%.32s\" is none of waiting, approved, rejected, banned", s);
}

static const char *
value_of(const struct info_section *s, const char *key)
{
	const struct info_entry *en = info_entry(s, key);

	return en != NULL ? en->value : "";
}

static int
parse_head(struct server *s, const char *text, size_t len, struct errmsg *e)
{
	const struct info_section *k;
	const char *hex, *nickname;
	struct info in;
	int rv;

	if (info_parse(&in, text, len, INFO_EXCHANGE, e) == -1)
		return -1;
	if ((k = info_section(&in, "Known-Server")) == NULL) {
		info_free(&in);
		return err_set(e, "no [Known-Server] section");
	}
	hex = value_of(k, "Fingerprint");
	nickname = value_of(k, "Nickname");
	rv = hex_decode(s->keyid, HASH_LEN, hex, strlen(hex));
	if (rv == -1)
		err_set(e, "Fingerprint: not 40 hex digits");
	else if ((rv = conv_nickname(nickname, e)) == 0 &&
	    (rv = parse_state(&s->state, value_of(k, "State"), e)) == 0)
		rv = conv_time(&s->since, value_of(k, "Since"), e);
	strlcpy(s->nickname, nickname, sizeof(s->nickname));
	info_free(&in);
	return rv;
}

static int
parse_descs(struct server *s, const char *text, size_t len, struct errmsg *e)
{
	for (size_t at = 0, next; at < len; at = next) {
		struct desc *d;

		next = dirtext_find(text, len, at + 1, "[Server]");
		if (s->ndescs == SERVER_MAX_DESCS)
			return err_set(e, "more than %d descriptors", SERVER_MAX_DESCS);
		if ((d = desc_parse(text + at, next - at, ANY_TIME, e)) == NULL)
			return -1;
		push(s, d);
		if (memcmp(d->keyid, s->keyid, HASH_LEN) != 0 ||
		    strcasecmp(d->nickname, s->nickname) != 0)
			return err_set(e, "a descriptor of another server");
	}
	return 0;
}

struct server *
server_parse(const char *text, size_t len, struct errmsg *e)
{
	struct server *s = calloc(1, sizeof(*s));
	size_t head = dirtext_find(text, len, 0, "[Server]");

	if (s == NULL)
		fatal("out of memory");
	if (parse_head(s, text, head, e) == 0 && parse_descs(s, text + head, len - head, e) == 0)
		return s;
	server_free(s);
	return NULL;
}

/* --- all of them --- */

/* Where the key id is, or would be. */
static size_t
position(const struct store *st, const uint8_t keyid[HASH_LEN])
{
	size_t lo = 0, hi = st->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(st->v[mid]->keyid, keyid, HASH_LEN) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct server *
store_find(const struct store *st, const uint8_t keyid[HASH_LEN])
{
	size_t i = position(st, keyid);

	return i < st->n && memcmp(st->v[i]->keyid, keyid, HASH_LEN) == 0 ? st->v[i] : NULL;
}

struct server *
store_named(const struct store *st, const char *name)
{
	struct server *found = NULL;
	uint8_t keyid[HASH_LEN];

	if (hex_decode(keyid, HASH_LEN, name, strlen(name)) == 0)
		return store_find(st, keyid);
	for (size_t i = 0; i < st->n; i++)
		if (strcasecmp(st->v[i]->nickname, name) == 0 &&
		    (found == NULL || found->state == SRV_REJECTED))
			found = st->v[i];
	return found;
}

const struct server *
store_rival(const struct store *st, const struct server *s)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->v[i] != s && st->v[i]->state != SRV_REJECTED &&
		    strcasecmp(st->v[i]->nickname, s->nickname) == 0)
			return st->v[i];
	return NULL;
}

static void
insert(struct store *st, struct server *s)
{
	size_t i = position(st, s->keyid);

	st->v = reallocarray(st->v, st->n + 1, sizeof(struct server *));
	if (st->v == NULL)
		fatal("out of memory");
	memmove(st->v + i + 1, st->v + i, (st->n - i) * sizeof(struct server *));
	st->v[i] = s;
	st->n++;
	st->nwaiting += s->state == SRV_WAITING;
}

static void
take_out(struct store *st, const struct server *s)
{
	size_t i = position(st, s->keyid);

	memmove(st->v + i, st->v + i + 1, (st->n - i - 1) * sizeof(struct server *));
	st->n--;
	st->nwaiting -= s->state == SRV_WAITING;
}

void
store_free(struct store *st)
{
	for (size_t i = 0; i < st->n; i++)
		server_free(st->v[i]);
	free(st->v);
	st->v = NULL;
	st->n = st->nwaiting = 0;
}

static int
load_one(const char *name, void *arg)
{
	struct store *st = arg;
	struct buf text = { 0 };
	struct server *s = NULL;
	struct errmsg e;
	uint8_t keyid[HASH_LEN];

	if (*name == '.') /* what a crash left */
		return 0;
	if (hex_decode(keyid, HASH_LEN, name, strlen(name)) == -1)
		err_set(&e, "its name is no fingerprint");
	else if (files_read(st->dirfd, name, &text, SERVER_FILE_MAX, &e) == 0)
		s = server_parse((const char *)text.p, text.len, &e);
	buf_free(&text);
	if (s != NULL && (memcmp(s->keyid, keyid, HASH_LEN) != 0 || store_find(st, keyid))) {
		server_free(s);
		s = NULL;
		err_set(&e, "it is about another identity");
	}
	if (s != NULL)
		insert(st, s);
	else
		log_errorx("servers/%s is passed over, and left as it is: %s", name, e.s);
	return 0;
}

int
store_load(struct store *st, int dirfd, struct errmsg *e)
{
	*st = (struct store){ .dirfd = dirfd };
	if (files_each(dirfd, ".", load_one, st) == -1)
		return err_set(e, "servers: %s", strerror(errno));
	return 0;
}

static int
save(const struct store *st, const struct server *s, struct errmsg *e)
{
	struct buf text = { 0 };
	char name[NAME_LEN + 1];
	int rv;

	if (st->dirfd == -1)
		return 0;
	hex_encode(name, s->keyid, HASH_LEN);
	server_format(&text, s);
	rv = files_replace(st->dirfd, name, text.p, text.len, e);
	buf_free(&text);
	return rv;
}

/* Those that another one supersedes go; returns how many. */
static size_t
drop_superseded(struct server *s)
{
	size_t dropped = 0;

	for (size_t i = 0; i < s->ndescs;) {
		if (!is_superseded(s, s->descs[i])) {
			i++;
			continue;
		}
		desc_free(s->descs[i]);
		s->descs[i] = s->descs[--s->ndescs];
		dropped++;
	}
	return dropped;
}

static struct server *
new_server(const struct desc *d, enum server_state state, int64_t now)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("out of memory");
	memcpy(s->keyid, d->keyid, HASH_LEN);
	strlcpy(s->nickname, d->nickname, sizeof(s->nickname));
	s->state = state;
	s->since = now;
	return s;
}

struct server *
store_add(struct store *st, struct desc *d, enum server_state state, int64_t now,
    struct errmsg *e)
{
	struct server *known = store_find(st, d->keyid);
	struct server *s = known != NULL ? known : new_server(d, state, now);

	push(s, d);
	if (save(st, s, e) == -1) {
		s->ndescs--;
		desc_free(d);
		if (known == NULL)
			server_free(s);
		return NULL;
	}
	if (known == NULL)
		insert(st, s);
	/* The file is written without them. */
	drop_superseded(s);
	return s;
}

int
store_set_state(struct store *st, struct server *s, enum server_state state, int64_t now,
    struct errmsg *e)
{
	enum server_state was = s->state;
	int64_t since = s->since;

	s->state = state;
	s->since = now;
	if (save(st, s, e) == -1) {
		s->state = was;
		s->since = since;
		return -1;
	}
	st->nwaiting += (size_t)(state == SRV_WAITING) - (size_t)(was == SRV_WAITING);
	return 0;
}

int
store_remove(struct store *st, struct server *s, struct errmsg *e)
{
	char name[NAME_LEN + 1];

	hex_encode(name, s->keyid, HASH_LEN);
	if (st->dirfd != -1 && unlinkat(st->dirfd, name, 0) == -1 && errno != ENOENT)
		return err_set(e, "servers/%s: %s", name, strerror(errno));
	take_out(st, s);
	server_free(s);
	return 0;
}

/* What was approved once stays so, also while it publishes nothing. */
static void
keep_or_remove(struct store *st, struct server *s)
{
	struct errmsg e;
	int rc = s->ndescs == 0 && s->state == SRV_WAITING ? store_remove(st, s, &e)
							     : save(st, s, &e);

	if (rc == -1)
		log_errorx("%s", e.s);
}

size_t
store_expire(struct store *st, int64_t now)
{
	size_t total = 0;

	for (size_t i = st->n; i-- > 0;) {
		struct server *s = st->v[i];
		size_t before = s->ndescs;

		for (size_t j = 0; j < s->ndescs;)
			if (s->descs[j]->valid_until < now) {
				desc_free(s->descs[j]);
				s->descs[j] = s->descs[--s->ndescs];
			} else {
				j++;
			}
		total += before - s->ndescs;
		if (before != s->ndescs)
			keep_or_remove(st, s);
	}
	return total;
}
