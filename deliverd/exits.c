/*
 * The delivery modules, by routing type: each a row that says who the recipients are and which
 * part of the configuration applies. All of them compose a mail, queue it and hand it to a
 * server, or to a program, or put it into a file. External modules are exits without a row: what
 * they get is made in modexit.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blocklist.h"
#include "deliverd.h"
#include "fileout.h"
#include "modexit.h"
#include "ratelimit.h"
#include "routing.h"
#include "runout.h"
#include "smtpout.h"

struct exits;

struct module {
	const char *name;
	uint16_t rtype;
	enum run_what what; /* its command, where it has one */
	const struct conf_delivery *(*conf)(const struct server_conf *c);
	enum count (*recipients)(const struct exits *x, const uint8_t *info, size_t len,
	    struct recipients *to);
};

/* A module at work: its mails go to a server or through a program. */
struct exit {
	const struct module *module; /* NULL: an external one */
	struct exits *x;
	char name[16];
	uint16_t rtype; /* 0: an external one that is not there */
	struct smtpout *smtp; /* NULL where there is no server to speak with */
	struct runout *run;
};

static enum count
recipients_mbox(const struct exits *x, const uint8_t *info, size_t len, struct recipients *to);
static enum count
recipients_smtp(const struct exits *x, const uint8_t *info, size_t len, struct recipients *to);

static const struct conf_delivery *
conf_mbox(const struct server_conf *c)
{
	return &c->mbox;
}

static const struct conf_delivery *
conf_smtp(const struct server_conf *c)
{
	return &c->smtp;
}

static const struct conf_delivery *
conf_mix2(const struct server_conf *c)
{
	return &c->mix2;
}

/* Of two for one type the configuration lets one be on. */
static const struct module modules[] = {
	{ "MBOX", RT_MBOX, RUN_MBOX, conf_mbox, recipients_mbox },
	{ "SMTP", RT_SMTP, RUN_SMTP, conf_smtp, recipients_smtp },
	{ "SMTP-Via-Mixmaster", RT_SMTP, RUN_MIX, conf_mix2, recipients_smtp },
};

#define STOP_MS	  (10 * 1000) /* how long the end waits for an answer */
#define N_MODULES (sizeof(modules) / sizeof(modules[0]))
#define N_EXITS	  (N_MODULES + CONF_MAX_MODULES)

struct exits {
	struct daemon *d;
	struct mailq *q;
	const struct server_conf *conf;
	struct mbox_map *mbox; /* NULL while MBOX is off */
	struct blocklist *blocks; /* NULL: none */
	struct ratelimit *limit;
	struct fileout *files;
	char *mailbox_dir; /* as it was opened */
	int stopping;
	struct loop_timer *stop_timer;
	struct exit exit[N_EXITS];
};

static enum count
recipients_mbox(const struct exits *x, const uint8_t *info, size_t len, struct recipients *to)
{
	return mbox_recipients(x->mbox, info, len, to);
}

static enum count
recipients_smtp(const struct exits *x, const uint8_t *info, size_t len, struct recipients *to)
{
	enum count why = smtpexit_recipients(info, len, to);

	return why != C_NONE ? why : smtpexit_leave_out(x->blocks, to);
}

/* External modules take sizes and times from [Delivery/SMTP]. */
static const struct conf_delivery *
exit_conf(const struct exit *ex)
{
	return ex->module != NULL ? ex->module->conf(ex->x->conf) : &ex->x->conf->smtp;
}

static int
exit_on(const struct exit *ex)
{
	return ex->module != NULL ? exit_conf(ex)->enabled : ex->rtype != 0;
}

static int
by_command(const struct module *m, const struct server_conf *c)
{
	return m->what == RUN_MIX || m->conf(c)->sendmail_command != NULL;
}

/* --- out --- */

static void
on_stop_timer(void *arg)
{
	struct exits *x = arg;

	loop_stop(x->d->loop);
}

static size_t
flying(const struct exit *ex)
{
	return (ex->smtp != NULL ? smtpout_flying(ex->smtp) : 0) + runout_flying(ex->run);
}

