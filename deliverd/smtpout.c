#include <stdlib.h>
#include <string.h>

#include "smtpconn.h"
#include "smtpout.h"

#define MAX_CONNS      DELIVERY_MAX_CONNECTIONS
#define MAILS_PER_CONN 20 /* that are due, before another connection is made */

struct flight {
	struct smtpout *o;
	struct smtpconn *conn;
	struct mailq_entry *entry; /* under way, with its mail */
	struct mail mail;
};

struct smtpout {
	struct mailq *q;
	uint16_t rtype;
	const char *name;
	void (*idle)(void *arg);
	void *arg;
	struct smtpset *set; /* NULL: off */
	const struct conf_delivery *conf;
	struct loop_timer *timer;
	int stopping;
	struct log_state trouble;
	struct errmsg why; /* the last that was said: another reason is news */
	struct flight flight[MAX_CONNS];
};

static void
arm(struct smtpout *o)
{
	int64_t next = mailq_next(o->q, o->rtype), now = daemon_steady();

	if (next == -1 || o->set == NULL || o->stopping)
		loop_timer_set(o->timer, -1);
	else
		loop_timer_set(o->timer, next <= now ? 0 : (next - now) * 1000);
}

/* --- what a connection asks --- */

static int
on_next(void *arg, const struct mail **m)
{
	struct flight *f = arg;

	if (f->o->set == NULL || f->o->stopping)
		return 0;
	f->entry = mailq_take(f->o->q, f->o->rtype, daemon_steady(), &f->mail);
	*m = &f->mail;
	return f->entry != NULL;
}

static void
on_done(void *arg, const enum smtp_result *results)
{
	struct flight *f = arg;
	struct smtpout *o = f->o;

	log_again(&o->trouble);
	mailq_done(o->q, f->entry, results, &o->conf->retry, daemon_steady());
	f->entry = NULL;
	mail_free(&f->mail);
	arm(o);
	if (smtpout_flying(o) == 0)
		o->idle(o->arg);
}

static int
any_up(const struct smtpout *o)
{
	for (size_t i = 0; i < MAX_CONNS; i++)
		if (smtpconn_up(o->flight[i].conn))
			return 1;
	return 0;
}

/* One connection more than the server takes is no reason to put mail off. */
static void
on_unreachable(void *arg, const char *why)
{
	struct smtpout *o = ((struct flight *)arg)->o;

	if (any_up(o))
		return;
	count(C_SERVER_UNREACHABLE);
	if (strcmp(o->why.s, why) != 0)
		o->trouble = (struct log_state){ 0 };
	err_set(&o->why, "%s", why);
	if (log_once(&o->trouble))
		log_warnx("%s: the mail server cannot be used (SMTPServer): %s; mail waits",
		    o->name, why);
	mailq_defer_due(o->q, o->rtype, &o->conf->retry, daemon_steady());
	arm(o);
}

static void
on_over(void *arg)
{
	arm(((struct flight *)arg)->o);
}

static const struct smtpconn_ops ops = { on_next, on_done, on_unreachable, on_over };

/* --- when to try --- */

static void
on_timer(void *arg)
{
	struct smtpout *o = arg;
	int64_t now = daemon_steady();

	if (o->set == NULL || o->stopping)
		return;
	if (mailq_due(o->q, o->rtype, now, 1) == 0)
		arm(o);
	for (size_t i = 0; i < (size_t)o->conf->max_connections; i++)
		if (mailq_due(o->q, o->rtype, now, i * MAILS_PER_CONN + 1) > i * MAILS_PER_CONN)
			smtpconn_kick(o->flight[i].conn, o->set);
}

void
smtpout_kick(struct smtpout *o)
{
	arm(o);
}

void
smtpout_stop(struct smtpout *o)
{
	o->stopping = 1;
}

size_t
smtpout_flying(const struct smtpout *o)
{
	size_t n = 0;

	for (size_t i = 0; i < MAX_CONNS; i++)
		n += o->flight[i].entry != NULL;
	return n;
}

struct smtpout *
smtpout_new(struct loop *l, struct lookup *lookup, struct mailq *q, uint16_t rtype,
    const char *name, void (*idle)(void *arg), void *arg)
{
	struct smtpout *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("smtpout");
	o->q = q;
	o->rtype = rtype;
	o->name = name;
	o->idle = idle;
	o->arg = arg;
	o->timer = loop_timer(l, on_timer, o);
	for (size_t i = 0; i < MAX_CONNS; i++) {
		o->flight[i].o = o;
		o->flight[i].conn = smtpconn_new(l, lookup, &ops, &o->flight[i]);
	}
	return o;
}

void
smtpout_configure(struct smtpout *o, struct smtpset *set, const struct conf_delivery *c)
{
	smtpset_unref(o->set);
	o->set = set;
	o->conf = c;
	o->trouble = (struct log_state){ 0 };
}

void
smtpout_free(struct smtpout *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < MAX_CONNS; i++) {
		struct flight *f = &o->flight[i];
		if (f->entry != NULL) {
			mailq_done(o->q, f->entry, NULL, NULL, 0);
			mail_free(&f->mail);
		}
		smtpconn_free(f->conn);
	}
	loop_timer_free(o->timer);
	smtpset_unref(o->set);
	free(o);
}
