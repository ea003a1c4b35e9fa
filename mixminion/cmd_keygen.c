/* keygen: a key to which others can encrypt messages (E2E-spec 2.2.3). */
#include <string.h>
#include <sysexits.h>

#include "client.h"
#include "io.h"
#include "keystore.h"
#include "pubkey.h"
#include "result.h"
#include "ui.h"

#define DEFAULT_BITS 2048
#define MAX_BITS     4096

static int
store(struct client *c, const struct cli *cli, struct rsakey *key)
{
	const char *identity = cli->identity != NULL ? cli->identity : "";
	struct keystore ks;
	struct errmsg e;
	int r;

	if (home_lock(&c->home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	r = keystore_open(&ks, &c->home, cli->passphrase_fd, 1, &e);
	if (r == 0)
		r = keystore_add_rsa(&ks, &c->home, identity, key, &e);
	keystore_close(&ks);
	home_unlock(&c->home);
	if (r == KEYSTORE_WRONG_PASSPHRASE)
		return ui_fail(EX_NOPERM, "%s", e.s);
	return r == 0 ? 0 : ui_fail(EX_DATAERR, "%s", e.s);
}

/* The private key is safe in the keyring before anybody can be given the public one. */
static int
make(struct client *c, const struct cli *cli, unsigned bits)
{
	struct rsakey *key = rsakey_generate(bits);
	char hex[2 * HASH_LEN + 1];
	uint8_t id[HASH_LEN];
	struct buf pem = { 0 };
	struct errmsg e;
	int r = store(c, cli, key);

	rsakey_keyid(key, id);
	hex_upper(hex, id, HASH_LEN);
	pubkey_format(&pem, key);
	if (r == 0 &&
	    output_write(cli->output != NULL ? cli->output : "-", pem.p, pem.len, &e) == -1)
		r = ui_fail(EX_CANTCREAT, "%s", e.s);
	if (r == 0 && result() != NULL)
		json_string(result(), "fingerprint", hex);
	else if (r == 0)
		ui_info("Fingerprint: %s", hex);
	buf_free(&pem);
	rsakey_free(key);
	return r;
}

int
cmd_keygen(struct cli *cli)
{
	long bits = cli->bits != -1 ? cli->bits : DEFAULT_BITS;
	struct client c;
	int r;

	if (bits < DEFAULT_BITS || bits > MAX_BITS || bits % 8 != 0)
		return ui_fail(EX_USAGE, "--bits: from %d to %d, a multiple of eight", DEFAULT_BITS,
		    MAX_BITS);
	if ((r = client_open(&c, cli, CLIENT_NO_DIR)) != 0)
		return r;
	r = make(&c, cli, (unsigned)bits);
	client_close(&c);
	return r;
}
