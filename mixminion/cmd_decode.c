/* decode: what lies in a mailbox, made readable. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "armor.h"
#include "client.h"
#include "contents.h"
#include "e2e.h"
#include "fragstore.h"
#include "io.h"
#include "keystore.h"
#include "log.h"
#include "ui.h"

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
	struct fragstore frags;
	struct buf out;
	int complete; /* out holds at least one message, be it an empty one */
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
		return 0;
	r = keystore_open(&d->keys, &d->client.home, d->cli->passphrase_fd, 0, &e);
	d->keys_open = 1;
	if (r == KEYSTORE_WRONG_PASSPHRASE)
		return ui_fail(EX_NOPERM, "%s", e.s);
	if (r == -1)
		return ui_fail(EX_NOINPUT, "%s", e.s);
	if (!d->keys.exists)
		return ui_fail(EX_NOINPUT,
		    "the message is encrypted, and there is no keyring to open it with");
	load_secrets(d);
	load_rsa_keys(d);
	return 0;
}

static int
uncompress(struct decoding *d, const uint8_t *p, size_t len)
{
	int r = contents_add(&d->out, p, len, d->cli->force);

	if (r == 0)
		d->complete = 1;
	return r;
}

static int
take_fragment(struct decoding *d, const uint8_t *p, size_t len, const char *name)
{
	struct buf msg = { 0 };
	struct errmsg e;
	size_t have, need;
	int r = fragstore_add(&d->frags, p, len, name, &msg, &have, &need, &e);

	if (r == -1)
		r = ui_fail(EX_DATAERR, "a fragment: %s", e.s);
	else if (r == 1)
		r = uncompress(d, msg.p, msg.len);
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

	if (name[0] != '\0')
		ui_info("To your identity: %s", name);
	if (p->kind == PAYLOAD_FRAGMENT)
		return take_fragment(d, dec->buf, PAYLOAD_LEN - p->overhead, name);
	return uncompress(d, p->data, p->len);
}

static int
take_encrypted(struct decoding *d, const struct delivered_message *m)
{
	struct e2e_decoded *dec;
	struct errmsg e;
	int r;

	if (m->contents.len != PAYLOAD_LEN)
		return ui_fail(EX_DATAERR, "an encrypted message of %zu octets instead of %d",
		    m->contents.len, PAYLOAD_LEN);
	if ((r = open_keys(d)) != 0)
		return r;
	dec = calloc(1, sizeof(*dec));
	if (dec == NULL)
		fatal("calloc");
	r = e2e_decode(
	    dec, m->contents.p, m->tag, d->secrets, d->nsecrets, d->rsa, d->nrsa,
	    &e);
	if (r == -1)
		r = ui_fail(EX_DATAERR, "a damaged message: %s", e.s);
	else if (dec->how == E2E_UNDECODABLE)
		r = ui_fail(EX_DATAERR, "no key of the keyring opens the message");
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
		d->complete = 1;
		return 0;
	case MT_ENCRYPTED:
		return take_encrypted(d, m);
	case MT_OVERCOMPRESSED:
		return uncompress(d, m->contents.p, m->contents.len);
	default:
		return take_fragment(d, m->contents.p, m->contents.len, "");
	}
}

static int
take_all(struct decoding *d, const struct buf *text)
{
	const char *file = d->cli->input != NULL ? d->cli->input : "standard input";
	struct delivered_message m;
	struct errmsg e;
	size_t pos = 0, n = 0;
	int r;

	while ((r = message_next(&m, (char *)text->p, text->len, &pos, &e)) == 1) {
		r = take(d, &m);
		buf_wipe(&m.contents);
		if (r != 0)
			return r;
		n++;
	}
	if (r == -1)
		return ui_fail(EX_DATAERR, "%s: %s", file, e.s);
	if (n == 0)
		return ui_fail(EX_DATAERR, "%s: there is no Type III message in it", file);
	return 0;
}

/* Nothing is written before everything is decoded; fragments go only once the result is safe. */
static int
put_out(struct decoding *d)
{
	struct errmsg e;
	int r = d->complete ? contents_write(&d->out, d->cli) : 0;

	if (r != 0)
		return r;
	if (fragstore_finish(&d->frags, &e) == -1)
		return ui_fail(EX_IOERR, "%s", e.s);
	return 0;
}

static int
decode(struct decoding *d)
{
	struct buf text = { 0 };
	struct errmsg e;
	int r;

	if (input_read(d->cli->input != NULL ? d->cli->input : "-", &text, INPUT_MAX, &e) == -1)
		r = ui_fail(EX_NOINPUT, "%s", e.s);
	else if (home_lock(&d->client.home, &e) == -1 ||
	    fragstore_open(&d->frags, &d->client.home, &e) == -1)
		r = ui_fail(EX_CANTCREAT, "%s", e.s);
	else if ((r = take_all(d, &text)) == 0)
		r = put_out(d);
	home_unlock(&d->client.home);
	buf_wipe(&text);
	return r;
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
		buf_wipe(&d->out);
		client_close(&d->client);
	}
	free(d);
	return r;
}
