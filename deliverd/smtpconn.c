#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "smtpaddrs.h"
#include "smtpconn.h"
#include "smtptls.h"

#define MAX_PER_CONN 100 /* mails, then a new connection */
#define CONNECT_MS   (30 * 1000)
#define IDLE_MS	     (2 * 1000) /* more mail may come at once */

enum phase { IDLE, LOOKING_UP, CONNECTING, SHAKING, TALKING };

struct smtpconn {
	struct loop *loop;
	struct lookup *lookup;
	const struct smtpconn_ops *ops;
	void *arg;
	enum phase phase;
	struct smtpset *set; /* NULL when idle */
	struct lookup_query *query;
	struct smtpaddrs addrs;
	size_t i; /* the address that is tried */
	int no_tls; /* it is tried once more without: TLS was offered and did not work */
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	struct smtp *smtp;
	SSL *ssl; /* NULL: in the clear */
	short wants; /* what TLS waits for besides */
	unsigned turn; /* of the conversation, when the timer was set */
	const struct mail *mail; /* on its way */
	struct buf seven; /* its text, where the server takes no other */
	unsigned sent; /* mails over this connection */
	struct errmsg why; /* the last thing that went wrong before a mail could go */
};

static void on_event(int fd, short revents, void *arg);
static void on_timeout(void *arg);
static void try_connect(struct smtpconn *c);

struct smtpconn *
smtpconn_new(struct loop *l, struct lookup *lookup, const struct smtpconn_ops *ops, void *arg)
{
	struct smtpconn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		fatal("smtpconn");
	c->loop = l;
	c->lookup = lookup;
	c->ops = ops;
	c->arg = arg;
	c->fd = -1;
	c->timer = loop_timer(l, on_timeout, c);
	return c;
}

/* --- the end --- */

static void
hang_up(struct smtpconn *c)
{
	smtptls_end(c->ssl);
	c->ssl = NULL;
	c->wants = 0;
	loop_del(c->io);
	c->io = NULL;
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	smtp_free(c->smtp);
	c->smtp = NULL;
	loop_timer_set(c->timer, -1);
}

static void
become_idle(struct smtpconn *c)
{
	c->phase = IDLE;
	smtpset_unref(c->set);
	c->set = NULL;
}

static void
give_up(struct smtpconn *c)
{
	become_idle(c);
	c->ops->unreachable(c->arg, c->why.s);
}

static void
next_address(struct smtpconn *c)
{
	hang_up(c);
	c->no_tls = 0;
	c->i++;
	try_connect(c);
}

/* The mail is over (or there was none); gives its results away. */
static void
report(struct smtpconn *c)
{
	enum smtp_result results[SMTP_MAX_RCPT];

	if (c->mail == NULL || !smtp_mail_over(c->smtp, results))
		return;
	c->mail = NULL;
	c->sent++;
	buf_wipe(&c->seven);
	c->ops->done(c->arg, results);
}

/* What the server said is worth a line where it says why no mail can go. */
static void
note_trouble(struct smtpconn *c, const char *why)
{
	if (smtp_trouble(c->smtp) != NULL)
		why = smtp_trouble(c->smtp);
	if (*smtp_words(c->smtp) != '\0')
		err_set(&c->why, "%s (\"%.200s\")", why, smtp_words(c->smtp));
	else
		err_set(&c->why, "%s", why);
}

/* The conversation is over. A server that never said hello is as good as none. */
static void
ended(struct smtpconn *c, const char *why)
{
	int greeted;

	smtp_eof(c->smtp);
	report(c);
	greeted = smtp_greeted(c->smtp);
	if (!greeted) {
		note_trouble(c, why);
		next_address(c);
		return;
	}
	hang_up(c);
	become_idle(c);
	c->ops->over(c->arg);
}

/* --- the conversation --- */

/* Codes alone: the words may name a recipient. */
static void
on_refused(void *arg, enum smtp_result r, const char *line)
{
	int code = atoi(line), class, subject, detail;
	const char *what = r == SMTP_FAILED ? "refused" : "put off";

	(void)arg;
	if (sscanf(line, "%*3d%*1[ -]%1d.%3d.%3d", &class, &subject, &detail) == 3)
		log_info("the mail server has %s a mail: %d %d.%d.%d", what, code, class, subject,
		    detail);
	else
		log_info("the mail server has %s a mail: %d", what, code);
	log_debug("the mail server says: %s", line);
}

