#include <string.h>

#include "proto.h"
#include "rotate.h"
#include "signdesc.h"

#define TICK_MS	    (20 * 1000) /* clocks are set, machines sleep */
#define LOOK_EVERY  3600 /* seconds */
#define TROUBLE_AGAIN 60 /* a replay log could not be opened */

/* --- which keys are in use --- */

static void
put_live(struct live *live, const struct keyset *s, int64_t overlap)
{
	live->number[live->n] = s->number;
	live->from[live->n] = s->valid_after;
	live->until[live->n++] = s->valid_until + overlap;
}

/* While the clock is in doubt also by the time expected: the front lets packets wait for that. */
static int
usable(const struct rotation *r, const struct keyset *s, int64_t now)
{
	return keyset_live(s, r->conf->overlap, now) ||
	    keyset_live(s, r->conf->overlap, clockguard_expected(&r->clock, now));
}

static void
send_live(struct rotation *r, int64_t now)
{
	static struct log_state said;
	struct live live = { 0 };

	for (size_t i = r->ks->n; i-- > 0 && live.n < LIVE_MAX;)
		if (usable(r, &r->ks->set[i], now))
			put_live(&live, &r->ks->set[i], r->conf->overlap);
	r->nlive = live.n;
	if (live.n > 0)
		log_again(&said);
	else if (log_once(&said))
		log_warnx("no packet key is valid now: packets wait");
	ipc_send(r->front, K_LIVE, 0, &live, sizeof(live));
}

static void
delete_dead(struct rotation *r, int64_t now)
{
	struct keystore *ks = r->ks;
	struct errmsg e;

	for (size_t i = 0; i < ks->n && r->gone.n < LIVE_MAX;) {
		uint32_t number = ks->set[i].number;

		if (!keyset_dead(&ks->set[i], r->conf->overlap, now)) {
			i++;
			continue;
		}
		if (keystore_delete(ks, number, &e) == -1)
			log_warnx("an expired key is not removed: KeyDir/%s", e.s);
		else
			log_info("the expired key key_%04u is removed", (unsigned)number);
		r->gone.number[r->gone.n++] = number;
	}
}

static void
make_missing(struct rotation *r, int64_t now)
{
	static struct log_state said;
	struct errmsg e;
	int n = keystore_cover(r->ks, r->conf->lifetime, now, &e);

	if (n == -1) {
		if (log_once(&said))
			log_errorx("packet keys cannot be made: KeyDir/%s", e.s);
		return;
	}
	log_again(&said);
	if (n > 0)
		log_info("%d new packet key%s", n, n == 1 ? "" : "s");
}

/* The private keys go out only to workers, and only those that have their replay log open. */
static void
send_keys(struct rotation *r, const struct live *use)
{
	struct buf rec = { 0 }, der = { 0 };

	for (uint32_t i = 0; i < use->n; i++) {
		const struct keyset *s = keystore_find(r->ks, use->number[i]);

		rsakey_private_der(s->key, &der);
		buf_u32(&rec, s->number);
		buf_u32(&rec, (uint32_t)der.len);
		buf_put(&rec, der.p, der.len);
		buf_wipe(&der);
		der = (struct buf) { 0 };
	}
	for (unsigned i = 0; i < r->nworkers; i++)
		ipc_send(r->worker[i], W_KEYS, 0, rec.p, rec.len);
	buf_wipe(&rec);
}

int
rotate_current(const struct rotation *r, int64_t now, struct errmsg *e)
{
	return signdesc_current(r->ks, r->key_dir, r->conf->overlap, now, e);
}

void
rotate_opened(struct rotation *r, uint32_t id, const struct live *has)
{
	struct live use = { 0 };
	int64_t now = daemon_now();
	struct errmsg e;

	if (has->n > LIVE_MAX)
		fatalx("keeper: a malformed record");
	for (uint32_t i = 0; i < has->n; i++) {
		const struct keyset *s = keystore_find(r->ks, has->number[i]);

		if (s != NULL && usable(r, s, now))
			put_live(&use, s, r->conf->overlap);
	}
	send_keys(r, &use);
	ipc_send(r->front, K_READY, id, &use, sizeof(use));
	if (r->gone.n > 0)
		ipc_send(r->front, K_DROP, 0, &r->gone, sizeof(r->gone));
	r->gone.n = 0;
	if (use.n < r->nlive && r->due_up > daemon_uptime() + TROUBLE_AGAIN)
		r->due_up = daemon_uptime() + TROUBLE_AGAIN;
	if (rotate_current(r, now, &e) == -1)
		log_warnx("KeyDir: %s", e.s);
}

/* --- when --- */

static void
say_clock(struct rotation *r)
{
	if (r->clock.jump == r->said_jump)
		return;
	r->said_jump = r->clock.jump;
	ipc_send(r->front, K_CLOCK, 0, &r->said_jump, sizeof(r->said_jump));
}

void
rotate_now(struct rotation *r)
{
	int64_t now = daemon_now(), uptime = daemon_uptime();

	if (clockguard_look(&r->clock, now, uptime)) {
		delete_dead(r, now);
		make_missing(r, now);
		clockguard_note(&r->clock, now);
	}
	say_clock(r);
	r->due = keystore_next(r->ks, r->conf->overlap, now);
	r->due_up = uptime + LOOK_EVERY;
	send_live(r, now);
}

static void
tick(void *arg)
{
	struct rotation *r = arg;
	int64_t now = daemon_now(), uptime = daemon_uptime();
	int64_t jump = r->clock.jump;

	(void)clockguard_look(&r->clock, now, uptime);
	if (r->clock.jump != jump || now >= r->due || uptime >= r->due_up)
		rotate_now(r);
	loop_timer_set(r->tick, TICK_MS);
}

void
rotate_confirm(struct rotation *r)
{
	clockguard_confirm(&r->clock, daemon_now(), daemon_uptime());
	rotate_now(r);
}

void
rotate_init(struct rotation *r, struct loop *l)
{
	clockguard_init(&r->clock, r->ks->dirfd, daemon_uptime());
	r->tick = loop_timer(l, tick, r);
	loop_timer_set(r->tick, TICK_MS);
}
