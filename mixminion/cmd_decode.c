/* decode: what lies in a mail, a mailbox or any file, made readable. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "armor.h"
#include "client.h"
#include "contents.h"
#include "e2e.h"
#include "fragstore.h"
#include "keystore.h"
#include "log.h"
#include "mailbox.h"
#include "mailtext.h"
#include "result.h"
#include "testlog.h"
#include "ui.h"

/* A message in the output. */
struct taken {
	size_t end; /* where it ends */
	char identity[256]; /* whose key opened it; "" if none did, or its name is empty */
};

/* What one run of the command works on. */
struct decoding {
	const struct cli *cli;
	struct client client;
	struct keystore keys;
	int keys_open;
	struct e2e_secret *secrets;
	size_t nsecrets;
	struct rsakey **rsa;
	const char **rsa_names; /* borrowed from the ring */
	size_t nrsa;
	struct test *tests;
	size_t ntests;
	int tests_open;
	struct fragstore frags;
	int frags_open;
	struct buf out;
	struct taken *taken; /* the messages in out */
	size_t ntaken;
	const struct mail *mail; /* the one at hand */
	size_t found; /* messages seen so far */
	size_t before; /* that of them, before this mail */
	int fatal; /* an exit status: the keyring does not open, go no further */
	int status; /* of the first mail that failed */
};

static void *
grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n + 1, size);
	if (p == NULL)
		fatal("reallocarray");
	return p;
}

static void
load_secrets(struct decoding *d)
{
	struct surb_key key;

	while (keyring_surb_key(&d->keys.ring, d->nsecrets, &key)) {
		d->secrets = grow(d->secrets, d->nsecrets, sizeof(*d->secrets));
		d->secrets[d->nsecrets++] =
		    (struct e2e_secret) { key.name, key.secret, key.seclen };
	}
}

static void
load_rsa_keys(struct decoding *d)
{
	struct rsa_item item;
	struct errmsg e;

	for (size_t i = 0; keyring_rsa_key(&d->keys.ring, i, &item); i++) {
		struct rsakey *k = rsakey_from_private_der(item.der, item.len, &e);

		if (k == NULL) {
			ui_warn("a key of the keyring cannot be used: %s", e.s);
			continue;
		}
		d->rsa = grow(d->rsa, d->nrsa, sizeof(*d->rsa));
		d->rsa_names = grow(d->rsa_names, d->nrsa, sizeof(*d->rsa_names));
		d->rsa_names[d->nrsa] = item.name;
		d->rsa[d->nrsa++] = k;
	}
}

/* The keyring is opened, and its passphrase asked for, when the first opaque message comes. */
static int
open_keys(struct decoding *d)
{
	struct errmsg e;
	int r;

	if (d->keys_open)
		return d->fatal;
	r = keystore_open(&d->keys, &d->client.home, d->cli->passphrase_fd, 0, &e);
	d->keys_open = 1;
	if (r == KEYSTORE_WRONG_PASSPHRASE)
		d->fatal = ui_fail(EX_NOPERM, "%s", e.s);
	else if (r == -1)
		d->fatal = ui_fail(EX_NOINPUT, "%s", e.s);
	else if (!d->keys.exists)
		d->fatal = ui_fail(EX_NOINPUT,
		    "%s: the message is encrypted, and there is no keyring to open it with",
		    d->mail->where);
	if (d->fatal != 0)
		return d->fatal;
	load_secrets(d);
	load_rsa_keys(d);
	return 0;
}

/* A message ends where out ends. */
static void
mark_end(struct decoding *d, const char *identity)
{
	struct taken *t;

	d->taken = grow(d->taken, d->ntaken, sizeof(*d->taken));
	t = &d->taken[d->ntaken++];
	t->end = d->out.len;
	(void)strlcpy(t->identity, identity, sizeof(t->identity));
}

static int
uncompress(struct decoding *d, const uint8_t *p, size_t len, const char *identity)
{
	int r = contents_add(&d->out, p, len, d->mail->where, d->cli->force);

	if (r == 0)
		mark_end(d, identity);
	return r;
}

