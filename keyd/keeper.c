#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certify.h"
#include "keydirs.h"
#include "keypass.h"
#include "rotate.h"
#include "secrets.h"
#include "signdesc.h"

static struct {
	struct daemon *d;
	struct keeper_conf conf;
	struct keystore ks;
	struct rotation rotation;
} keeper;

void
keeper_conf_from(struct keeper_conf *kc, const struct server_conf *c)
{
	memset(kc, 0, sizeof(*kc));
	snprintf(kc->nickname, sizeof(kc->nickname), "%s", c->nickname);
	kc->identity_bits = c->identity_key_bits;
	kc->lifetime = c->key_lifetime;
	kc->overlap = c->key_overlap;
	kc->legacy_tls = c->legacy_tls;
	kc->log_level = c->log_level;
}

static void
send_hello(void)
{
	struct whoami_rep self = { .status = ST_OK };

	memcpy(self.nickname, keeper.conf.nickname, sizeof(keeper.conf.nickname));
	memcpy(self.keyid, keeper.ks.keyid, HASH_LEN);
	ipc_send(keeper.rotation.front, K_HELLO, 0, &self, sizeof(self));
}

/* So that replay logs go whose keys went before a crash. */
static void
send_sets(void)
{
	struct buf numbers = { 0 };

	if (keystore_numbers(&keeper.ks, &numbers) == 0 &&
	    numbers.len <= NSETS_MAX * sizeof(uint32_t))
		ipc_send(keeper.rotation.front, K_SETS, 0, numbers.p, numbers.len);
	buf_free(&numbers);
}

/* --- what the front says of itself --- */

static int
opened(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct live has;

	(void)c;
	memcpy(&has, body, len);
	rotate_opened(&keeper.rotation, id, &has);
	return 0;
}

static int
confirmed(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)c;
	(void)id;
	(void)body;
	(void)len;
	rotate_confirm(&keeper.rotation);
	return 0;
}

static int
new_conf(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)c;
	(void)id;
	memcpy(&keeper.conf, body, len);
	log_setlevel((enum log_level)keeper.conf.log_level);
	keystore_free(&keeper.ks);
	keystore_load(&keeper.ks, keeper.conf.identity_bits, daemon_now());
	rotate_now(&keeper.rotation);
	return 0;
}

/* --- the verbs --- */

static int
ask_certify(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct certifier cf = { .nickname = keeper.conf.nickname, .identity = keeper.ks.identity,
		.legacy = keeper.conf.legacy_tls, .now = daemon_now(), .rng = &rng_system };
	struct certify_rep no = { .status = ST_FAIL };
	struct certify_req rq;
	struct buf rep = { 0 };
	struct errmsg e;

	memcpy(&rq, body, sizeof(rq));
	if (certify(&cf, rq.kind, body + sizeof(rq), len - sizeof(rq), &rep, &e) == 0)
		ipc_send(c, V_CERTIFY, id, rep.p, rep.len);
	else {
		log_warnx("no certificate for mmtpd: %s", e.s);
		ipc_send(c, V_CERTIFY, id, &no, sizeof(no));
	}
	buf_free(&rep);
	return 0;
}

static int
ask_keysets(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct keysets_rep rep = { .status = ST_OK };
	struct buf out = { 0 };
	size_t at;

	(void)body;
	(void)len;
	buf_put(&out, &rep, sizeof(rep));
	rsakey_public_der(keeper.ks.identity, &out);
	rep.identity_len = (uint32_t)(out.len - sizeof(rep));
	for (size_t i = 0; i < keeper.ks.n && rep.n < KEYSETS_MAX; i++) {
		const struct keyset *s = &keeper.ks.set[i];

		at = out.len;
		rsakey_public_der(s->key, &out);
		rep.set[rep.n++] = (struct keyset_info) { .number = s->number,
			.pubkey_len = (uint32_t)(out.len - at), .valid_after = s->valid_after,
			.valid_until = s->valid_until, .has_desc = (uint32_t)s->has_desc };
	}
	memcpy(out.p, &rep, sizeof(rep));
	ipc_send(c, V_KEYSETS, id, out.p, out.len);
	buf_free(&out);
	return 0;
}

