/*
 * Ends of a connection: whatever the reason, frames that were taken are committed and answered
 * first; then close_notify, then the other side gets a moment to read (a close with unread octets
 * would reset the connection and lose the answers).
 */
#include <sys/queue.h>

#include <openssl/err.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inconn.h"
#include "log.h"
#include "loop.h"
#include "tls.h"

/* TLS records: 16 frames of one connection before the next has its turn */
#define READS_A_ROUND	48
#define RECORD_MAX	16384 /* so that nothing is left over inside OpenSSL */
#define UNREAD_MAX	(64 * 1024) /* answers that the other side does not read */
#define TICK_MS		1000
#define FAREWELL_MS	5000 /* to send the last answers */
#define LINGER_MS	2000

enum in_state { IN_HANDSHAKE, IN_HELLO, IN_FRAMES, IN_ENDING, IN_LINGER, IN_DEAD };

struct inconn {
	TAILQ_ENTRY(inconn) entry;
	struct inconns *all;
	enum in_state state;
	enum mmtpd_count reason; /* of its end */
	int fd;
	struct loop_io *io;
	SSL *ssl;
	struct peer_net peer;
	struct mmtp_server mmtp;
	struct buf out; /* answers; sent from off on */
	size_t off;
	unsigned waiting; /* frames in the intake */
	int64_t paused; /* since when it waits for MaxBandwidth; 0: it does not */
	int64_t born, progress, frame_began, ended; /* loop_now; frame_began 0: between frames */
};

struct inconns {
	struct daemon *d;
	struct linkkey *keys;
	struct intake *intake;
	const struct mmtpd_limits *limits;
	struct loop_timer *tick;
	size_t n;
	TAILQ_HEAD(, inconn) list;
	uint8_t record[RECORD_MAX];
};

static void ready(int fd, short revents, void *arg);
static void tick(void *arg);

struct inconns *
inconns_new(struct daemon *d, struct linkkey *keys, struct intake *in,
    const struct mmtpd_limits *limits)
{
	struct inconns *all = calloc(1, sizeof(*all));

	if (all == NULL)
		fatal("inconns");
	all->d = d;
	all->keys = keys;
	all->intake = in;
	all->limits = limits;
	all->tick = loop_timer(d->loop, tick, all);
	TAILQ_INIT(&all->list);
	return all;
}

int
inconns_add(struct inconns *all, int fd, const struct peer_net *peer)
{
	struct inconn *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->ssl = linkkey_ssl(all->keys)) == NULL || SSL_set_fd(c->ssl, fd) != 1) {
		if (c != NULL)
			SSL_free(c->ssl);
		free(c);
		close(fd);
		return -1;
	}
	tls_nonblocking(c->ssl);
	SSL_set_accept_state(c->ssl);
	mmtp_server_init(&c->mmtp);
	c->all = all;
	c->fd = fd;
	c->peer = *peer;
	c->born = c->progress = loop_now();
	c->io = loop_add(all->d->loop, fd, POLLIN, ready, c);
	TAILQ_INSERT_TAIL(&all->list, c, entry);
	if (all->n++ == 0)
		loop_timer_set(all->tick, TICK_MS);
	return 0;
}

size_t
inconns_count(const struct inconns *all)
{
	return all->n;
}

size_t
inconns_count_net(const struct inconns *all, const struct peer_net *peer)
{
	struct inconn *c;
	size_t n = 0;

	TAILQ_FOREACH(c, &all->list, entry)
		if (memcmp(&c->peer, peer, sizeof(*peer)) == 0)
			n++;
	return n;
}

/* --- the end --- */

/* Takes no more; the rest happens in inconns_reap, after the commit. */
static void
end(struct inconn *c, enum mmtpd_count reason)
{
	if (c->state >= IN_ENDING)
		return;
	c->state = IN_ENDING;
	c->reason = reason;
	c->ended = loop_now();
	loop_events(c->io, 0);
	count(reason);
}

/* The link itself is broken: nothing can be sent any more. */
static void
drop(struct inconn *c, enum mmtpd_count reason)
{
	end(c, reason);
	c->state = IN_DEAD;
}

static void
inconn_free(struct inconn *c)
{
	struct inconns *all = c->all;

	intake_forget(all->intake, c);
	TAILQ_REMOVE(&all->list, c, entry);
	all->n--;
	loop_del(c->io);
	SSL_free(c->ssl);
	close(c->fd);
	mmtp_server_free(&c->mmtp);
	buf_free(&c->out);
	free(c);
}