static void
stop_if_idle(void *arg)
{
	struct exits *x = arg;

	if (!x->stopping)
		return;
	for (size_t i = 0; i < N_EXITS; i++)
		if (flying(&x->exit[i]) > 0)
			return;
	loop_stop(x->d->loop);
}

/* A mail whose text went out and whose answer nobody heard would be sent again. */
void
exits_stop(struct exits *x)
{
	x->stopping = 1;
	for (size_t i = 0; i < N_EXITS; i++) {
		if (x->exit[i].smtp != NULL)
			smtpout_stop(x->exit[i].smtp);
		runout_stop(x->exit[i].run);
	}
	fileout_stop(x->files);
	loop_timer_set(x->stop_timer, STOP_MS);
	stop_if_idle(x);
}

void
exits_kick(struct exits *x)
{
	for (size_t i = 0; i < N_EXITS; i++) {
		if (x->exit[i].smtp != NULL)
			smtpout_kick(x->exit[i].smtp);
		runout_kick(x->exit[i].run);
	}
	fileout_kick(x->files);
}

static struct exit *
exit_of(struct exits *x, uint16_t rt)
{
	struct exit *found = NULL;

	for (size_t i = 0; rt != 0 && i < N_EXITS; i++)
		if (x->exit[i].rtype == rt && (found == NULL || exit_on(&x->exit[i])))
			found = &x->exit[i];
	return found;
}

/* How much one recipient gets: only where anybody may be one. */
static const struct conf_schedule *
hold(void *arg, uint16_t rtype, const struct recipients *to, int64_t now)
{
	struct exits *x = arg;

	if (rtype != RT_SMTP || ratelimit_take(x->limit, to, now))
		return NULL;
	return &exit_conf(exit_of(x, rtype))->retry;
}

/* --- configuration --- */

struct exits *
exits_new(struct daemon *d, struct lookup *lookup, struct mailq *q, int mailbox_dirfd)
{
	struct exits *x = calloc(1, sizeof(*x));

	if (x == NULL)
		fatal("exits");
	x->d = d;
	x->q = q;
	x->stop_timer = loop_timer(d->loop, on_stop_timer, x);
	x->limit = ratelimit_new(&rng_system);
	x->files = fileout_new(d->loop, q, mailbox_dirfd);
	mailq_hold(q, hold, x);
	for (size_t i = 0; i < N_EXITS; i++) {
		struct exit *ex = &x->exit[i];
		ex->module = i < N_MODULES ? &modules[i] : NULL;
		ex->x = x;
		if (ex->module != NULL) {
			snprintf(ex->name, sizeof(ex->name), "%s",
			    ex->module->what == RUN_MIX ? "Mixmaster" : ex->module->name);
			ex->rtype = ex->module->rtype;
			if (ex->module->what != RUN_MIX)
				ex->smtp = smtpout_new(d->loop, lookup, q, ex->rtype, ex->name,
				    stop_if_idle, x);
		}
		ex->run = runout_new(d, q, ex->name, stop_if_idle, x);
	}
	return x;
}

static int
exit_check(const struct module *m, const struct conf_delivery *c, struct errmsg *e)
{
	const char *ra = c->return_address;

	if (ra == NULL || strlen(ra) > MAX_MAILBOX || !mailbox_valid(ra, strlen(ra)))
		return err_set(e, "[Delivery/%s] ReturnAddress has to be a mail address", m->name);
	return 0;
}

/* What is ready to take the place of the old. */
struct fresh {
	struct mbox_map *mbox;
	struct blocklist *blocks;
	struct smtpset *set[N_MODULES]; /* NULL: off, or no server */
};

static void
fresh_free(struct fresh *f)
{
	mbox_free(f->mbox);
	blocklist_free(f->blocks);
	for (size_t i = 0; i < N_MODULES; i++)
		smtpset_unref(f->set[i]);
}

/* At the start the way to deliverd-run is made before the sandbox where it cannot be made later. */
static int
run_check(struct exits *x, struct runout *run, struct errmsg *e)
{
	if (x->conf == NULL && x->d->one_uid)
		runout_connect(run);
	return runout_possible(run, e);
}