static void
begin_mail(struct smtpconn *c, const struct mail *m)
{
	const char *to[MAX_RECIPIENTS];
	struct smtp_msg msg = { m->from, to, m->to.n, m->text.p, m->text.len, m->eightbit };
	struct errmsg e;

	for (size_t i = 0; i < m->to.n; i++)
		to[i] = m->to.addr[i];
	if (m->eightbit && !smtp_can_8bit(c->smtp)) {
		compose_7bit(&c->seven, m);
		msg.text = c->seven.p;
		msg.len = c->seven.len;
		msg.eightbit = 0;
	}
	if (smtp_send(c->smtp, &msg, &e) == -1)
		fatalx("a mail that cannot be sent was queued: %s", e.s);
	c->mail = m;
}

/* 1 if another mail was begun. */
static int
next_mail(struct smtpconn *c)
{
	const struct mail *m;

	if (smtp_state(c->smtp) != SMTP_READY)
		return 0;
	if (c->sent >= MAX_PER_CONN) {
		smtp_quit(c->smtp);
		return 0;
	}
	if (!c->ops->next(c->arg, &m)) {
		loop_timer_set(c->timer, IDLE_MS);
		return 0;
	}
	begin_mail(c, m);
	return 1;
}

/* Time for an answer begins when it is asked for, not with each octet of it. */
static void
set_timer(struct smtpconn *c)
{
	if (c->turn == smtp_turn(c->smtp))
		return;
	c->turn = smtp_turn(c->smtp);
	loop_timer_set(c->timer, (smtp_awaits_final(c->smtp) ? 2 : 1) * c->set->reply_ms);
}

static void
begin_tls(struct smtpconn *c)
{
	c->phase = SHAKING;
	c->ssl = smtptls_begin(c->set, c->fd);
	loop_events(c->io, POLLOUT); /* at once */
}

static void
progress(struct smtpconn *c)
{
	do
		report(c);
	while (next_mail(c));
	switch (smtp_state(c->smtp)) {
	case SMTP_CLOSED: ended(c, "it does not speak SMTP with us"); return;
	case SMTP_HANDSHAKE: begin_tls(c); return;
	case SMTP_BUSY: set_timer(c); break;
	case SMTP_READY: break;
	}
	loop_events(c->io, (short)(POLLIN | c->wants |
	    (smtp_output(c->smtp)->len > 0 ? POLLOUT : 0)));
}

static void
on_timeout(void *arg)
{
	struct smtpconn *c = arg;

	switch (c->phase) {
	case CONNECTING:
		err_set(&c->why, "it takes no connection in time");
		next_address(c);
		break;
	case SHAKING: ended(c, "it does not do the TLS handshake in time"); break;
	case TALKING:
		if (smtp_state(c->smtp) == SMTP_READY) {
			smtp_quit(c->smtp);
			progress(c);
		} else
			ended(c, "it does not answer in time");
		break;
	default: break;
	}
}

/* Octets; 0: later; -1: the connection is over. */
static ssize_t
result_of(ssize_t n, int zero_is_end)
{
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n == 0 && zero_is_end ? -1 : n;
}

static int
read_some(struct smtpconn *c)
{
	char block[4096];
	ssize_t n;

	/* TLS may hold octets that no poll shows. */
	do {
		n = c->ssl != NULL ? smtptls_read(c->ssl, block, sizeof(block), &c->wants) :
		    result_of(read(c->fd, block, sizeof(block)), 1);
		if (n > 0)
			smtp_input(c->smtp, block, (size_t)n);
	} while (n > 0 && c->ssl != NULL && smtp_state(c->smtp) != SMTP_CLOSED);
	wipe(block, sizeof(block));
	return n == -1 ? -1 : 0;
}

static int
write_some(struct smtpconn *c)
{
	const struct buf *out = smtp_output(c->smtp);
	ssize_t n;

	if (out->len == 0)
		return 0;
	n = c->ssl != NULL ? smtptls_write(c->ssl, out->p, out->len, &c->wants) :
	    result_of(send(c->fd, out->p, out->len, MSG_NOSIGNAL), 0);
	if (n > 0)
		smtp_sent(c->smtp, (size_t)n);
	return n == -1 ? -1 : 0;
}

/* --- its beginning --- */

/* Without TLS then, where that is allowed: who can break a handshake can also hide the offer. */
static void
tls_failed(struct smtpconn *c)
{
	if (c->set->tls != SMTPTLS_TRY) {
		next_address(c);
		return;
	}
	if (log_once(&c->set->clear))
		log_warnx("the mail server offers TLS and cannot do it (%s): mail goes in the "
			  "clear (SMTPTLS: try)", c->why.s);
	hang_up(c);
	c->no_tls = 1;
	try_connect(c);
}