static void
begin_linger(struct inconn *c)
{
	ERR_clear_error();
	if (SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	if (shutdown(c->fd, SHUT_WR) == -1) {
		c->state = IN_DEAD;
		return;
	}
	c->state = IN_LINGER;
	c->ended = loop_now();
	loop_events(c->io, POLLIN);
}

static void
linger(struct inconn *c)
{
	ssize_t n;

	do
		n = read(c->fd, c->all->record, sizeof(c->all->record));
	while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		c->state = IN_DEAD;
}

/* --- sending --- */

void
inconn_answer(void *conn, const uint8_t ack[MMTP_ACK_LEN])
{
	struct inconn *c = conn;

	c->waiting--;
	buf_put(&c->out, ack, MMTP_ACK_LEN);
}

static void
flush(struct inconn *c)
{
	size_t sent;

	ERR_clear_error();
	while (c->off < c->out.len) {
		if (SSL_write_ex(c->ssl, c->out.p + c->off, c->out.len - c->off, &sent) != 1) {
			int why = SSL_get_error(c->ssl, 0);
			if (why == SSL_ERROR_WANT_WRITE)
				loop_events(c->io, POLLOUT |
					(c->state < IN_ENDING && c->paused == 0 ? POLLIN : 0));
			else if (why != SSL_ERROR_WANT_READ)
				drop(c, C_CONN_CLOSED_CUT);
			return;
		}
		c->off += sent;
		c->progress = loop_now();
		bandwidth_used(&mmtpd_bandwidth, BW_OUT, sent);
	}
	buf_reset(&c->out);
	c->off = 0;
	loop_events(c->io, c->state < IN_ENDING && c->paused == 0 ? POLLIN : 0);
}

void
inconns_flush(void *arg)
{
	struct inconns *all = arg;
	struct inconn *c;

	TAILQ_FOREACH(c, &all->list, entry)
		if (c->out.len > 0 && c->state <= IN_ENDING)
			flush(c);
}

/* --- receiving --- */

static void
take_packet(struct inconn *c)
{
	enum intake_kind kind = INTAKE_PACKET;

	if (!c->mmtp.digest_ok)
		kind = INTAKE_BAD_DIGEST;
	else if (c->mmtp.junk)
		kind = INTAKE_JUNK;
	c->waiting++;
	intake_add(c->all->intake, c, kind, c->mmtp.packet, &c->mmtp.acks);
	/* minion-spec 4: it is rejected, and a connection that fails a check stops. */
	if (kind == INTAKE_BAD_DIGEST)
		end(c, C_CONN_CLOSED_DIGEST);
}

static void
handle_event(struct inconn *c, enum mmtp_sevent ev)
{
	switch (ev) {
	case MMTP_S_MORE: break;
	case MMTP_S_HELLO:
		c->state = IN_FRAMES;
		buf_str(&c->out, MMTP_HELLO);
		flush(c);
		break;
	case MMTP_S_PACKET: take_packet(c); break;
	case MMTP_S_ERROR:
		log_debug("a connection breaks the protocol: %s", c->mmtp.why);
		end(c, C_CONN_CLOSED_PROTOCOL);
		break;
	}
}

static void
feed(struct inconn *c, const uint8_t *p, size_t len)
{
	enum mmtp_sevent ev = MMTP_S_MORE;
	size_t used;

	c->progress = loop_now();
	while (len > 0 && c->state < IN_ENDING) {
		used = mmtp_server_feed(&c->mmtp, p, len, &ev);
		p += used;
		len -= used;
		handle_event(c, ev);
		/* The clock of a frame starts with its first octet. */
		if (ev != MMTP_S_MORE)
			c->frame_began = 0;
	}
	if (c->mmtp.have == 0)
		c->frame_began = 0;
	else if (c->frame_began == 0)
		c->frame_began = c->progress;
}

static void
read_failed(struct inconn *c)
{
	int saved = errno;

	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_READ: return;
	case SSL_ERROR_WANT_WRITE: loop_events(c->io, POLLIN | POLLOUT); return;
	case SSL_ERROR_ZERO_RETURN:
		end(c, c->mmtp.have > 0 ? C_CONN_CLOSED_CUT : C_CONN_CLOSED_DONE);
		return;
	case SSL_ERROR_SYSCALL:
		log_debug("a connection is cut: %s", saved == 0 ? "end" : strerror(saved));
		drop(c, C_CONN_CLOSED_CUT);
		return;
	default:
		/* The reference closes without a close_notify, which OpenSSL 3 calls an error. */
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			end(c, c->mmtp.have > 0 ? C_CONN_CLOSED_CUT : C_CONN_CLOSED_DONE);
		else
			drop(c, C_CONN_CLOSED_TLS);
	}
}

