/*
 * A packet leaves the queue when its acknowledgement has come, not before; at the end of a
 * connection what was sent without one goes back to the front. What is tried (which addresses,
 * which kind of TLS) is decided before connecting: a failure is never answered by trying less.
 */
#include <openssl/err.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "log.h"
#include "mmtp.h"
#include "outconn.h"
#include "tls.h"

#define BEGIN_MS	(30 * 1000) /* address, TCP, TLS and protocol line */
#define IDLE_MS		(30 * 1000) /* a connection that may be of use again */
#define LIFETIME_MARGIN (60 * 1000)

enum out_state { OUT_RESOLVING, OUT_DIALING, OUT_HANDSHAKE, OUT_HELLO, OUT_OPEN, OUT_OVER };

struct outconn {
	struct outdest *to;
	const struct out_env *env;
	enum out_state state;
	struct lookup_query *query;
	struct dial *dial;
	int fd;
	struct loop_io *io;
	SSL *ssl;
	struct mmtp_client mmtp;
	struct outpkt *flying[MMTP_MAX_WINDOW]; /* a ring, as mmtp.expect */
	struct buf out;
	size_t off;
	int acked; /* some packet was */
	int rejected;
	int waits; /* for MaxBandwidth */
	int64_t born, progress;
};

/* Sent octets and records are read into these by turns: one loop, one thread. */
static uint8_t record[OUTREC_LEN];
static uint8_t input[16384];

static void resolved(const struct resolve_rep *rep, void *arg);
static void ready(int fd, short revents, void *arg);

struct outconn *
outconn_new(struct outdest *to)
{
	struct outconn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		fatal("outconn");
	c->to = to;
	c->env = outqueue_env(to->q);
	c->fd = -1;
	c->born = c->progress = loop_now();
	mmtp_client_init(&c->mmtp);
	c->query = lookup_ask(c->env->lookup, to->addr.host, resolved, c);
	return c;
}

/* --- the end --- */

static void
return_packets(struct outconn *c)
{
	struct mmtp_client *m = &c->mmtp;

	/* From the last to the first, so that the front of the queue is as it was. */
	while (m->outstanding > 0) {
		m->outstanding--;
		outdest_return(c->to, c->flying[(m->first + m->outstanding) % MMTP_MAX_WINDOW], 0);
	}
}

static void
say_goodbye(struct outconn *c)
{
	ERR_clear_error();
	if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
}

static void
end(struct outconn *c, enum out_end how)
{
	struct outdest *to = c->to;

	return_packets(c);
	say_goodbye(c);
	lookup_cancel(c->query);
	dial_cancel(c->dial);
	loop_del(c->io);
	SSL_free(c->ssl);
	if (c->fd != -1)
		close(c->fd);
	buf_wipe(&c->out);
	wipe(c, sizeof(*c));
	free(c);
	outdest_ended(to, how);
}

static void
fail(struct outconn *c, enum mmtpd_count reason, const char *why)
{
	log_debug("%s port %u: %s", c->to->addr.host, c->to->addr.port, why);
	count(reason);
	end(c, OUT_FAILED);
}

/* An established connection broke, by whatever. */
static void
lost(struct outconn *c, const char *why)
{
	log_debug("%s port %u: %s", c->to->addr.host, c->to->addr.port, why);
	if (c->state < OUT_OPEN)
		count(C_OUT_FAILED_PROTOCOL);
	else if (c->mmtp.outstanding > 0)
		count(C_OUT_LOST);
	end(c, c->acked && !c->rejected ? OUT_AGAIN : OUT_FAILED);
}

/* --- sending --- */

/* 1 if there is something to write. */
static int
next_frame(struct outconn *c)
{
	struct mmtp_client *m = &c->mmtp;
	struct mmtp_acks acks;
	const uint8_t *packet;
	struct outpkt *p;

	buf_reset(&c->out);
	c->off = 0;
	if (c->state != OUT_OPEN || c->rejected || m->outstanding == MMTP_MAX_WINDOW ||
	    outqueue_stopping(c->to->q) ||
	    loop_now() - c->born > c->env->limits->lifetime_ms - LIFETIME_MARGIN)
		return 0;
	if ((c->waits = !bandwidth_may(&mmtpd_bandwidth, BW_OUT, loop_now())))
		return 0;
	if ((p = outdest_take(c->to, record, &packet)) == NULL)
		return 0;
	c->flying[(m->first + m->outstanding) % MMTP_MAX_WINDOW] = p;
	mmtp_frame(&c->out, &acks, packet, 0);
	if (mmtp_client_sent(m, &acks) == -1)
		fatalx("a frame beyond the window");
	wipe(record, sizeof(record));
	return 1;
}

