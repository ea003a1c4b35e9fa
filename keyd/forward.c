#include <string.h>

#include "front.h"

/* Questions that are with the keeper at once; a peer that asks more is none of ours. */
#define ASKED_MAX 64

static struct {
	struct ipc_conn *keeper;
	struct whoami_rep self;
	struct {
		struct peer *peer; /* NULL with busy: gone */
		uint32_t id;
		uint16_t verb;
		int busy;
	} asked[ASKED_MAX];
} fw;

static int
forward(struct ipc_conn *c, uint16_t verb, uint32_t id, const uint8_t *body, size_t len)
{
	uint32_t i = 0;

	while (i < ASKED_MAX && fw.asked[i].busy)
		i++;
	if (i == ASKED_MAX) {
		log_warnx("%s: connection dropped: too many questions", ipc_label(c));
		return -1;
	}
	fw.asked[i].peer = ipc_arg(c);
	fw.asked[i].id = id;
	fw.asked[i].verb = verb;
	fw.asked[i].busy = 1;
	ipc_send(fw.keeper, verb, i, body, len);
	return 0;
}

int
forward_certify(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct certify_req rq;

	memcpy(&rq, body, sizeof(rq));
	if (rq.spki_len != len - sizeof(rq)) {
		log_warnx("%s: connection dropped: CERTIFY of a wrong length", ipc_label(c));
		return -1;
	}
	return forward(c, V_CERTIFY, id, body, len);
}

int
forward_keysets(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	return forward(c, V_KEYSETS, id, body, len);
}

int
forward_sign(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct sign_req rq;

	memcpy(&rq, body, sizeof(rq));
	if (rq.text_len != len - sizeof(rq)) {
		log_warnx("%s: connection dropped: SIGN of a wrong length", ipc_label(c));
		return -1;
	}
	return forward(c, V_SIGN, id, body, len);
}

int
forward_whoami(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)body;
	(void)len;
	ipc_send(c, V_WHOAMI, id, &fw.self, sizeof(fw.self));
	return 0;
}

/* Every answer of the keeper's begins with its status. */
static void
count_answer(uint16_t verb, const uint8_t *body)
{
	uint32_t status;

	memcpy(&status, body, sizeof(status));
	if (status != ST_OK)
		count(COUNT_KEEPER_REFUSED);
	else if (verb == V_CERTIFY)
		count(COUNT_CERTIFIED);
	else if (verb == V_SIGN)
		count(COUNT_SIGNED);
}

static int
take_answer(uint16_t verb, uint32_t i, const uint8_t *body, size_t len)
{
	struct peer *peer;

	if (i >= ASKED_MAX || !fw.asked[i].busy || fw.asked[i].verb != verb)
		fatalx("the keeper answered what it was not asked");
	count_answer(verb, body);
	peer = fw.asked[i].peer;
	fw.asked[i].busy = 0;
	if (peer != NULL)
		ipc_send(peer->conn, verb, fw.asked[i].id, body, len);
	return 0;
}

static int
certified(struct ipc_conn *c, uint32_t i, const uint8_t *body, size_t len)
{
	(void)c;
	return take_answer(V_CERTIFY, i, body, len);
}

static int
keysets(struct ipc_conn *c, uint32_t i, const uint8_t *body, size_t len)
{
	(void)c;
	return take_answer(V_KEYSETS, i, body, len);
}

static int
sign_done(struct ipc_conn *c, uint32_t i, const uint8_t *body, size_t len)
{
	(void)c;
	return take_answer(V_SIGN, i, body, len);
}

static int
hello(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)c;
	(void)id;
	memcpy(&fw.self, body, len);
	return 0;
}

static int
sets(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	(void)c;
	(void)id;
	orphans_remove(body, len / sizeof(uint32_t));
	return 0;
}

static void
live_copy(struct live *l, const uint8_t *body)
{
	memcpy(l, body, sizeof(*l));
	if (l->n > LIVE_MAX)
		fatalx("the keeper has too many keys");
}

static int
live(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct live want, opened;

	(void)len;
	live_copy(&want, body);
	logs_open(&want, &opened);
	ipc_send(c, K_OPENED, id, &opened, sizeof(opened));
	return 0;
}

static int
ready(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct live keep;

	(void)c;
	(void)id;
	(void)len;
	live_copy(&keep, body);
	logs_keep(&keep);
	decrypt_keys(keep.n);
	front_ready();
	return 0;
}

static int
drop(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct live gone;

	(void)c;
	(void)id;
	(void)len;
	live_copy(&gone, body);
	logs_delete(&gone);
	return 0;
}

static int
clock_doubt(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	int64_t jump;

	(void)c;
	(void)id;
	memcpy(&jump, body, len);
	decrypt_doubt(jump);
	keyd_counters[COUNT_CLOCK_DOUBT].n = (uint64_t)(jump < 0 ? -jump : jump);
	return 0;
}

static void
keeper_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	spawn_ended("keeper");
}

void
forward_init(struct daemon *d, int keeper)
{
	static const struct ipc_verb verbs[] = {
		{ K_HELLO, sizeof(struct whoami_rep), sizeof(struct whoami_rep), hello },
		{ K_SETS, 0, NSETS_MAX * sizeof(uint32_t), sets },
		{ K_LIVE, sizeof(struct live), sizeof(struct live), live },
		{ K_READY, sizeof(struct live), sizeof(struct live), ready },
		{ K_DROP, sizeof(struct live), sizeof(struct live), drop },
		{ K_CLOCK, sizeof(int64_t), sizeof(int64_t), clock_doubt },
		{ V_CERTIFY, sizeof(struct certify_rep), IPC_MAX_BODY, certified },
		{ V_KEYSETS, sizeof(struct keysets_rep), IPC_MAX_BODY, keysets },
		{ V_SIGN, sizeof(struct status_rep), IPC_MAX_BODY, sign_done },
		{ 0, 0, 0, NULL },
	};

	fw.keeper = ipc_conn_new(d->loop, keeper, "keyd keeper", verbs, keeper_gone, NULL);
}

void
forward_forget(const struct peer *peer)
{
	for (size_t i = 0; i < ASKED_MAX; i++)
		if (fw.asked[i].busy && fw.asked[i].peer == peer)
			fw.asked[i].peer = NULL;
}

void
forward_conf(const struct server_conf *conf)
{
	struct keeper_conf kc;

	keeper_conf_from(&kc, conf);
	ipc_send(fw.keeper, K_CONF, 0, &kc, sizeof(kc));
}

void
forward_confirm(void)
{
	ipc_send(fw.keeper, K_CONFIRM, 0, NULL, 0);
}
