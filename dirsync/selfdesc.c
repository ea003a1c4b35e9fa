/*
 * The node's descriptors: one a key set, made from the configuration, signed and stored by keyd.
 * What was signed is noted in work/dir as own_NNNN, with the digest of everything in it but the
 * time: where that is another than the configuration wants now (or there is none, as in a home that
 * the reference wrote), a new one is made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "dirsync.h"
#include "sandbox.h"

#define LOOK_MS	 (10 * 60 * 1000)
#define AGAIN_MS (30 * 1000)
#define MD_LEN	 32
#define HEX_LEN	 (2 * MD_LEN)
#define NOTE_LEN 16 /* of its name */
#define NOTE_MAX (SIGN_TEXT_MAX + 4096)

struct selfdesc {
	struct daemon *d;
	struct ipc_conn *keyd; /* NULL: to be connected again */
	int dirfd;
	struct loop_timer *timer;
	uint32_t serial; /* of the last question: answers to older ones are of no interest */
	/* the answer to KEYSETS that is being worked through */
	struct keysets_rep sets;
	struct buf keys; /* what came behind it */
	size_t at; /* the set whose signature is awaited */
	uint8_t wanted[MD_LEN]; /* what is noted when it comes */
	struct log_state trouble;
	void (*done)(void *arg, const struct keysets_rep *sets);
	void *arg;
};

static void look(void *arg);
static void next_set(struct selfdesc *s);

/* --- notes --- */

static void
note_name(char name[NOTE_LEN], uint32_t number)
{
	snprintf(name, NOTE_LEN, "own_%04u", (unsigned)number);
}

