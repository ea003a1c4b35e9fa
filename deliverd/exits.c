/*
 * The delivery modules, by routing type: each a row that says who the recipients are and which
 * part of the configuration applies. All of them compose a mail, queue it and hand it to a
 * server. Another module is another row.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deliverd.h"
#include "routing.h"

struct exits;

struct module {
	const char *name;
	uint16_t rtype;
	const struct conf_delivery *(*conf)(const struct server_conf *c);
	enum count (*recipients)(const struct exits *x, const uint8_t *info, size_t len,
	    struct recipients *to);
};

/* A module at work. */
struct exit {
	const struct module *module;
	struct exits *x;
	struct smtpconn *conn;
	struct loop_timer *timer;
	struct mailq_entry *entry; /* on its way, with its mail */
	struct mail mail;
	struct log_state unreachable;
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

static const struct module modules[] = {
	{ "MBOX", RT_MBOX, conf_mbox, recipients_mbox },
	{ "SMTP", RT_SMTP, conf_smtp, recipients_smtp },
};

#define STOP_MS	  (10 * 1000) /* how long the end waits for a server's answer */
#define N_MODULES (sizeof(modules) / sizeof(modules[0]))

struct exits {
	struct loop *loop;
	struct mailq *q;
	const struct server_conf *conf;
	struct mbox_map *mbox; /* NULL while MBOX is off */
	int stopping;
	struct loop_timer *stop_timer;
	struct exit exit[N_MODULES];
};

static enum count
recipients_mbox(const struct exits *x, const uint8_t *info, size_t len, struct recipients *to)
{
	return mbox_recipients(x->mbox, info, len, to);
}

static enum count
recipients_smtp(const struct exits *x, const uint8_t *info, size_t len, struct recipients *to)
{
	(void)x;
	return smtpexit_recipients(info, len, to);
}

static const struct conf_delivery *
exit_conf(const struct exit *ex)
{
	return ex->module->conf(ex->x->conf);
}

/* --- out: what the connection asks --- */

static int
on_next(void *arg, const struct mail **m)
{
	struct exit *ex = arg;

	if (!exit_conf(ex)->enabled || ex->x->stopping)
		return 0;
	ex->entry = mailq_take(ex->x->q, ex->module->rtype, daemon_now(), &ex->mail);
	*m = &ex->mail;
	return ex->entry != NULL;
}

/* For the next mail of this module that is not due yet. */
static void
exit_arm(struct exit *ex)
{
	int64_t next = mailq_next(ex->x->q, ex->module->rtype), now = daemon_now();

	if (next == -1 || !exit_conf(ex)->enabled || ex->x->stopping)
		loop_timer_set(ex->timer, -1);
	else
		loop_timer_set(ex->timer, next <= now ? 0 : (next - now) * 1000);
}

static void
stop_if_idle(struct exits *x)
{
	for (size_t i = 0; i < N_MODULES; i++)
		if (x->exit[i].entry != NULL)
			return;
	loop_stop(x->loop);
}

static void
on_done(void *arg, const enum smtp_result *results)
{
	struct exit *ex = arg;

	log_again(&ex->unreachable);
	mailq_done(ex->x->q, ex->entry, results, &exit_conf(ex)->retry, daemon_now());
	ex->entry = NULL;
	mail_free(&ex->mail);
	if (ex->x->stopping)
		stop_if_idle(ex->x);
}

static void
on_unreachable(void *arg)
{
	struct exit *ex = arg;

	count(C_SERVER_UNREACHABLE);
	if (log_once(&ex->unreachable))
		log_warnx("%s: the mail server cannot be reached (SMTPServer); mail waits",
		    ex->module->name);
	mailq_defer_due(ex->x->q, ex->module->rtype, &exit_conf(ex)->retry, daemon_now());
	exit_arm(ex);
}

static void
on_over(void *arg)
{
	exit_arm(arg);
}

static const struct smtpconn_ops conn_ops = { on_next, on_done, on_unreachable, on_over };

static void
on_timer(void *arg)
{
	struct exit *ex = arg;
	int64_t next = mailq_next(ex->x->q, ex->module->rtype);

	if (next == -1 || !exit_conf(ex)->enabled || ex->x->stopping)
		return;
	if (next > daemon_now())
		exit_arm(ex);
	else
		smtpconn_kick(ex->conn);
}

static void
on_stop_timer(void *arg)
{
	struct exits *x = arg;

	loop_stop(x->loop);
}

/* A mail whose text went out and whose answer nobody heard would be sent again. */
void
exits_stop(struct exits *x)
{
	x->stopping = 1;
	loop_timer_set(x->stop_timer, STOP_MS);
	stop_if_idle(x);
}

void
exits_kick(struct exits *x)
{
	for (size_t i = 0; i < N_MODULES; i++)
		exit_arm(&x->exit[i]);
}

/* --- configuration --- */

struct exits *
exits_new(struct loop *l, struct mailq *q)
{
	struct exits *x = calloc(1, sizeof(*x));

	if (x == NULL)
		fatal("exits");
	x->loop = l;
	x->q = q;
	x->stop_timer = loop_timer(l, on_stop_timer, x);
	for (size_t i = 0; i < N_MODULES; i++) {
		struct exit *ex = &x->exit[i];
		ex->module = &modules[i];
		ex->x = x;
		ex->conn = smtpconn_new(l, &conn_ops, ex);
		ex->timer = loop_timer(l, on_timer, ex);
	}
	return x;
}

static int
exit_check(const struct module *m, const struct conf_delivery *c, struct errmsg *e)
{
	const char *ra = c->return_address;

	if (ra == NULL || strlen(ra) > MAX_MAILBOX || !mailbox_valid(ra, strlen(ra)))
		return err_set(e, "[Delivery/%s] ReturnAddress has to be a mail address", m->name);
	if (c->sendmail_command != NULL)
		return err_set(e,
		    "[Delivery/%s] SendmailCommand is not supported yet: use SMTPServer", m->name);
	return 0;
}

int
exits_configure(struct exits *x, const struct server_conf *c, int resolve, struct errmsg *e)
{
	struct mbox_map *map = NULL;

	for (size_t i = 0; i < N_MODULES; i++) {
		const struct conf_delivery *cd = modules[i].conf(c);
		if (cd->enabled && (exit_check(&modules[i], cd, e) == -1 ||
		    (!resolve && smtpconn_check(x->exit[i].conn, cd->smtp_server, e) == -1)))
			return -1;
	}
	if (c->smtp.enabled && c->blacklist_file != NULL)
		return err_set(e,
		    "[Delivery/SMTP] BlacklistFile is not supported yet, and is not ignored: "
		    "remove it, or switch SMTP off");
	if (c->mbox.enabled && (map = mbox_load(c->address_file, e)) == NULL)
		return -1;
	for (size_t i = 0; i < N_MODULES; i++) {
		const struct conf_delivery *cd = modules[i].conf(c);
		if (!cd->enabled)
			continue;
		if (smtpconn_server(x->exit[i].conn, cd->smtp_server, resolve, e) == -1) {
			mbox_free(map);
			return -1;
		}
		smtpconn_helo(x->exit[i].conn, mailbox_domain(cd->return_address));
	}
	mbox_free(x->mbox);
	x->mbox = map;
	x->conf = c;
	return 0;
}

/* --- in --- */

static struct exit *
exit_of(struct exits *x, uint16_t rt)
{
	for (size_t i = 0; i < N_MODULES; i++)
		if (modules[i].rtype == rt)
			return &x->exit[i];
	return NULL;
}

/* C_NONE: it goes to m->to. */
static enum count
judge(struct exits *x, const struct exit *ex, struct chunk info, const struct delivery *d,
    struct recipients *to)
{
	if (ex == NULL)
		return C_DROPS_UNKNOWN_TYPE;
	if (!exit_conf(ex)->enabled)
		return C_DROPS_DISABLED_TYPE;
	if (d->error)
		return C_DROPS_BAD_PAYLOAD;
	if (d->contents.len > (size_t)exit_conf(ex)->max_size)
		return C_DROPS_TOO_BIG;
	return ex->module->recipients(x, info.p, info.len, to);
}

int
exits_take(struct exits *x, const char *name, uint16_t rt, struct chunk info,
    const struct delivery *d)
{
	const struct exit *ex = exit_of(x, rt);
	struct mail m = { .rtype = rt };
	struct errmsg e;
	enum count why;
	int rc;

	if ((why = judge(x, ex, info, d, &m.to)) != C_NONE) {
		count(why);
		return 0;
	}
	if (d->type == MT_OVERCOMPRESSED)
		count(C_OVERCOMPRESSED);
	if (compose_mail(&m, d, exit_conf(ex), daemon_now(), &rng_system, &e) == -1)
		fatalx("%s: %s", ex->module->name, e.s);
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
	for (size_t i = 0; i < N_MODULES; i++)
		buf_printf(out, "mail %s %zu\n", modules[i].name,
		    mailq_count(x->q, modules[i].rtype) + (x->exit[i].entry != NULL));
}

void
exits_free(struct exits *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < N_MODULES; i++) {
		struct exit *ex = &x->exit[i];
		if (ex->entry != NULL) {
			mailq_done(x->q, ex->entry, NULL, NULL, 0);
			mail_free(&ex->mail);
		}
		smtpconn_free(ex->conn);
		loop_timer_free(ex->timer);
	}
	loop_timer_free(x->stop_timer);
	mbox_free(x->mbox);
	free(x);
}