/* Over MaxBandwidth nothing is read until the tick finds that there is some again: 1. */
static int
pause_reading(struct inconn *c)
{
	if (bandwidth_may(&mmtpd_bandwidth, BW_IN, loop_now()))
		return 0;
	c->paused = loop_now();
	loop_events(c->io, c->out.len > 0 ? POLLOUT : 0);
	return 1;
}

/* The time that it waited for us is not held against it. */
static void
go_on_reading(struct inconn *c, int64_t now)
{
	if (!bandwidth_may(&mmtpd_bandwidth, BW_IN, now))
		return;
	c->progress += now - c->paused;
	if (c->frame_began != 0)
		c->frame_began += now - c->paused;
	c->paused = 0;
	loop_events(c->io, c->out.len > 0 ? POLLIN | POLLOUT : POLLIN);
}

static void
receive(struct inconn *c)
{
	struct inconns *all = c->all;
	size_t n;

	for (int i = 0; i < READS_A_ROUND && c->state < IN_ENDING; i++) {
		if (pause_reading(c))
			break;
		ERR_clear_error();
		if (SSL_read_ex(c->ssl, all->record, sizeof(all->record), &n) != 1) {
			read_failed(c);
			break;
		}
		bandwidth_used(&mmtpd_bandwidth, BW_IN, n);
		feed(c, all->record, n);
	}
	wipe(all->record, sizeof(all->record));
}

static void
handshake(struct inconn *c)
{
	int rc;

	ERR_clear_error();
	if ((rc = SSL_do_handshake(c->ssl)) == 1) {
		c->state = IN_HELLO;
		loop_events(c->io, POLLIN);
		receive(c);
		return;
	}
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ: loop_events(c->io, POLLIN); break;
	case SSL_ERROR_WANT_WRITE: loop_events(c->io, POLLOUT); break;
	default:
		log_debug("a TLS handshake fails: %s", ERR_reason_error_string(ERR_peek_error()));
		end(c, C_CONN_CLOSED_TLS);
	}
}

static void
ready(int fd, short revents, void *arg)
{
	struct inconn *c = arg;

	(void)fd;
	switch (c->state) {
	case IN_HANDSHAKE: handshake(c); return;
	case IN_LINGER: linger(c); return;
	case IN_DEAD: return;
	default: break;
	}
	if (c->out.len > 0)
		flush(c);
	if (c->state >= IN_ENDING || !(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	/* Who does not read answers may not send more. */
	if (c->out.len - c->off > UNREAD_MAX)
		loop_events(c->io, POLLOUT);
	else
		receive(c);
}

/* --- time --- */

static void
check_time(struct inconn *c, int64_t now)
{
	const struct mmtpd_limits *l = c->all->limits;

	if (c->paused != 0 && c->state < IN_ENDING) {
		go_on_reading(c, now);
		return;
	}
	if (c->state == IN_LINGER && now - c->ended > LINGER_MS)
		c->state = IN_DEAD;
	else if (c->state == IN_ENDING && now - c->ended > FAREWELL_MS)
		c->state = IN_DEAD;
	else if (c->state <= IN_HELLO && now - c->born > l->handshake_ms)
		end(c, C_CONN_CLOSED_HANDSHAKE);
	else if (c->frame_began != 0 && now - c->frame_began > l->frame_ms)
		end(c, C_CONN_CLOSED_SLOW);
	else if (c->out.len > 0 && now - c->progress > l->frame_ms)
		drop(c, C_CONN_CLOSED_UNREAD);
	else if (now - c->progress > l->idle_ms)
		end(c, C_CONN_CLOSED_IDLE);
	else if (now - c->born > l->lifetime_ms)
		end(c, C_CONN_CLOSED_LIFETIME);
}

static void
tick(void *arg)
{
	struct inconns *all = arg;
	struct inconn *c;
	int64_t now = loop_now();

	TAILQ_FOREACH(c, &all->list, entry)
		check_time(c, now);
	if (all->n > 0)
		loop_timer_set(all->tick, TICK_MS);
}

void
inconns_reap(struct inconns *all)
{
	struct inconn *c, *next;

	for (c = TAILQ_FIRST(&all->list); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->state == IN_ENDING && c->waiting == 0 && c->out.len == 0)
			begin_linger(c);
		if (c->state == IN_DEAD)
			inconn_free(c);
	}
}

void
inconns_stop(struct inconns *all)
{
	struct inconn *c;

	TAILQ_FOREACH(c, &all->list, entry)
		end(c, C_CONN_CLOSED_LIFETIME);
}
