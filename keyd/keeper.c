#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certify.h"
#include "keydirs.h"
#include "passphrase.h"
#include "signdesc.h"

#define LOOK_EVERY    (3600 * 1000) /* ms; clocks are set, machines sleep */
#define TROUBLE_EVERY (60 * 1000) /* a replay log could not be opened */

static struct {
	struct daemon *d;
	struct keeper_conf conf;
	struct keystore ks;
	struct ipc_conn *front;
	struct ipc_conn *worker[WORKERS_MAX];
	unsigned nworkers;
	uint32_t nlive; /* key sets that are to be in use */
	struct loop_timer *timer;
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

/* --- which keys are in use --- */

static void
send_hello(void)
{
	struct whoami_rep self = { .status = ST_OK };

	memcpy(self.nickname, keeper.conf.nickname, sizeof(keeper.conf.nickname));
	memcpy(self.keyid, keeper.ks.keyid, HASH_LEN);
	ipc_send(keeper.front, K_HELLO, 0, &self, sizeof(self));
}

static void
send_live(int64_t now)
{
	struct live live = { 0 };

	for (size_t i = keeper.ks.n; i-- > 0 && live.n < LIVE_MAX;)
		if (keyset_live(&keeper.ks.set[i], keeper.conf.overlap, now))
			live.number[live.n++] = keeper.ks.set[i].number;
	keeper.nlive = live.n;
	if (live.n == 0)
		log_warnx("no packet key is valid now: packets wait");
	ipc_send(keeper.front, K_LIVE, 0, &live, sizeof(live));
}

static void
delete_dead(int64_t now)
{
	struct live gone = { 0 };
	struct errmsg e;

	for (size_t i = 0; i < keeper.ks.n && gone.n < LIVE_MAX;) {
		uint32_t number = keeper.ks.set[i].number;

		if (!keyset_dead(&keeper.ks.set[i], keeper.conf.overlap, now)) {
			i++;
			continue;
		}
		if (keystore_delete(&keeper.ks, number, &e) == -1)
			log_warnx("an expired key is not removed: KeyDir/%s", e.s);
		else
			log_info("the expired key key_%04u is removed", (unsigned)number);
		gone.number[gone.n++] = number;
	}
	if (gone.n > 0)
		ipc_send(keeper.front, K_DROP, 0, &gone, sizeof(gone));
}

static void
make_missing(int64_t now)
{
	static struct log_state said;
	struct errmsg e;
	int n = keystore_cover(&keeper.ks, keeper.conf.lifetime, now, &e);

	if (n == -1) {
		if (log_once(&said))
			log_errorx("packet keys cannot be made: KeyDir/%s", e.s);
		return;
	}
	log_again(&said);
	if (n > 0)
		log_info("%d new packet keys", n);
}

static void
look_again_at(int64_t now)
{
	int64_t next = keystore_next(&keeper.ks, keeper.conf.overlap, now);
	int64_t ms = LOOK_EVERY;

	if (next - now < LOOK_EVERY / 1000)
		ms = (next - now) * 1000;
	loop_timer_set(keeper.timer, ms);
}

static void
update(void *arg)
{
	int64_t now = daemon_now();

	(void)arg;
	if (clock_plausible(keeper.ks.dirfd, now)) {
		delete_dead(now);
		make_missing(now);
	}
	send_live(now);
	look_again_at(now);
}

/* The private keys go out only to workers, and only those that have their replay log open. */
static void
send_keys(const struct live *use)
{
	struct buf rec = { 0 }, der = { 0 };

	for (uint32_t i = 0; i < use->n; i++) {
		const struct keyset *s = keystore_find(&keeper.ks, use->number[i]);

		rsakey_private_der(s->key, &der);
		buf_u32(&rec, s->number);
		buf_u32(&rec, (uint32_t)der.len);
		buf_put(&rec, der.p, der.len);
		buf_wipe(&der);
		der = (struct buf) { 0 };
	}
	for (unsigned i = 0; i < keeper.nworkers; i++)
		ipc_send(keeper.worker[i], W_KEYS, 0, rec.p, rec.len);
	buf_wipe(&rec);
}

static int
write_current(int64_t now, struct errmsg *e)
{
	return signdesc_current(
	    &keeper.ks, keeper.d->conf->key_dir, keeper.conf.overlap, now, e);
}

static int
opened(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct live has, use = { 0 };
	int64_t now = daemon_now();
	struct errmsg e;

	(void)len;
	memcpy(&has, body, sizeof(has));
	if (has.n > LIVE_MAX)
		fatalx("keeper: a malformed record");
	for (uint32_t i = 0; i < has.n; i++) {
		const struct keyset *s = keystore_find(&keeper.ks, has.number[i]);

		if (s != NULL && keyset_live(s, keeper.conf.overlap, now))
			use.number[use.n++] = s->number;
	}
	send_keys(&use);
	ipc_send(c, K_READY, id, &use, sizeof(use));
	if (use.n < keeper.nlive)
		loop_timer_set(keeper.timer, TROUBLE_EVERY);
	if (write_current(now, &e) == -1)
		log_warnx("KeyDir: %s", e.s);
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
	update(NULL);
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
		    write_current(now, &e) == 0)
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
	{ V_CERTIFY, sizeof(struct certify_req) + 1, sizeof(struct certify_req) + CERTIFY_SPKI_MAX,
	    ask_certify },
	{ V_KEYSETS, 0, 0, ask_keysets },
	{ V_SIGN, sizeof(struct sign_req) + 1, sizeof(struct sign_req) + SIGN_TEXT_MAX, ask_sign },
	{ 0, 0, 0, NULL },
};

static const struct ipc_verb worker_verbs[] = { { 0, 0, 0, NULL } }; /* they say nothing to us */

static void
connect_others(const struct keeper_fds *fds)
{
	struct loop *l = keeper.d->loop;

	keeper.front = ipc_conn_new(l, fds->front, "keyd front", front_verbs, front_gone, NULL);
	keeper.nworkers = fds->nworkers;
	for (unsigned i = 0; i < fds->nworkers; i++)
		keeper.worker[i] =
		    ipc_conn_new(l, fds->worker[i], "keyd worker", worker_verbs, front_gone, NULL);
}

void
keeper_run(struct daemon *d, const struct keeper_fds *fds)
{
	keeper.d = d;
	secrets_protect();
	keydirs_unlock(&keeper.ks, d->conf, fds->passphrase);
	keydirs_open(&keeper.ks, d->conf, 1);
	keeper_conf_from(&keeper.conf, d->conf);
	connect_others(fds);
	keeper.timer = loop_timer(d->loop, update, NULL);
	keydirs_confine(&keeper.ks, d);
	keystore_load(&keeper.ks, keeper.conf.identity_bits, daemon_now());
	send_hello();
	update(NULL);
	loop_run(d->loop);
	keystore_free(&keeper.ks);
	passphrase_free(keeper.ks.passphrase);
	exit(0);
}
