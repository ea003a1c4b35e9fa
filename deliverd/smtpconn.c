/*
 * The socket under an SMTP conversation: one connection at a time, over which mails go as long as
 * there are any, with time limits. What is said is smtp.c's.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliverd.h"

#define MAX_ADDRS	8
#define MAX_PER_CONN	100 /* mails, then a new connection */
#define CONNECT_MS	(30 * 1000)
#define REPLY_MS	(5 * 60 * 1000) /* RFC 5321 4.5.3.2 */
#define FINAL_MS	(10 * 60 * 1000)
#define IDLE_MS		(5 * 1000) /* more mail may come at once */
#define DEFAULT_PORT	"25"
#define DEFAULT_SERVER	"localhost"

struct addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

struct smtpconn {
	struct loop *loop;
	const struct smtpconn_ops *ops;
	void *arg;
	char *server; /* as configured */
	char *helo;
	struct addr addrs[MAX_ADDRS];
	size_t naddrs;
	size_t i; /* the address that is tried */
	int fd;
	int connecting;
	struct loop_io *io;
	struct loop_timer *timer;
	struct smtp *smtp;
	const struct mail *mail; /* on its way */
	unsigned sent; /* mails over this connection */
};

static void on_event(int fd, short revents, void *arg);
static void on_timeout(void *arg);
static void try_connect(struct smtpconn *c);

struct smtpconn *
smtpconn_new(struct loop *l, const struct smtpconn_ops *ops, void *arg)
{
	struct smtpconn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		fatal("smtpconn");
	c->loop = l;
	c->ops = ops;
	c->arg = arg;
	c->fd = -1;
	c->timer = loop_timer(l, on_timeout, c);
	return c;
}

/* --- where the server is --- */

/* "host", "host:port", "[v6]", "[v6]:port", "v6" into host and port. */
static int
split_server(const char *server, char host[256], char port[8], struct errmsg *e)
{
	const char *colon = strrchr(server, ':'), *end;
	size_t len;

	strlcpy(port, DEFAULT_PORT, 8);
	if (*server == '[') {
		if ((end = strchr(++server, ']')) == NULL)
			return err_set(e, "SMTPServer: missing ']'");
		len = (size_t)(end - server);
		colon = end[1] == ':' ? end + 1 : NULL;
		if (end[1] != '\0' && colon == NULL)
			return err_set(e, "SMTPServer: \"%.80s\" behind ']'", end + 1);
	} else {
		if (colon != NULL && memchr(server, ':', (size_t)(colon - server)) != NULL)
			colon = NULL; /* an IPv6 address */
		len = colon == NULL ? strlen(server) : (size_t)(colon - server);
	}
	if (len == 0 || len > 255)
		return err_set(e, "SMTPServer: no host");
	memcpy(host, server, len);
	host[len] = '\0';
	if (colon != NULL && strlcpy(port, colon + 1, 8) >= 8)
		return err_set(e, "SMTPServer: bad port");
	return 0;
}

/* After the sandbox AI_NUMERICHOST keeps the name service, its files and its sockets out. */
static int
look_up(struct smtpconn *c, const char *server, int resolve, struct errmsg *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
	struct addrinfo *res, *a;
	char host[256], port[8];
	int rc;

	if (split_server(server, host, port, e) == -1)
		return -1;
	hints.ai_flags = AI_NUMERICSERV | (resolve ? 0 : AI_NUMERICHOST);
	rc = getaddrinfo(host, port, &hints, &res);
	if (rc != 0 && !resolve)
		return err_set(e, "SMTPServer %s: a new name needs a restart of deliverd", server);
	/* When the machine starts, the network may not be there yet: to be started again. */
	if (rc == EAI_AGAIN)
		fatalx("SMTPServer %s: %s", server, gai_strerror(rc));
	if (rc != 0)
		return err_set(e, "SMTPServer %s: %s", server, gai_strerror(rc));
	c->naddrs = 0;
	for (a = res; a != NULL && c->naddrs < MAX_ADDRS; a = a->ai_next) {
		if (a->ai_addrlen > sizeof(c->addrs[0].ss))
			continue;
		memcpy(&c->addrs[c->naddrs].ss, a->ai_addr, a->ai_addrlen);
		c->addrs[c->naddrs++].len = a->ai_addrlen;
	}
	freeaddrinfo(res);
	return 0;
}

int
smtpconn_check(const struct smtpconn *c, const char *server, struct errmsg *e)
{
	struct smtpconn other = { .naddrs = 0 };

	if (server == NULL)
		server = DEFAULT_SERVER;
	if (c->server != NULL && strcmp(c->server, server) == 0)
		return 0;
	return look_up(&other, server, 0, e);
}

int
smtpconn_server(struct smtpconn *c, const char *server, int resolve, struct errmsg *e)
{
	if (server == NULL)
		server = DEFAULT_SERVER;
	if (c->server != NULL && strcmp(c->server, server) == 0)
		return 0;
	if (look_up(c, server, resolve, e) == -1)
		return -1;
	free(c->server);
	if ((c->server = strdup(server)) == NULL)
		fatal("smtpconn");
	return 0;
}