/* The whole note: the digest in hex, LF, the signed text. */
static int
note_read(int dirfd, uint32_t number, struct buf *b)
{
	char name[NOTE_LEN];
	ssize_t n;
	int fd;

	note_name(name, number);
	if ((fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	n = read(fd, buf_space(b, NOTE_MAX), NOTE_MAX);
	close(fd);
	b->len -= NOTE_MAX - (size_t)(n > 0 ? n : 0);
	return b->len > HEX_LEN && b->p[HEX_LEN] == '\n' ? 0 : -1;
}

static int
note_same(struct selfdesc *s, uint32_t number, const uint8_t md[MD_LEN])
{
	struct buf b = { 0 };
	char hex[HEX_LEN + 1];
	int same;

	hex_encode(hex, md, MD_LEN);
	same = note_read(s->dirfd, number, &b) == 0 && memcmp(b.p, hex, HEX_LEN) == 0;
	buf_free(&b);
	return same;
}

int
selfdesc_signed(int dirfd, uint32_t number, struct buf *text)
{
	struct buf b = { 0 };
	int rv = note_read(dirfd, number, &b);

	if (rv == 0)
		buf_put(text, b.p + HEX_LEN + 1, b.len - HEX_LEN - 1);
	buf_free(&b);
	return rv == 0 && text->len > 0 ? 0 : -1;
}

/* Without syncing: a note that is lost means one more signature. */
static void
note_write(struct selfdesc *s, uint32_t number, const uint8_t md[MD_LEN], const struct chunk *text)
{
	char name[NOTE_LEN], hex[HEX_LEN + 1];
	struct buf b = { 0 };
	int fd;

	note_name(name, number);
	hex_encode(hex, md, MD_LEN);
	buf_printf(&b, "%s\n", hex);
	buf_put(&b, text->p, text->len);
	if (unlinkat(s->dirfd, "own_new", 0) == -1 && errno != ENOENT)
		log_warn("work/dir/own_new");
	fd = openat(s->dirfd, "own_new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, b.p, b.len) != (ssize_t)b.len ||
	    renameat(s->dirfd, "own_new", s->dirfd, name) == -1)
		log_warn("work/dir/%s", name);
	if (fd != -1)
		close(fd);
	buf_free(&b);
}

/* keyd is to sign another one, and may put it in place even if its answer finds us asking anew. */
static void
note_void(struct selfdesc *s, uint32_t number)
{
	static const uint8_t none[MD_LEN];
	struct buf text = { 0 };

	if (selfdesc_signed(s->dirfd, number, &text) == 0)
		note_write(s, number, none, &(struct chunk) { text.p, text.len });
	buf_free(&text);
}

static int
is_set(const struct selfdesc *s, const char *name)
{
	char note[NOTE_LEN];

	for (uint32_t i = 0; i < s->sets.n; i++) {
		note_name(note, s->sets.set[i].number);
		if (strcmp(note, name) == 0)
			return 1;
	}
	return 0;
}

/* Notes of key sets that are gone. */
static void
notes_clean(struct selfdesc *s)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (d == NULL)
		return;
	while ((de = readdir(d)) != NULL)
		if (strncmp(de->d_name, "own_", 4) == 0 && !is_set(s, de->d_name))
			unlinkat(s->dirfd, de->d_name, 0);
	closedir(d);
}

/* --- one key set --- */

/* Where the keys of set i begin behind the answer. */
static struct chunk
packet_key(const struct selfdesc *s, size_t i)
{
	size_t off = s->sets.identity_len;

	for (size_t j = 0; j < i; j++)
		off += s->sets.set[j].pubkey_len;
	return (struct chunk) { s->keys.p + off, s->sets.set[i].pubkey_len };
}

static int
text_of(struct selfdesc *s, size_t i, int64_t published, struct buf *out)
{
	struct chunk identity = { s->keys.p, s->sets.identity_len }, key = packet_key(s, i);
	struct errmsg e;

	if (selfdesc_text(out, s->d->conf, &identity, &key, &s->sets.set[i], published,
		s->d->unconfined || !sandbox_built_in(), &e) == 0)
		return 0;
	log_errorx("the descriptor of key_%04u: %s", (unsigned)s->sets.set[i].number, e.s);
	return -1;
}

/* 1: asked for a signature; 0: this one is as it should be. */
static int
treat_set(struct selfdesc *s)
{
	const struct keyset_info *set = &s->sets.set[s->at];
	struct sign_req req = { .number = set->number };
	struct buf text = { 0 }, body = { 0 };
	int asked = 0;

	if (text_of(s, s->at, 0, &text) == 0) {
		sha256(s->wanted, text.p, text.len);
		buf_reset(&text);
		if ((!set->has_desc || !note_same(s, set->number, s->wanted)) &&
		    text_of(s, s->at, daemon_now(), &text) == 0) {
			req.text_len = (uint32_t)text.len;
			buf_put(&body, &req, sizeof(req));
			buf_put(&body, text.p, text.len);
			note_void(s, set->number);
			ipc_send(s->keyd, V_SIGN, ++s->serial, body.p, body.len);
			asked = 1;
		}
	}
	buf_free(&text);
	buf_free(&body);
	return asked;
}

static void
next_set(struct selfdesc *s)
{
	for (; s->at < s->sets.n; s->at++)
		if (treat_set(s))
			return;
	notes_clean(s);
	loop_timer_set(s->timer, LOOK_MS);
	s->done(s->arg, &s->sets);
}

/* --- keyd --- */

/* Lengths within the record, to the octet. */
static int
sets_sound(const struct keysets_rep *k, size_t behind)
{
	if (k->n > KEYSETS_MAX || k->identity_len > behind)
		return 0;
	behind -= k->identity_len;
	for (uint32_t i = 0; i < k->n; i++) {
		if (k->set[i].pubkey_len > behind)
			return 0;
		behind -= k->set[i].pubkey_len;
	}
	return behind == 0;
}

static int
on_keysets(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct selfdesc *s = ipc_arg(c);

	if (id != s->serial)
		return 0;
	memcpy(&s->sets, body, sizeof(s->sets));
	if (s->sets.status != ST_OK) {
		loop_timer_set(s->timer, AGAIN_MS);
		return 0;
	}
	if (!sets_sound(&s->sets, len - sizeof(s->sets))) {
		log_warnx("keyd's answer to KEYSETS is malformed: dropped");
		return -1;
	}
	buf_reset(&s->keys);
	buf_put(&s->keys, body + sizeof(s->sets), len - sizeof(s->sets));
	s->at = 0;
	next_set(s);
	return 0;
}

static int
on_signed(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct selfdesc *s = ipc_arg(c);
	struct chunk text = { body + sizeof(struct status_rep), len - sizeof(struct status_rep) };
	struct status_rep rep;

	memcpy(&rep, body, sizeof(rep));
	if (id != s->serial || s->at >= s->sets.n)
		return 0;
	if (rep.status == ST_OK) {
		count(C_DESCRIPTORS_SIGNED);
		log_info("keyd signed a descriptor");
		note_write(s, s->sets.set[s->at].number, s->wanted, &text);
		log_again(&s->trouble);
	} else {
		count(C_DESCRIPTORS_REFUSED);
		if (log_once(&s->trouble))
			log_warnx("keyd did not sign our descriptor: %.*s",
			    (int)(text.len > 400 ? 400 : text.len), (const char *)text.p);
	}
	s->at++;
	next_set(s);
	return 0;
}

static void
keyd_gone(struct ipc_conn *c, void *arg)
{
	struct selfdesc *s = arg;

	(void)c;
	if (s->d->one_uid)
		fatalx("keyd is gone: to be started again to reach it");
	log_info("keyd is gone; waiting for it");
	s->keyd = NULL;
	loop_timer_set(s->timer, AGAIN_MS / 10);
}

static const struct ipc_verb verbs[] = {
	{ V_KEYSETS, sizeof(struct keysets_rep), IPC_MAX_BODY, on_keysets },
	{ V_SIGN, sizeof(struct status_rep), IPC_MAX_BODY, on_signed },
	{ 0, 0, 0, NULL },
};

static void
take_keyd(struct selfdesc *s, int fd)
{
	s->keyd = ipc_conn_new(s->d->loop, fd, "keyd", verbs, keyd_gone, s);
}

static void
look(void *arg)
{
	struct selfdesc *s = arg;
	int fd;

	if (s->keyd == NULL && (fd = daemon_try_connect(s->d, SOCK_KEYD_DIRSYNC)) != -1)
		take_keyd(s, fd);
	s->at = s->sets.n = 0;
	if (s->keyd != NULL)
		ipc_send(s->keyd, V_KEYSETS, ++s->serial, NULL, 0);
	loop_timer_set(s->timer, AGAIN_MS);
}

struct selfdesc *
selfdesc_new(struct daemon *d, int fd, int dirfd,
    void (*done)(void *arg, const struct keysets_rep *sets), void *arg)
{
	struct selfdesc *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("selfdesc");
	s->d = d;
	s->dirfd = dirfd;
	s->done = done;
	s->arg = arg;
	s->timer = loop_timer(d->loop, look, s);
	take_keyd(s, fd);
	return s;
}

void
selfdesc_now(struct selfdesc *s)
{
	loop_timer_set(s->timer, 0);
}
