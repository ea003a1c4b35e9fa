#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "keyd.h"
#include "rsakey.h"
#include "secrets.h"

struct record {
	struct ipc_hdr hdr;
	uint8_t body[IPC_MAX_BODY];
};

static struct {
	struct rsakey *key;
	uint32_t number;
} keys[LIVE_MAX];
static size_t nkeys;

/* The length of the body; ends the process when the other side is gone: the order to stop. */
static size_t
receive(int fd, struct record *r)
{
	struct iovec iov = { r, sizeof(*r) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(fd, &msg, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		fatal("worker: recvmsg");
	if (n == 0)
		exit(0);
	if ((size_t)n < sizeof(r->hdr) || (msg.msg_flags & MSG_TRUNC))
		fatalx("worker: a malformed record");
	return (size_t)n - sizeof(r->hdr);
}

static void
forget_keys(void)
{
	while (nkeys > 0)
		rsakey_free(keys[--nkeys].key);
}

static void
take_keys(const struct record *r, size_t len)
{
	struct errmsg e;
	struct rd rd;

	if (r->hdr.type != W_KEYS)
		fatalx("worker: a record of type %u from the keeper", r->hdr.type);
	forget_keys();
	rd_init(&rd, r->body, len);
	while (rd_left(&rd) > 0 && nkeys < LIVE_MAX) {
		uint32_t number = rd_u32(&rd);
		uint32_t derlen = rd_u32(&rd);
		const uint8_t *der = rd_bytes(&rd, derlen);

		if (der == NULL)
			break;
		keys[nkeys].number = number;
		keys[nkeys].key = rsakey_from_private_der(der, derlen, &e);
		if (keys[nkeys].key == NULL || rsakey_len(keys[nkeys].key) != PK_ENC_LEN)
			fatalx("worker: a packet key that is none");
		nkeys++;
	}
	if (!rd_done(&rd))
		fatalx("worker: malformed keys");
}

/* All keys are tried, whichever fits: the time must not tell. */
static void
work(const struct job *j, struct done *dn)
{
	uint8_t out[PK_ENC_LEN];
	size_t len;

	memset(dn, 0, sizeof(*dn));
	dn->slot = j->slot;
	for (size_t i = 0; i < nkeys; i++)
		if (rsakey_decrypt(keys[i].key, j->block, out, &len) == 0 &&
		    len == PK_MAX_DATA_LEN) {
			dn->number = keys[i].number;
			memcpy(dn->plain, out, PK_MAX_DATA_LEN);
		}
	wipe(out, sizeof(out));
}

static void
do_jobs(int front, const struct record *r, size_t len)
{
	struct {
		struct ipc_hdr hdr;
		struct done done[JOBS_A_RECORD];
	} rep = { .hdr = { .type = W_DONE, .id = r->hdr.id } };
	size_t n = len / sizeof(struct job);
	struct job j;

	if (r->hdr.type != W_JOBS || len % sizeof(j) != 0 || n == 0 || n > JOBS_A_RECORD)
		fatalx("worker: a malformed job");
	for (size_t i = 0; i < n; i++) {
		memcpy(&j, r->body + i * sizeof(j), sizeof(j));
		work(&j, &rep.done[i]);
	}
	if (send(front, &rep, sizeof(rep.hdr) + n * sizeof(rep.done[0]), MSG_NOSIGNAL) == -1) {
		if (errno != EPIPE)
			fatal("worker: send");
		exit(0);
	}
	wipe(&rep, sizeof(rep));
}

void
worker_run(struct daemon *d, int front, int keeper)
{
	struct pollfd p[2] = { { .fd = keeper, .events = POLLIN },
		{ .fd = front, .events = POLLIN } };
	static struct record r;
	size_t len = 0;

	secrets_protect();
	daemon_confine(d, ROLE_KEYD_WORKER, NULL, 0);
	for (;;) {
		if (ppoll(p, 2, NULL, NULL) == -1) {
			if (errno == EINTR)
				continue;
			fatal("worker: ppoll");
		}
		/* Keys first: no job may meet those of before. */
		if (p[0].revents != 0) {
			len = receive(keeper, &r);
			take_keys(&r, len);
		} else if (p[1].revents != 0) {
			len = receive(front, &r);
			do_jobs(front, &r, len);
		}
		wipe(&r, sizeof(r.hdr) + len);
	}
}
