#include <sys/socket.h>
#include <sys/uio.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "ipc.h"
#include "log.h"
#include "packet.h"
#include "proto.h"

#define PACKETS 3000 /* a core */
#define WINDOW	128 /* DECRYPTs under way */

/* Headers differ, what lies behind them need not: decrypting it costs the same. */
struct work {
	int fd;
	uint8_t (*header)[HEADER_LEN];
	size_t n, sent, done;
	uint8_t packet[PACKET_LEN];
	struct commit_req commit;
	size_t commits; /* not yet answered */
	struct unwrapped out;
	int want; /* what packet_unwrap has to say */
};

static const struct {
	uint16_t type;
	const char *info; /* of an exit, behind the tag */
	int want;
} kinds[] = {
	[KIND_FWD] = { RT_FWD_HOST, NULL, UNWRAP_RELAY },
	[KIND_SWAP] = { RT_SWAP_FWD_HOST, NULL, UNWRAP_RELAY },
	[KIND_EXIT] = { RT_SMTP, "someone@example.org", UNWRAP_EXIT },
};

static void
routing_info(struct buf *ri, enum kind kind)
{
	struct mix_addr next = { .host = "mix.example.org", .port = MMTP_PORT };

	if (kinds[kind].info == NULL)
		routing_pack_host(ri, &next);
	else {
		tag_random(buf_space(ri, TAG_LEN), &rng_system);
		buf_str(ri, kinds[kind].info);
	}
}

static void
make_headers(struct work *w, struct rsakey *key, enum kind kind)
{
	struct hop hop = { .key = key };
	struct buf ri = { 0 };
	struct routing last = { .type = kinds[kind].type };
	uint8_t secret[1][KEY_LEN];
	struct errmsg e;

	if ((w->header = calloc(w->n, sizeof(*w->header))) == NULL)
		fatal("calloc");
	routing_info(&ri, kind);
	last.info = ri.p;
	last.len = ri.len;
	for (size_t i = 0; i < w->n; i++) {
		rng_fill(&rng_system, secret, sizeof(secret));
		if (header_build(w->header[i], &hop, 1, secret, &last, &rng_system, &e) == -1)
			fatalx("%s", e.s);
	}
	rng_fill(&rng_system, w->packet, sizeof(w->packet));
	w->want = kinds[kind].want;
	buf_free(&ri);
}

static void
say(int fd, uint16_t type, void *body, size_t len)
{
	struct ipc_hdr h = { .type = type };
	struct iovec iov[2] = { { &h, sizeof(h) }, { body, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (sendmsg(fd, &msg, MSG_NOSIGNAL) == -1)
		fatal("sendmsg");
}

static void
send_decrypts(struct work *w)
{
	struct decrypt_req rq[DECRYPT_MAX];
	size_t n = 0;

	for (; n < DECRYPT_MAX && w->sent < w->n; n++, w->sent++) {
		const uint8_t *h = w->header[w->sent];

		rq[n].tag = (uint32_t)w->sent;
		memcpy(rq[n].block, h, PK_ENC_LEN);
		sha1(rq[n].digest, h + PK_ENC_LEN, HEADER_LEN - PK_ENC_LEN);
	}
	say(w->fd, V_DECRYPT, rq, n * sizeof(rq[0]));
}

static void
send_commit(struct work *w)
{
	say(w->fd, V_COMMIT, &w->commit, sizeof(w->commit));
	w->commit.n = 0;
	w->commits++;
}

static void
unwrap_one(struct work *w, const struct decrypt_rep *rep)
{
	if (rep->status != ST_OK || rep->tag >= w->n)
		fatalx("keyd refused packet %u: status %u", rep->tag, rep->status);
	memcpy(w->packet, w->header[rep->tag], HEADER_LEN);
	if ((int)packet_unwrap(w->packet, rep->plain, &w->out) != w->want)
		fatalx("packet %u did not unwrap", rep->tag);
	w->commit.cookie[w->commit.n++] = rep->cookie;
	w->done++;
	if (w->commit.n == COMMIT_MAX || w->done == w->n)
		send_commit(w);
}

static void
take_answers(struct work *w)
{
	struct {
		struct ipc_hdr h;
		union {
			struct decrypt_rep decrypt[DECRYPT_MAX];
			struct status_rep status;
		} u;
	} rep;
	ssize_t len = recv(w->fd, &rep, sizeof(rep), 0);

	if (len <= (ssize_t)sizeof(rep.h))
		fatal("keyd is gone");
	if (rep.h.type == V_DECRYPT) {
		size_t n = ((size_t)len - sizeof(rep.h)) / sizeof(rep.u.decrypt[0]);

		for (size_t i = 0; i < n; i++)
			unwrap_one(w, &rep.u.decrypt[i]);
		return;
	}
	if (rep.u.status.status != ST_OK)
		fatalx("keyd refused a COMMIT");
	w->commits--;
}

double
unwrap_rate(const char *dir, const char *keyd, enum kind kind, int one)
{
	static struct work w;
	struct keyd_proc *k;
	struct rsakey *key;
	double start, end;

	bench_pin(one);
	k = keyd_start(dir, keyd);
	key = keyd_public(k);
	w = (struct work) { .fd = keyd_connect(k, SOCK_KEYD_MIXER),
		.n = PACKETS * (one ? 1 : bench_cores()) };
	make_headers(&w, key, kind);
	start = bench_now();
	while (w.done < w.n || w.commits > 0) {
		while (w.sent < w.n && w.sent - w.done + DECRYPT_MAX <= WINDOW)
			send_decrypts(&w);
		take_answers(&w);
	}
	end = bench_now();
	close(w.fd);
	free(w.header);
	rsakey_free(key);
	keyd_stop(k);
	return (double)w.n / (end - start);
}
