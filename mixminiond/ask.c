#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "mixminiond.h"
#include "proto.h"

#define ANSWER_MS 20000

static int
connect_control(const struct server_conf *c, enum proc_id p)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s-control.sock", c->run_dir, proc_names[p]);
	return ipc_connect_path(path);
}

int
ask_text(const struct server_conf *c, enum proc_id p, int verb, struct buf *out)
{
	static uint8_t text[IPC_MAX_BODY];
	struct ipc_hdr h;
	size_t len;
	int fd = connect_control(c, p), rc, saved;

	if (fd == -1)
		return -1;
	rc = ipc_call(fd, (uint16_t)verb, NULL, 0, &h, text, sizeof(text), &len, ANSWER_MS);
	saved = errno;
	close(fd);
	errno = saved;
	if (rc == 0)
		buf_put(out, text, len);
	return rc;
}

int
ask_read_conf(const char *path, struct buf *text, struct errmsg *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t block[4096];
	ssize_t n;

	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	while ((n = read(fd, block, sizeof(block))) > 0 && text->len <= IPC_MAX_BODY)
		buf_put(text, block, (size_t)n);
	close(fd);
	if (n == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (text->len > IPC_MAX_BODY)
		return err_set(e,
		    "%s: more than %d octets cannot be handed to running processes: "
		    "restart the node",
		    path, IPC_MAX_BODY);
	return 0;
}

/* The sockets of deliverd-run are there also where it does not run. */
static int
answer_ms(enum proc_id p)
{
	return p == P_RUN ? ANSWER_MS / 10 : ANSWER_MS;
}

/* An answer of a status and a line: 0, or -1; then errno is 0 if there was one. */
static int
ask_status(enum proc_id p, int fd, int verb, const void *body, size_t blen, struct errmsg *said)
{
	struct {
		struct status_rep status;
		char line[sizeof(said->s)];
	} rep;
	struct ipc_hdr h;
	size_t len;

	memset(&rep, 0, sizeof(rep));
	if (ipc_call(fd, (uint16_t)verb, body, blen, &h, &rep, sizeof(rep) - 1, &len,
		answer_ms(p)) == -1) {
		err_set(said, "no answer: %s", strerror(errno));
		return -1;
	}
	err_set(said, "%s", rep.line);
	errno = 0;
	return len < sizeof(rep.status) || rep.status.status != ST_OK ? -1 : 0;
}

int
ask_order(const struct server_conf *c, enum proc_id p, int verb, struct errmsg *said)
{
	int fd = connect_control(c, p), rc;

	if (fd == -1)
		return err_set(said, "cannot be asked: %s (is the node running?)",
		    strerror(errno));
	rc = ask_status(p, fd, verb, NULL, 0, said);
	close(fd);
	return rc;
}

/* 0: taken; fixed is told what waits for a start. */
static int
reload_one(enum proc_id p, int fd, const struct buf *text, struct errmsg *fixed)
{
	struct errmsg said;

	if (ask_status(p, fd, V_RELOAD, text->p, text->len, &said) == 0) {
		*fixed = said;
		return 0;
	}
	if (p == P_RUN && errno == ETIMEDOUT)
		return 0; /* it comes only with this configuration */
	log_warnx("%s does not take the configuration: %s", proc_names[p], said.s);
	return -1;
}

/* Those that have taken it go back to what they had: all work with the same, or none. */
static void
undo(const struct server_conf *c, enum proc_id end)
{
	struct errmsg said;

	for (enum proc_id p = 0; p < end; p++)
		if (ask_order(c, p, V_UNDO, &said) == -1 && p != P_RUN)
			log_warnx("%s keeps the new configuration: %s", proc_names[p], said.s);
}

int
ask_reload(const struct server_conf *c, const struct buf *text)
{
	struct errmsg fixed = { "" };
	int rc = 0, fd;

	for (enum proc_id p = 0; p < P_COUNT; p++) {
		if (!proc_wanted(c, p))
			continue;
		if ((fd = connect_control(c, p)) != -1) {
			rc = reload_one(p, fd, text, &fixed);
			close(fd);
		} else if (p != P_RUN) { /* which may come only with this configuration */
			log_warn("%s cannot be asked to reload", proc_names[p]);
			rc = -1;
		}
		if (rc == -1) {
			undo(c, p);
			return -1;
		}
	}
	if (fixed.s[0] != '\0')
		log_warnx("a change of %s needs a restart; until then it is as it was", fixed.s);
	return 0;
}

static void
reopen_one(enum proc_id p, int fd, int log)
{
	struct status_rep rep;
	struct ipc_hdr h;
	size_t len;

	if (ipc_call_fd(fd, V_LOGREOPEN, log, &h, &rep, sizeof(rep), &len, answer_ms(p)) == -1)
		log_warn("%s does not reopen its log", proc_names[p]);
}

void
ask_reopen_logs(const struct server_conf *c)
{
	int fd, log;

	for (enum proc_id p = 0; p < P_COUNT; p++) {
		if (!proc_wanted(c, p))
			continue;
		fd = connect_control(c, p);
		log = spawn_open_log(c, p);
		if (log == -1)
			log_warn("%s.%s", c->log_file, proc_names[p]);
		else if (fd != -1)
			reopen_one(p, fd, log);
		if (log != -1)
			close(log);
		if (fd != -1)
			close(fd);
	}
}