/* 0, or -1 if the connection is over. */
static int
send_some(struct outconn *c)
{
	size_t sent;
	int why;

	while (c->off < c->out.len || next_frame(c)) {
		ERR_clear_error();
		if (SSL_write_ex(c->ssl, c->out.p + c->off, c->out.len - c->off, &sent) != 1) {
			why = SSL_get_error(c->ssl, 0);
			if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
				lost(c, "the connection broke while sending");
				return -1;
			}
			loop_events(c->io, why == SSL_ERROR_WANT_WRITE ? POLLIN | POLLOUT : POLLIN);
			return 0;
		}
		c->off += sent;
		c->progress = loop_now();
		bandwidth_used(&mmtpd_bandwidth, BW_OUT, sent);
	}
	loop_events(c->io, POLLIN);
	return 0;
}

void
outconn_more(struct outconn *c)
{
	/* From the loop, not from within the scanner: the socket is writable. */
	if (c->state == OUT_OPEN)
		loop_events(c->io, POLLIN | POLLOUT);
}

/* --- receiving --- */

static struct outpkt *
landed(struct outconn *c)
{
	/* mmtp_client_feed has moved on already. */
	return c->flying[(c->mmtp.first + MMTP_MAX_WINDOW - 1) % MMTP_MAX_WINDOW];
}

/* 0, or -1 if the connection is over. */
static int
handle_event(struct outconn *c, enum mmtp_cevent ev)
{
	switch (ev) {
	case MMTP_C_MORE: break;
	case MMTP_C_READY:
		c->state = OUT_OPEN;
		count(C_OUT_CONNECTED);
		break;
	case MMTP_C_ACKED:
		c->acked = 1;
		outdest_sent(c->to, landed(c));
		break;
	case MMTP_C_REJECTED:
		/*
		 * As if delivery had failed (minion-spec 4); what follows would be rejected as
		 * well.
		 */
		c->rejected = 1;
		count(C_PACKETS_REJECTED_BY_PEER);
		outdest_return(c->to, landed(c), 1);
		break;
	case MMTP_C_ERROR: fail(c, C_OUT_FAILED_PROTOCOL, c->mmtp.why); return -1;
	}
	return 0;
}

static int
feed(struct outconn *c, const uint8_t *p, size_t len)
{
	enum mmtp_cevent ev;
	size_t used;

	c->progress = loop_now();
	while (len > 0) {
		used = mmtp_client_feed(&c->mmtp, p, len, &ev);
		if (handle_event(c, ev) == -1)
			return -1;
		p += used;
		len -= used;
	}
	return 0;
}

static int
receive_some(struct outconn *c)
{
	size_t n;

	for (;;) {
		ERR_clear_error();
		if (SSL_read_ex(c->ssl, input, sizeof(input), &n) != 1)
			break;
		bandwidth_used(&mmtpd_bandwidth, BW_IN, n);
		if (feed(c, input, n) == -1)
			return -1;
	}
	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: return 0;
	case SSL_ERROR_ZERO_RETURN: lost(c, "the server closed the connection"); return -1;
	default: lost(c, "the connection broke"); return -1;
	}
}

/* All sent and acknowledged: 1 if the connection was ended. */
static int
finished(struct outconn *c)
{
	if (c->mmtp.outstanding > 0 || c->state != OUT_OPEN || c->waits)
		return 0;
	if (c->rejected) {
		end(c, OUT_FAILED);
		return 1;
	}
	if (loop_now() - c->born > c->env->limits->lifetime_ms - LIFETIME_MARGIN ||
	    outqueue_crowded(c->to->q) || outqueue_stopping(c->to->q)) {
		end(c, OUT_DONE);
		return 1;
	}
	return 0;
}

/* --- the beginning --- */

static void
check_identity(struct outconn *c)
{
	uint8_t got[HASH_LEN];
	struct errmsg e;

	if (tls_check_chain(c->ssl, c->to->addr.keyid, daemon_now(), got, &e) == -1) {
		fail(c, C_OUT_FAILED_IDENTITY, e.s);
		return;
	}
	if (c->env->modern != NULL && tls_is_modern(c->ssl))
		modern_note(c->env->modern, got);
	c->state = OUT_HELLO;
	c->progress = loop_now();
	buf_str(&c->out, MMTP_HELLO);
	send_some(c);
}