static void
shake_hands(struct smtpconn *c)
{
	short wants = 0;

	switch (smtptls_handshake(c->ssl, c->set, &wants, &c->why)) {
	case -1: tls_failed(c); return;
	case 0: loop_events(c->io, wants); return;
	}
	c->phase = TALKING;
	if (c->set->tls != SMTPTLS_IMPLICIT)
		smtp_secured(c->smtp);
	progress(c);
}

static void
begin_talking(struct smtpconn *c)
{
	static const enum smtp_starttls starttls[] = { [SMTPTLS_OFF] = STARTTLS_NEVER,
		[SMTPTLS_TRY] = STARTTLS_IF_OFFERED, [SMTPTLS_REQUIRED] = STARTTLS_ALWAYS,
		[SMTPTLS_IMPLICIT] = STARTTLS_NEVER };
	struct smtp_params p = { .helo = c->set->helo, .user = c->set->user,
		.password = c->set->password, .secured = c->set->tls == SMTPTLS_IMPLICIT,
		.starttls = c->no_tls ? STARTTLS_NEVER : starttls[c->set->tls],
		.refused = on_refused };

	c->smtp = smtp_new(&p);
	c->turn = smtp_turn(c->smtp);
	loop_timer_set(c->timer, c->set->reply_ms);
	if (c->set->tls == SMTPTLS_IMPLICIT) {
		begin_tls(c);
		return;
	}
	c->phase = TALKING;
	loop_events(c->io, POLLIN);
}

static void
on_connected(struct smtpconn *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1 || err != 0)
		next_address(c);
	else
		begin_talking(c);
}

static void
on_event(int fd, short revents, void *arg)
{
	struct smtpconn *c = arg;

	(void)fd;
	if (c->phase == CONNECTING) {
		on_connected(c);
		return;
	}
	if (c->phase == SHAKING) {
		shake_hands(c);
		return;
	}
	c->wants = 0;
	if (((revents & POLLOUT) && write_some(c) == -1) ||
	    ((revents & (POLLIN | POLLHUP | POLLERR)) && read_some(c) == -1)) {
		ended(c, "it hangs up");
		return;
	}
	progress(c);
}

/* From address c->i on; gives up behind the last. */
static void
try_connect(struct smtpconn *c)
{
	while (c->i < c->addrs.n && (c->fd = smtpaddrs_connect(&c->addrs, c->i)) == -1)
		c->i++;
	if (c->i >= c->addrs.n) {
		give_up(c);
		return;
	}
	c->phase = CONNECTING;
	c->sent = 0;
	c->io = loop_add(c->loop, c->fd, POLLOUT, on_event, c);
	loop_timer_set(c->timer, c->set->reply_ms < CONNECT_MS ? c->set->reply_ms : CONNECT_MS);
}

static void
on_lookup(const struct resolve_rep *rep, void *arg)
{
	struct smtpconn *c = arg;

	c->query = NULL;
	if (rep->status != ST_OK) {
		err_set(&c->why, "its name has no address now");
		give_up(c);
		return;
	}
	smtpaddrs_set(&c->addrs, rep, c->set->port);
	try_connect(c);
}

void
smtpconn_kick(struct smtpconn *c, struct smtpset *set)
{
	if (c->phase == TALKING && smtp_state(c->smtp) == SMTP_READY && c->mail == NULL)
		progress(c);
	if (c->phase != IDLE)
		return;
	c->set = smtpset_ref(set);
	c->i = 0;
	c->no_tls = 0;
	err_set(&c->why, "it takes no connection");
	if (strcasecmp(set->host, "localhost") == 0) {
		on_lookup(&smtpaddrs_localhost, c);
		return;
	}
	c->phase = LOOKING_UP;
	c->query = lookup_ask(c->lookup, set->host, on_lookup, c);
}

int
smtpconn_up(const struct smtpconn *c)
{
	return c->phase == TALKING && smtp_greeted(c->smtp);
}

void
smtpconn_free(struct smtpconn *c)
{
	if (c == NULL)
		return;
	lookup_cancel(c->query);
	hang_up(c);
	buf_wipe(&c->seven);
	smtpset_unref(c->set);
	loop_timer_free(c->timer);
	free(c);
}