/* ST_OK and the signed text in out, or another status and the reason. */
static enum ipc_status
sign(uint32_t number, const char *text, size_t len, struct buf *out)
{
	struct keyset *s = keystore_find(&keeper.ks, number);
	int64_t now = daemon_now();
	struct errmsg e;
	enum ipc_status status = ST_FAIL;

	if (s == NULL)
		err_set(&e, "there is no key set %u", (unsigned)number);
	else if (signdesc(&keeper.ks, s, keeper.conf.nickname, text, len, now, out, &e) == 0) {
		if (signdesc_store(&keeper.ks, s, out, &e) == 0 &&
		    rotate_current(&keeper.rotation, now, &e) == 0)
			return ST_OK;
		status = ST_LATER;
	}
	log_warnx("dirsync's descriptor is not %s: %s", status == ST_FAIL ? "signed" : "stored",
	    e.s);
	buf_reset(out);
	buf_str(out, e.s);
	return status;
}

static int
ask_sign(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct status_rep rep;
	struct sign_req rq;
	struct buf text = { 0 }, out = { 0 };

	memcpy(&rq, body, sizeof(rq));
	rep.status = sign(rq.number, (const char *)body + sizeof(rq), len - sizeof(rq), &text);
	buf_put(&out, &rep, sizeof(rep));
	buf_put(&out, text.p, text.len);
	ipc_send(c, V_SIGN, id, out.p, out.len);
	buf_free(&text);
	buf_free(&out);
	return 0;
}

/* --- the process --- */

/* keyd's end is the front's end: it goes, and all others see their socket close. */
static void
front_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	loop_stop(keeper.d->loop);
}

static const struct ipc_verb front_verbs[] = {
	{ K_OPENED, sizeof(struct live), sizeof(struct live), opened },
	{ K_CONF, sizeof(struct keeper_conf), sizeof(struct keeper_conf), new_conf },
	{ K_CONFIRM, 0, 0, confirmed },
	{ V_CERTIFY, sizeof(struct certify_req) + 1, sizeof(struct certify_req) + CERTIFY_SPKI_MAX,
	    ask_certify },
	{ V_KEYSETS, 0, 0, ask_keysets },
	{ V_SIGN, sizeof(struct sign_req) + 1, sizeof(struct sign_req) + SIGN_TEXT_MAX, ask_sign },
	{ 0, 0, 0, NULL },
};

static const struct ipc_verb worker_verbs[] = { { 0, 0, 0, NULL } }; /* they say nothing to us */

static void
connect_others(struct rotation *r, const struct keeper_fds *fds)
{
	struct loop *l = keeper.d->loop;

	r->front = ipc_conn_new(l, fds->front, "keyd front", front_verbs, front_gone, NULL);
	r->nworkers = fds->nworkers;
	for (unsigned i = 0; i < fds->nworkers; i++)
		r->worker[i] =
		    ipc_conn_new(l, fds->worker[i], "keyd worker", worker_verbs, front_gone, NULL);
}

void
keeper_run(struct daemon *d, const struct keeper_fds *fds)
{
	struct rotation *r = &keeper.rotation;

	keeper.d = d;
	*r = (struct rotation) { .ks = &keeper.ks, .conf = &keeper.conf,
		.key_dir = d->conf->key_dir };
	secrets_protect();
	keydirs_unlock(&keeper.ks, d->conf, fds->passphrase);
	keydirs_open(&keeper.ks, d->conf, 1);
	keeper_conf_from(&keeper.conf, d->conf);
	connect_others(r, fds);
	rotate_init(r, d->loop);
	keydirs_confine(&keeper.ks, d, 0);
	keystore_load(&keeper.ks, keeper.conf.identity_bits, daemon_now());
	send_hello();
	send_sets();
	rotate_now(r);
	loop_run(d->loop);
	keystore_free(&keeper.ks);
	keypass_free(keeper.ks.passphrase);
	exit(0);
}
