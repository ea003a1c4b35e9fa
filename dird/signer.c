#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "dproto.h"

#define ANSWER_MS 20000

static int fd = -1;

/* One question to dird-sign, which may have been started again since the last one. */
static int
ask(uint16_t verb, const void *body, size_t len, void *reply, size_t max, size_t *rlen,
    struct errmsg *e)
{
	struct ipc_hdr h;

	if (fd == -1 && (core.role.d.one_uid ||
			    (fd = daemon_try_connect(&core.role.d, SOCK_DIRD_SIGN)) == -1))
		return err_set(e, "dird-sign: %s", strerror(errno));
	if (ipc_call(fd, verb, body, len, &h, reply, max, rlen, ANSWER_MS) == 0 && h.type == verb)
		return 0;
	err_set(e, "dird-sign does not answer: %s", strerror(errno));
	close(fd);
	fd = -1;
	if (core.role.d.one_uid)
		fatalx("%s", e->s); /* all of dird is started again */
	return -1;
}

void
signer_init(void)
{
	uint8_t reply[sizeof(struct dirkey_rep) + 1024];
	struct dirkey_rep rep;
	struct errmsg e;
	size_t len;

	fd = daemon_connect(&core.role.d, SOCK_DIRD_SIGN);
	if (ask(V_DIRKEY, NULL, 0, reply, sizeof(reply), &len, &e) == -1)
		fatalx("%s", e.s);
	if (len < sizeof(rep))
		fatalx("dird-sign does not say its key");
	memcpy(&rep, reply, sizeof(rep));
	core.identity = rsakey_from_public_der(reply + sizeof(rep), len - sizeof(rep), &e);
	if (core.identity == NULL)
		fatalx("dird-sign: %s", e.s);
}

static int
send_part(const struct buf *text, size_t at, int old, uint8_t *reply, size_t max, size_t *rlen,
    struct errmsg *e)
{
	struct dirsign_req q = { .kind = old ? DIRSIGN_OLD : DIRSIGN_PART,
		.total = (uint32_t)text->len, .at = (uint32_t)at };
	size_t len = text->len - at < DIRSIGN_STEP ? text->len - at : DIRSIGN_STEP;
	struct buf b = { 0 };
	struct status_rep rep;
	int rc;

	buf_put(&b, &q, sizeof(q));
	buf_put(&b, text->p + at, len);
	rc = ask(V_DIRSIGN, b.p, b.len, reply, max, rlen, e);
	buf_free(&b);
	if (rc == -1)
		return -1;
	if (*rlen < sizeof(rep))
		return err_set(e, "dird-sign answers nonsense");
	memcpy(&rep, reply, sizeof(rep));
	if (rep.status != ST_OK)
		return err_set(e, "dird-sign refuses: %.*s", (int)(*rlen - sizeof(rep)),
		    (const char *)reply + sizeof(rep));
	return 0;
}

int
signer_sign(struct buf *out, const struct buf *text, int old, struct errmsg *e)
{
	uint8_t reply[4096];
	size_t rlen = 0;

	for (size_t at = 0; at < text->len; at += DIRSIGN_STEP)
		if (send_part(text, at, old, reply, sizeof(reply), &rlen, e) == -1)
			return -1;
	if (rlen <= sizeof(struct status_rep))
		return err_set(e, "dird-sign answers nothing");
	buf_put(out, reply + sizeof(struct status_rep), rlen - sizeof(struct status_rep));
	return 0;
}