/* The store is opened, and the home locked, when the first fragment comes. */
static int
open_fragments(struct decoding *d)
{
	struct errmsg e;

	if (d->frags_open)
		return 0;
	if (home_lock(&d->client.home, &e) == -1 ||
	    fragstore_open(&d->frags, &d->client.home, &e) == -1) {
		d->fatal = ui_fail(EX_CANTCREAT, "%s", e.s);
		return d->fatal;
	}
	d->frags_open = 1;
	return 0;
}

static int
take_fragment(struct decoding *d, const uint8_t *p, size_t len, const char *name)
{
	struct buf msg = { 0 };
	struct errmsg e;
	size_t have, need;
	int r = open_fragments(d);

	if (r != 0)
		return r;
	r = fragstore_add(&d->frags, p, len, name, &msg, &have, &need, &e);
	if (r == -1)
		r = ui_fail(EX_DATAERR, "%s: a fragment: %s", d->mail->where, e.s);
	else if (r == 1)
		r = uncompress(d, msg.p, msg.len, name);
	else if (need > 0)
		ui_info("A fragment is stored: %zu of %zu.", have, need);
	buf_wipe(&msg);
	return r;
}

static int
take_payload(struct decoding *d, const struct e2e_decoded *dec)
{
	const struct payload *p = &dec->payload;
	const char *name = dec->how == E2E_REPLY ? d->secrets[dec->which].name :
	    dec->how == E2E_ENCRYPTED ? d->rsa_names[dec->which] : "";

	if (dec->how != E2E_PLAIN)
		ui_info("To your identity: %s", name[0] != '\0' ? name : "(the default one)");
	if (p->kind == PAYLOAD_FRAGMENT)
		return take_fragment(d, dec->buf, PAYLOAD_LEN - p->overhead, name);
	return uncompress(d, p->data, p->len, name);
}

/* What test has sent lies in the mailbox like the rest, and no key of the keyring opens it. */
static int
is_test(struct decoding *d, const uint8_t handle[TAG_LEN])
{
	struct errmsg e;

	if (!d->tests_open && testlog_list(&d->client.home, d->client.now, &d->tests, &d->ntests,
				  &e) == -1)
		ui_warn("%s", e.s);
	d->tests_open = 1;
	if (testlog_find(d->tests, d->ntests, handle) == NULL)
		return 0;
	ui_info("The answer to a test of yours: see mixminion test --check.");
	return 1;
}

static int
take_encrypted(struct decoding *d, const struct delivered_message *m)
{
	struct e2e_decoded *dec;
	struct errmsg e;
	int r;

	if (is_test(d, m->tag))
		return 0;
	if (m->contents.len != PAYLOAD_LEN)
		return ui_fail(EX_DATAERR, "%s: an encrypted message of %zu octets instead of %d",
		    d->mail->where, m->contents.len, PAYLOAD_LEN);
	if ((r = open_keys(d)) != 0)
		return r;
	dec = calloc(1, sizeof(*dec));
	if (dec == NULL)
		fatal("calloc");
	r = e2e_decode(
	    dec, m->contents.p, m->tag, d->secrets, d->nsecrets, d->rsa, d->nrsa,
	    &e);
	if (r == -1)
		r = ui_fail(EX_DATAERR, "%s: a damaged message: %s", d->mail->where, e.s);
	else if (dec->how == E2E_UNDECODABLE)
		r = ui_fail(EX_DATAERR, "%s: no key of the keyring opens the message",
		    d->mail->where);
	else
		r = take_payload(d, dec);
	freezero(dec, sizeof(*dec));
	return r;
}

static int
take(struct decoding *d, const struct delivered_message *m)
{
	switch (m->type) {
	case MT_PLAINTEXT:
	case MT_BINARY:
		buf_put(&d->out, m->contents.p, m->contents.len);
		mark_end(d, "");
		return 0;
	case MT_ENCRYPTED:
		return take_encrypted(d, m);
	case MT_OVERCOMPRESSED:
		return uncompress(d, m->contents.p, m->contents.len, "");
	default:
		return take_fragment(d, m->contents.p, m->contents.len, "");
	}
}