void
smtpconn_helo(struct smtpconn *c, const char *name)
{
	char *copy = strdup(name);

	if (copy == NULL)
		fatal("smtpconn");
	free(c->helo);
	c->helo = copy;
}

/* --- the connection --- */

static void
disconnect(struct smtpconn *c)
{
	loop_del(c->io);
	c->io = NULL;
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	smtp_free(c->smtp);
	c->smtp = NULL;
	loop_timer_set(c->timer, -1);
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
	c->ops->done(c->arg, results);
}

static void
next_mail(struct smtpconn *c)
{
	const char *to[MAX_RECIPIENTS];
	const struct mail *m;
	struct errmsg e;

	if (c->sent >= MAX_PER_CONN) {
		smtp_quit(c->smtp);
		return;
	}
	if (!c->ops->next(c->arg, &m)) {
		loop_timer_set(c->timer, IDLE_MS);
		return;
	}
	for (size_t i = 0; i < m->to.n; i++)
		to[i] = m->to.addr[i];
	if (smtp_mail(c->smtp, m->from, to, m->to.n, m->text.p, m->text.len, m->eightbit, &e) == -1)
		fatalx("a mail that cannot be sent was queued: %s", e.s);
	c->mail = m;
}

/* The conversation is over. A server that never said hello is as good as none. */
static void
ended(struct smtpconn *c)
{
	int greeted = smtp_greeted(c->smtp);

	smtp_eof(c->smtp);
	report(c);
	disconnect(c);
	if (greeted) {
		c->ops->over(c->arg);
	} else {
		c->i++;
		try_connect(c);
	}
}

static void
progress(struct smtpconn *c)
{
	report(c);
	if (smtp_state(c->smtp) == SMTP_READY)
		next_mail(c);
	if (smtp_state(c->smtp) == SMTP_CLOSED) {
		ended(c);
		return;
	}
	if (smtp_state(c->smtp) == SMTP_BUSY)
		loop_timer_set(c->timer, smtp_awaits_final(c->smtp) ? FINAL_MS : REPLY_MS);
	loop_events(c->io, (short)(POLLIN | (smtp_output(c->smtp)->len > 0 ? POLLOUT : 0)));
}

static void
on_timeout(void *arg)
{
	struct smtpconn *c = arg;

	if (c->fd == -1)
		return;
	if (c->connecting) {
		disconnect(c);
		c->i++;
		try_connect(c);
	} else if (smtp_state(c->smtp) == SMTP_READY) {
		smtp_quit(c->smtp);
		progress(c);
	} else
		ended(c);
}

static int
read_some(struct smtpconn *c)
{
	char block[4096];
	ssize_t n = read(c->fd, block, sizeof(block));

	if (n > 0)
		smtp_input(c->smtp, block, (size_t)n);
	return n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)) ? 0 : -1;
}

static int
write_some(struct smtpconn *c)
{
	const struct buf *out = smtp_output(c->smtp);
	ssize_t n;

	if (out->len == 0)
		return 0;
	n = send(c->fd, out->p, out->len, MSG_NOSIGNAL);
	if (n > 0) {
		smtp_sent(c->smtp, (size_t)n);
		return 0;
	}
	return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void
on_connected(struct smtpconn *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1 || err != 0) {
		disconnect(c);
		c->i++;
		try_connect(c);
		return;
	}
	c->connecting = 0;
	loop_events(c->io, POLLIN);
	loop_timer_set(c->timer, REPLY_MS);
}

static void
on_event(int fd, short revents, void *arg)
{
	struct smtpconn *c = arg;

	(void)fd;
	if (c->connecting) {
		on_connected(c);
		return;
	}
	if (((revents & POLLOUT) && write_some(c) == -1) ||
	    ((revents & (POLLIN | POLLHUP | POLLERR)) && read_some(c) == -1)) {
		ended(c);
		return;
	}
	progress(c);
}

static int
begin(struct smtpconn *c, const struct addr *a)
{
	c->fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		return -1;
	if (connect(c->fd, (const struct sockaddr *)&a->ss, a->len) == -1 && errno != EINPROGRESS) {
		close(c->fd);
		c->fd = -1;
		return -1;
	}
	return 0;
}

/* From address c->i on; calls unreachable behind the last. */
static void
try_connect(struct smtpconn *c)
{
	while (c->i < c->naddrs && begin(c, &c->addrs[c->i]) == -1)
		c->i++;
	if (c->i >= c->naddrs) {
		c->ops->unreachable(c->arg);
		return;
	}
	c->connecting = 1;
	c->sent = 0;
	c->smtp = smtp_new(c->helo);
	c->io = loop_add(c->loop, c->fd, POLLOUT, on_event, c);
	loop_timer_set(c->timer, CONNECT_MS);
}

void
smtpconn_kick(struct smtpconn *c)
{
	if (c->fd == -1) {
		c->i = 0;
		try_connect(c);
	} else if (!c->connecting && smtp_state(c->smtp) == SMTP_READY && c->mail == NULL)
		progress(c);
}

void
smtpconn_free(struct smtpconn *c)
{
	if (c == NULL)
		return;
	disconnect(c);
	loop_timer_free(c->timer);
	free(c->server);
	free(c->helo);
	free(c);
}
