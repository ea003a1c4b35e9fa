/*
 * dird-sign: the identity key, and nothing else. It answers one question: the signature of a text
 * that signcheck has looked at.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "dird.h"
#include "directory.h"
#include "files.h"
#include "keypass.h"
#include "dproto.h"
#include "secrets.h"
#include "signcheck.h"

#define LOG_FILE "signed" /* in the directory of the key */

static const char usage[] =
    "usage: dird sign [-1hnU] [-f file] [-l level] [-p descriptor] [-s directory]\n"
    "Holds the identity key of a directory server, and signs what it may for dird-core.\n"
    "Started by systemd or \"dird start\".\n";

static struct {
	struct dird_role role;
	struct rsakey *key;
	int keys;
	struct signed_log log;
	struct buf text; /* what has come of the text to be signed */
	uint32_t total, kind;
} sign;

static void
answer(struct ipc_conn *c, uint32_t id, uint32_t status, const void *text, size_t len)
{
	struct status_rep rep = { .status = status };
	struct buf b = { 0 };

	buf_put(&b, &rep, sizeof(rep));
	buf_put(&b, text, len);
	ipc_send(c, V_DIRSIGN, id, b.p, b.len);
	buf_free(&b);
}

static int
on_key(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct dirkey_rep rep = { .status = ST_OK };
	struct buf b = { 0 };

	(void)body;
	(void)len;
	rsakey_keyid(sign.key, rep.fingerprint);
	buf_put(&b, &rep, sizeof(rep));
	rsakey_public_der(sign.key, &b);
	ipc_send(c, V_DIRKEY, id, b.p, b.len);
	buf_free(&b);
	return 0;
}

/* What was signed is on disk before the signature is anywhere. */
static int
permit(struct errmsg *e)
{
	if (signcheck(&sign.log, (char *)sign.text.p, sign.text.len, sign.kind == DIRSIGN_OLD,
		sign.role.conf, daemon_now(), e) == -1)
		return -1;
	return files_replace(sign.keys, LOG_FILE, sign.log.text.p, sign.log.text.len, e);
}

static void
sign_text(struct ipc_conn *c, uint32_t id)
{
	struct buf out = { 0 };
	struct errmsg e;

	if (permit(&e) == -1) {
		log_errorx("nothing was signed: %s", e.s);
		answer(c, id, ST_FAIL, e.s, strlen(e.s));
		return;
	}
	if (sign.kind == DIRSIGN_OLD)
		directory_sign_old(&out, (char *)sign.text.p, sign.text.len, sign.key, &rng_system);
	else
		directory_sign(&out, (char *)sign.text.p, sign.text.len, sign.key, &rng_system);
	answer(c, id, ST_OK, out.p, out.len);
	buf_free(&out);
}

static int
on_sign(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct dirsign_req q;

	memcpy(&q, body, sizeof(q));
	body += sizeof(q);
	len -= sizeof(q);
	if (q.at == 0) {
		buf_free(&sign.text);
		sign.total = q.total;
		sign.kind = q.kind;
	}
	if (q.kind > DIRSIGN_OLD || q.kind != sign.kind || q.total != sign.total ||
	    q.total > DIRECTORY_MAX_LEN || q.at != sign.text.len || len > q.total - q.at) {
		log_warnx("a text to be signed did not come in its order: dropping the peer");
		return -1;
	}
	buf_put(&sign.text, body, len);
	if (sign.text.len < sign.total) {
		answer(c, id, ST_OK, NULL, 0);
		return 0;
	}
	sign_text(c, id);
	buf_free(&sign.text);
	sign.total = 0;
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ V_DIRKEY, 0, 0, on_key },
	{ V_DIRSIGN, sizeof(struct dirsign_req), sizeof(struct dirsign_req) + DIRSIGN_STEP,
	    on_sign },
	{ 0, 0, 0, NULL },
};

static void
load(void)
{
	char *passphrase = keypass_take(sign.role.passphrase);
	uint8_t id[HASH_LEN];
	struct errmsg e;

	if ((sign.key = identity_read(sign.keys, passphrase, &e)) == NULL)
		fatal_permanent("%s", e.s);
	keypass_free(passphrase);
	rsakey_keyid(sign.key, id);
	if (dconf_self(sign.role.conf, id, &e) == -1)
		fatal_permanent("%s", e.s);
	if (faccessat(sign.keys, LOG_FILE, F_OK, 0) == 0 &&
	    files_read(sign.keys, LOG_FILE, &sign.log.text, SIGNED_LOG_MAX, &e) == -1)
		fatal_permanent("keys/%s: what was signed is not known: look at the file", e.s);
}

/* The signature that warms the library up is of nothing that could be used. */
static void
warm_up(void)
{
	struct buf sig = { 0 };
	uint8_t digest[HASH_LEN] = { 0 };

	if (rsakey_sign(sign.key, &rng_system, digest, &sig) == -1)
		fatalx("RSA does not work here");
	buf_free(&sig);
}

int
role_sign(int argc, char **argv)
{
	struct sandbox_path paths[1];
	int fd;

	role_init(&sign.role, "dird-sign", argc, argv, usage);
	secrets_protect();
	if (sign.role.passphrase == -1)
		sign.role.passphrase = keypass_credential("dird-passphrase");
	sign.keys = daemon_opendir(sign.role.conf->key_dir);
	load();
	warm_up();
	if ((fd = daemon_socket(SOCK_DIRD_SIGN, 0)) == -1)
		fatal_permanent("no socket was passed in: \"dird start\" or systemd does");
	ipc_listen(sign.role.d.loop, fd, SOCK_DIRD_SIGN, verbs, 2, NULL, NULL);
	paths[0] = (struct sandbox_path){ sign.role.conf->key_dir, SB_READ | SB_WRITE };
	daemon_confine(&sign.role.d, ROLE_DIRD_SIGN, paths, 1);
	daemon_ready(&sign.role.d);
	loop_run(sign.role.d.loop);
	rsakey_free(sign.key);
	return 0;
}
