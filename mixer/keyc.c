/*
 * The client side of keyd.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "ipc.h"
#include "keyc.h"
#include "log.h"

#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS  30000
#define WHOAMI_MS      10000

struct keyc {
	struct loop *loop;
	struct ipc_conn *conn; /* NULL while it is lost */
	const char *path;
	const struct keyc_user *user;
	void *arg;
	struct loop_timer *retry;
	struct loop_timer *flush;
	size_t nasked; /* DECRYPTs of this round, sent together */
	struct decrypt_req asked[DECRYPT_MAX];
	int64_t wait; /* ms until the next attempt */
};

static int
handle_decrypt(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct keyc *k = ipc_arg(c);
	struct decrypt_rep rep;
	int rc = len % sizeof(rep) == 0 ? 0 : -1;

	(void)id;
	for (size_t at = 0; rc == 0 && at < len; at += sizeof(rep)) {
		memcpy(&rep, body + at, sizeof(rep));
		rc = k->user->decrypted(k->arg, rep.tag, &rep);
	}
	wipe(&rep, sizeof(rep));
	if (rc == -1)
		log_warnx("keyd: an answer to no DECRYPT of ours");
	return rc;
}

static int
handle_commit(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct keyc *k = ipc_arg(c);
	struct status_rep rep;

	memcpy(&rep, body, len);
	if (k->user->committed(k->arg, id, rep.status) == 0)
		return 0;
	log_warnx("keyd: a COMMIT was refused, or its answer was not asked for");
	return -1;
}

static const struct ipc_verb answers[] = {
	{ V_DECRYPT, sizeof(struct decrypt_rep), DECRYPT_MAX * sizeof(struct decrypt_rep),
	    handle_decrypt },
	{ V_COMMIT, sizeof(struct status_rep), sizeof(struct status_rep), handle_commit },
	{ 0, 0, 0, NULL },
};

static void
keyc_closed(struct ipc_conn *c, void *arg)
{
	struct keyc *k = arg;

	(void)c;
	k->conn = NULL;
	k->nasked = 0;
	if (k->path == NULL)
		fatalx("keyd is gone: ending, to be started again with it");
	log_warnx("keyd is gone; packets wait in incoming/ until it is back");
	k->wait = RETRY_FIRST_MS;
	loop_timer_set(k->retry, k->wait);
	k->user->lost(k->arg);
}

static void
keyc_reconnect(void *arg)
{
	struct keyc *k = arg;
	int fd = ipc_connect_path(k->path);

	if (fd == -1) {
		k->wait = k->wait * 2 < RETRY_MOST_MS ? k->wait * 2 : RETRY_MOST_MS;
		loop_timer_set(k->retry, k->wait);
		return;
	}
	log_info("keyd is back");
	k->conn = ipc_conn_new(k->loop, fd, "keyd", answers, keyc_closed, k);
	k->user->back(k->arg);
}

static void
keyc_flush(void *arg)
{
	struct keyc *k = arg;

	if (k->nasked > 0 && k->conn != NULL)
		(void)ipc_send(k->conn, V_DECRYPT, 0, k->asked, k->nasked * sizeof(k->asked[0]));
	k->nasked = 0;
}

struct keyc *
keyc_new(struct loop *l, int fd, const char *path, const struct keyc_user *user, void *arg)
{
	struct keyc *k = calloc(1, sizeof(*k));

	if (k == NULL)
		fatal("keyc");
	*k = (struct keyc) { .loop = l, .path = path, .user = user, .arg = arg };
	k->retry = loop_timer(l, keyc_reconnect, k);
	k->flush = loop_timer(l, keyc_flush, k);
	k->conn = ipc_conn_new(l, fd, "keyd", answers, keyc_closed, k);
	return k;
}

int
keyc_up(const struct keyc *k)
{
	return k->conn != NULL;
}

int
keyc_decrypt(struct keyc *k, uint32_t id, const uint8_t packet[PACKET_LEN])
{
	struct decrypt_req *req;

	if (k->conn == NULL)
		return -1;
	if (k->nasked == DECRYPT_MAX)
		keyc_flush(k);
	if (k->nasked == 0)
		loop_timer_set(k->flush, 0);
	req = &k->asked[k->nasked++];
	req->tag = id;
	memcpy(req->block, packet, PK_ENC_LEN);
	sha1(req->digest, packet + PK_ENC_LEN, HEADER_LEN - PK_ENC_LEN);
	return 0;
}

int
keyc_commit(struct keyc *k, uint32_t id, const uint64_t *cookies, size_t n)
{
	struct commit_req req = { .n = (uint32_t)n };

	if (k->conn == NULL)
		return -1;
	memcpy(req.cookie, cookies, n * sizeof(*cookies));
	return ipc_send(k->conn, V_COMMIT, id, &req, sizeof(req));
}

int
keyc_whoami(int fd, uint8_t keyid[HASH_LEN], struct errmsg *e)
{
	struct whoami_rep rep;
	struct ipc_hdr h;
	size_t len;

	if (ipc_call(fd, V_WHOAMI, NULL, 0, &h, &rep, sizeof(rep), &len, WHOAMI_MS) == -1)
		return err_set(e, "keyd does not answer: %s", strerror(errno));
	if (h.type != V_WHOAMI || len != sizeof(rep) || rep.status != ST_OK)
		return err_set(e, "keyd does not say who this node is");
	memcpy(keyid, rep.keyid, HASH_LEN);
	return 0;
}
