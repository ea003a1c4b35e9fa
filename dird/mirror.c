/*
 * A mirror: it has no key and no opinion, and serves what more than half of the authorities signed.
 * Clients believe signatures alone, so any mirror is as good as another.
 */
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "crypto.h"

#define DOCUMENT_MAX (32 * 1024 * 1024)

static struct {
	struct loop_timer *timer;
	size_t next; /* whom to ask */
	size_t asked; /* in this round */
	int64_t valid_after; /* of what is served; 0: nothing yet */
	size_t signatures;
} m;

static void
try_next(void);

static int64_t
pause_ms(void)
{
	return core.conf->interval * 1000 / 24;
}

/* Fingerprints of the authorities, as directory_check takes them. */
static int
check(const struct directory *d, struct errmsg *e)
{
	uint8_t trusted[64][HASH_LEN];

	for (size_t i = 0; i < core.conf->nvoters; i++)
		memcpy(trusted[i], core.conf->voters[i].fingerprint, HASH_LEN);
	return directory_check(d, (const uint8_t(*)[HASH_LEN])trusted, core.conf->nvoters,
	    daemon_now(), 0, e);
}

static void
serve(const struct directory *d, const struct buf *gz)
{
	char name[11], file[32];

	fmt_date(name, d->valid_after);
	snprintf(file, sizeof(file), "%s.gz", name);
	if (publish_file(file, gz->p, gz->len) == -1 ||
	    publish_file("current.gz", gz->p, gz->len) == -1)
		return;
	m.valid_after = d->valid_after;
	m.signatures = d->nsigs;
	buf_reset(&core.report);
	buf_printf(&core.report, "%s: mirrored, with %zu signatures.\n", name, d->nsigs);
	core.counters[CC_CONSENSUS].n++;
	publish_expire(daemon_now());
	publish_page();
}

/* 0: it is what we serve now, or already did. */
static int
take(const struct buf *gz, struct errmsg *e)
{
	struct directory *d = directory_parse_any(gz->p, gz->len, daemon_now(), e);
	int rc = d != NULL ? check(d, e) : -1;

	if (rc == 0 && d->valid_after < m.valid_after)
		rc = err_set(e, "older than the one that is served");
	if (rc == 0)
		serve(d, gz);
	directory_free(d);
	return rc;
}

static void
done(void *arg, const struct buf *body, const char *why)
{
	const char *url = core.conf->voters[m.next].url;
	struct errmsg e;

	(void)arg;
	if (why == NULL && take(body, &e) == 0) {
		loop_timer_set(m.timer, pause_ms());
		return;
	}
	log_warnx("nothing from %s: %s", url, why != NULL ? why : e.s);
	m.next = (m.next + 1) % core.conf->nvoters;
	if (++m.asked < core.conf->nvoters)
		try_next();
	else
		loop_timer_set(m.timer, pause_ms());
}

static void
try_next(void)
{
	char url[700];
	int64_t ms = pause_ms() / 4;

	snprintf(url, sizeof(url), "%scurrent.gz", core.conf->voters[m.next].url);
	fetcher_get(url, DOCUMENT_MAX, ms < 1000 ? 1000 : ms, done, NULL);
}

/* Begins anywhere: not all mirrors are to ask the same server. */
static void
round_begins(void *arg)
{
	uint8_t r[4];

	(void)arg;
	rng_fill(&rng_system, r, sizeof(r));
	m.next = be32(r) % core.conf->nvoters;
	m.asked = 0;
	try_next();
}

void
mirror_init(void)
{
	m.timer = loop_timer(core.role.d.loop, round_begins, NULL);
	loop_timer_set(m.timer, 0);
}