/* All messages of one text; an exit status ends the search. */
static int
take_text(const char *text, size_t len, void *arg)
{
	struct decoding *d = arg;
	struct delivered_message m;
	struct errmsg e;
	size_t pos = 0;
	int r;

	while ((r = message_next(&m, text, len, &pos, &e)) == 1) {
		if (d->found++ == d->before && !d->mail->alone)
			ui_info("%s:", d->mail->where);
		r = take(d, &m);
		buf_wipe(&m.contents);
		if (r != 0)
			return r;
	}
	return r == 0 ? 0 : ui_fail(EX_DATAERR, "%s: %s", d->mail->where, e.s);
}

/*
 * A mail is taken whole or not at all. One that cannot be decoded, which anybody can send, does
 * not keep the others of a mailbox. A message that is found in no part may stand in what is no
 * mail, or one that was mangled.
 */
static int
take_mail(const struct mail *m, void *arg)
{
	struct decoding *d = arg;
	size_t len = d->out.len, n = d->ntaken;
	int r;

	d->mail = m;
	d->before = d->found;
	r = mail_texts(m->text, m->len, take_text, d);
	if (r == 0 && d->found == d->before)
		r = take_text(m->text, m->len, d);
	fragstore_settle(&d->frags, r == 0);
	if (r == 0)
		return 0;
	if (d->out.len > len)
		wipe(d->out.p + len, d->out.len - len);
	d->out.len = len;
	d->ntaken = n;
	if (d->status == 0)
		d->status = r;
	return d->fatal;
}

static int
take_all(struct decoding *d)
{
	const char *file = d->cli->input != NULL ? d->cli->input : "-";
	struct errmsg e;
	int r = mailbox_each(file, take_mail, d, &e);

	if (r == -1)
		return ui_fail(EX_NOINPUT, "%s", e.s);
	if (d->fatal != 0)
		return d->fatal;
	if (d->found == 0 && d->status == 0)
		return ui_fail(EX_DATAERR, "%s: there is no Type III message in it",
		    strcmp(file, "-") == 0 ? "standard input" : file);
	return 0;
}

/* Nothing is written before everything is decoded; fragments go only once the result is safe. */
static int
put_out(struct decoding *d)
{
	struct errmsg e;
	unsigned number = 0;
	size_t at = 0;
	int r = 0;

	if (d->ntaken > 0 && !contents_to_dir(d->cli))
		r = contents_write(&d->out, d->cli);
	for (size_t i = 0; r == 0 && contents_to_dir(d->cli) && i < d->ntaken; i++) {
		r = contents_write_next(d->out.p + at, d->taken[i].end - at, &number, d->cli);
		at = d->taken[i].end;
	}
	if (r != 0)
		return r;
	if (fragstore_finish(&d->frags, &e) == -1)
		return ui_fail(EX_IOERR, "%s", e.s);
	return 0;
}

static void
put_json(struct json *j, const struct taken *t, size_t n)
{
	size_t at = 0;

	json_begin(j, "messages", '[');
	for (size_t i = 0; i < n; i++) {
		json_begin(j, NULL, '{');
		json_string(j, "identity", t[i].identity[0] != '\0' ? t[i].identity : NULL);
		json_number(j, "octets", (int64_t)(t[i].end - at));
		json_end(j, '{');
		at = t[i].end;
	}
	json_end(j, '[');
}

static int
decode(struct decoding *d)
{
	int r = take_all(d);

	if (r == 0)
		r = put_out(d);
	if (r == 0 && result() != NULL)
		put_json(result(), d->taken, d->ntaken);
	home_unlock(&d->client.home);
	return r != 0 ? r : d->status;
}

static void
free_keys(struct decoding *d)
{
	for (size_t i = 0; i < d->nrsa; i++)
		rsakey_free(d->rsa[i]);
	free(d->rsa);
	free(d->rsa_names);
	free(d->secrets);
	keystore_close(&d->keys);
}

int
cmd_decode(struct cli *cli)
{
	struct decoding *d = calloc(1, sizeof(*d));
	int r;

	if (d == NULL)
		fatal("calloc");
	d->cli = cli;
	r = client_open(&d->client, cli, CLIENT_NO_DIR);
	if (r == 0) {
		r = decode(d);
		fragstore_close(&d->frags);
		free_keys(d);
		free(d->taken);
		testlog_free(d->tests, d->ntests);
		buf_wipe(&d->out);
		client_close(&d->client);
	}
	free(d);
	return r;
}