static void
handshake(struct outconn *c)
{
	int rc;

	ERR_clear_error();
	if ((rc = SSL_do_handshake(c->ssl)) == 1) {
		check_identity(c);
		return;
	}
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ: loop_events(c->io, POLLIN); break;
	case SSL_ERROR_WANT_WRITE: loop_events(c->io, POLLOUT); break;
	default: fail(c, C_OUT_FAILED_TLS, "the TLS handshake failed");
	}
}

static void
ready(int fd, short revents, void *arg)
{
	struct outconn *c = arg;

	(void)fd;
	(void)revents;
	if (c->state == OUT_HANDSHAKE) {
		handshake(c);
		return;
	}
	if (receive_some(c) == -1 || send_some(c) == -1)
		return;
	finished(c);
}

static SSL_CTX *
context_for(const struct outconn *c)
{
	if (c->env->modern == NULL || modern_known(c->env->modern, c->to->addr.keyid))
		return c->env->ctx;
	return c->env->ctx_either;
}

static void
connected(int fd, void *arg)
{
	struct outconn *c = arg;

	c->dial = NULL;
	if (fd == -1) {
		fail(c, C_OUT_FAILED_CONNECT, "no address answers");
		return;
	}
	c->fd = fd;
	c->io = loop_add(c->env->d->loop, fd, POLLIN | POLLOUT, ready, c);
	if ((c->ssl = SSL_new(context_for(c))) == NULL || SSL_set_fd(c->ssl, fd) != 1)
		fatalx("no memory for TLS");
	tls_nonblocking(c->ssl);
	SSL_set_connect_state(c->ssl);
	c->state = OUT_HANDSHAKE;
	handshake(c);
}

/* Those addresses to which Allow and Deny let us go. */
static void
keep_allowed(const struct outconn *c, const struct resolve_rep *from, struct resolve_rep *to)
{
	const struct addr_rules *rules = &c->env->d->conf->outgoing_rules;
	uint16_t port = c->to->addr.port;

	*to = (struct resolve_rep) { .status = from->status };
	for (uint32_t i = 0; i < from->n4 && i < 8; i++)
		if (addr_rules_allow(rules, AF_INET, from->a4[i], port))
			memcpy(to->a4[to->n4++], from->a4[i], sizeof(from->a4[i]));
	for (uint32_t i = 0; i < from->n6 && i < 8; i++)
		if (addr_rules_allow(rules, AF_INET6, from->a6[i], port))
			memcpy(to->a6[to->n6++], from->a6[i], sizeof(from->a6[i]));
}

static void
resolved(const struct resolve_rep *rep, void *arg)
{
	struct outconn *c = arg;
	struct resolve_rep may;

	c->query = NULL;
	if (rep->status == ST_OK) {
		keep_allowed(c, rep, &may);
		if (may.n4 + may.n6 == 0) {
			fail(c, C_OUT_FAILED_RULE, "Allow and Deny of [Outgoing/MMTP] forbid it");
			return;
		}
		c->state = OUT_DIALING;
		c->dial = dial_start(c->env->d->loop, &may, c->to->addr.port, connected, c);
	} else if (rep->status == ST_FAIL) {
		fail(c, C_OUT_FAILED_RESOLVE, "no address is known");
	} else {
		count(C_OUT_FAILED_RESOLVE);
		end(c, OUT_WAIT);
	}
}

void
outconn_tick(struct outconn *c, int64_t now)
{
	if (c->waits && bandwidth_may(&mmtpd_bandwidth, BW_OUT, now)) {
		c->waits = 0;
		c->progress = now;
		outconn_more(c);
		return;
	}
	if (c->state < OUT_OPEN && outqueue_stopping(c->to->q))
		end(c, OUT_DONE);
	else if (c->state < OUT_OPEN && now - c->born > BEGIN_MS)
		fail(c, C_OUT_FAILED_TIMEOUT, "no answer in time");
	else if (c->state == OUT_OPEN && c->mmtp.outstanding > 0 &&
	    now - c->progress > c->env->limits->idle_ms) {
		count(C_OUT_FAILED_TIMEOUT);
		lost(c, "no acknowledgement in time");
	} else if (c->state == OUT_OPEN && c->mmtp.outstanding == 0 && !c->waits &&
	    now - c->progress > IDLE_MS)
		end(c, OUT_DONE);
	else if (c->state == OUT_OPEN)
		finished(c);
}