static int
files_check(const struct exits *x, const struct server_conf *c, const struct mbox_map *m,
    struct errmsg *e)
{
	const char *dir = c->mailbox_dir;
	unsigned line = mbox_first_file(m);

	if (line != 0 && dir == NULL)
		return err_set(e, "%s:%u: for a file, [Delivery/MBOX] needs MailboxDir",
		    c->address_file, line);
	if (x->conf != NULL && dir != NULL &&
	    (x->mailbox_dir == NULL || strcmp(x->mailbox_dir, dir) != 0))
		return err_set(e, "MailboxDir: another directory needs a restart of deliverd");
	return 0;
}

static int
fresh_make(struct fresh *f, struct exits *x, const struct server_conf *c, struct errmsg *e)
{
	for (size_t i = 0; i < N_MODULES; i++) {
		const struct conf_delivery *cd = modules[i].conf(c);

		if (!cd->enabled)
			continue;
		if (exit_check(&modules[i], cd, e) == -1)
			return -1;
		if (by_command(&modules[i], c)) {
			if (run_check(x, x->exit[i].run, e) == -1)
				return -1;
		} else if ((f->set[i] = smtpset_new(cd, modules[i].name, c->timeout,
			       e)) == NULL)
			return -1;
	}
	for (size_t i = 0; i < c->modules.n; i++)
		if (run_check(x, x->exit[N_MODULES + i].run, e) == -1)
			return -1;
	if ((c->smtp.enabled || c->mix2.enabled) && c->blacklist_file != NULL &&
	    (f->blocks = blocklist_load(c->blacklist_file, e)) == NULL)
		return -1;
	if (c->mbox.enabled && (f->mbox = mbox_load(c->address_file, e)) == NULL)
		return -1;
	return f->mbox != NULL ? files_check(x, c, f->mbox, e) : 0;
}

static void
configure_exit(struct exit *ex, struct smtpset *set, const struct server_conf *c)
{
	const struct conf_delivery *cd = ex->module->conf(c);
	int run = cd->enabled && by_command(ex->module, c);

	if (ex->smtp != NULL)
		smtpout_configure(ex->smtp, set, cd);
	runout_configure(ex->run, ex->module->what, ex->rtype, run ? &cd->retry : NULL,
	    c->command_timeout);
}

static void
configure_module(struct exit *ex, size_t i, const struct server_conf *c)
{
	const struct conf_modules *m = &c->modules;

	ex->rtype = i < m->n ? m->v[i].rtype : 0;
	snprintf(ex->name, sizeof(ex->name), "Module 0x%04x", ex->rtype);
	runout_configure(ex->run, RUN_MODULE, ex->rtype, i < m->n ? &c->smtp.retry : NULL,
	    c->command_timeout);
}

int
exits_configure(struct exits *x, const struct server_conf *c, struct errmsg *e)
{
	struct fresh f = { .mbox = NULL };

	if (fresh_make(&f, x, c, e) == -1) {
		fresh_free(&f);
		return -1;
	}
	for (size_t i = 0; i < N_EXITS; i++) {
		if (i < N_MODULES)
			configure_exit(&x->exit[i], f.set[i], c);
		else
			configure_module(&x->exit[i], i - N_MODULES, c);
	}
	if (x->conf == NULL && c->mailbox_dir != NULL &&
	    (x->mailbox_dir = strdup(c->mailbox_dir)) == NULL)
		fatal("exits");
	fileout_configure(x->files, c->mbox.enabled ? &c->mbox.retry : NULL);
	ratelimit_configure(x->limit, &c->recipient_limit, &c->domain_limit);
	mbox_free(x->mbox);
	x->mbox = f.mbox;
	blocklist_free(x->blocks);
	x->blocks = f.blocks;
	x->conf = c;
	return 0;
}

/* --- in --- */

/* C_NONE: it goes to m->to. */
static enum count
judge(struct exits *x, const struct exit *ex, struct chunk info, const struct delivery *d,
    struct recipients *to)
{
	if (ex == NULL)
		return C_DROPS_UNKNOWN_TYPE;
	if (!exit_on(ex))
		return C_DROPS_DISABLED_TYPE;
	if (d->error)
		return C_DROPS_BAD_PAYLOAD;
	if (d->contents.len > (size_t)exit_conf(ex)->max_size)
		return C_DROPS_TOO_BIG;
	if (ex->module != NULL)
		return ex->module->recipients(x, info.p, info.len, to);
	return info.len > MODEXIT_INFO_MAX ? C_DROPS_BAD_ADDRESS : C_NONE;
}

/* In the mail, its reader is at the address of ours that looks like his name. */
static void
file_reader(struct recipients *to, struct chunk name, const struct conf_delivery *c)
{
	const char *domain = mailbox_domain(c->return_address);
	int n = snprintf(to->addr[0], sizeof(to->addr[0]), "%.*s@%s", (int)name.len,
	    (const char *)name.p, domain);

	if (n < 0 || n > MAX_MAILBOX || !mailbox_valid(to->addr[0], (size_t)n))
		strlcpy(to->addr[0], c->return_address, sizeof(to->addr[0]));
}

static void
make_mail(struct mail *m, const struct exit *ex, struct chunk info, const struct delivery *d)
{
	struct recipients file = { .n = 0 };
	struct errmsg e;

	if (ex->module == NULL) {
		modexit_make(m, info, d);
		return;
	}
	if (mbox_is_file(m->to.addr[0])) {
		m->rtype = LANE_FILES;
		file = m->to;
		file_reader(&m->to, info, exit_conf(ex));
	}
	if (compose_mail(m, d, exit_conf(ex), daemon_now(), &rng_system, &e) == -1)
		fatalx("%s: %s", ex->name, e.s);
	if (file.n != 0)
		m->to = file;
}

int
exits_take(struct exits *x, const char *name, uint16_t rt, struct chunk info,
    const struct delivery *d)
{
	const struct exit *ex = exit_of(x, rt);
	struct mail m = { .rtype = rt };
	enum count why;
	int rc;

	if ((why = judge(x, ex, info, d, &m.to)) != C_NONE) {
		count(why);
		return 0;
	}
	if (d->type == MT_OVERCOMPRESSED)
		count(C_OVERCOMPRESSED);
	make_mail(&m, ex, info, d);
	rc = mailq_stage(x->q, name, &m);
	mail_free(&m);
	return rc;
}

int
exits_take_packet(struct exits *x, const char *name, uint16_t rt, struct chunk ri,
    const uint8_t payload[PAYLOAD_LEN])
{
	const uint8_t *tag = NULL;
	struct delivery d;
	int rc;

	if (exit_of(x, rt) == NULL) {
		count(C_DROPS_UNKNOWN_TYPE);
		return 0;
	}
	if (exit_has_tag(rt)) {
		if (ri.len < TAG_LEN) {
			count(C_DROPS_BAD_ADDRESS);
			return 0;
		}
		tag = ri.p;
		ri = (struct chunk) { tag + TAG_LEN, ri.len - TAG_LEN };
	}
	delivery_from_payload(&d, payload, tag);
	rc = exits_take(x, name, rt, ri, &d);
	delivery_free(&d);
	return rc;
}

void
exits_queue(struct exits *x, struct buf *out)
{
	for (size_t i = 0; i < N_EXITS; i++) {
		const struct exit *ex = &x->exit[i];

		if (ex == exit_of(x, ex->rtype))
			buf_printf(out, "mail-%s %zu\n", ex->name,
			    mailq_count(x->q, ex->rtype) + flying(ex));
	}
	if (x->mailbox_dir != NULL)
		buf_printf(out, "mail-files %zu\n", mailq_count(x->q, LANE_FILES));
}

void
exits_free(struct exits *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < N_EXITS; i++) {
		smtpout_free(x->exit[i].smtp);
		runout_free(x->exit[i].run);
	}
	fileout_free(x->files);
	ratelimit_free(x->limit);
	loop_timer_free(x->stop_timer);
	mbox_free(x->mbox);
	blocklist_free(x->blocks);
	free(x->mailbox_dir);
	free(x);
}
