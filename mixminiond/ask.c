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
ask_stats(const struct server_conf *c, enum proc_id p, struct buf *out)
{
	static uint8_t text[IPC_MAX_BODY];
	struct ipc_hdr h;
	size_t len;
	int fd = connect_control(c, p), rc, saved;

	if (fd == -1)
		return -1;
	rc = ipc_call(fd, V_STATS, NULL, 0, &h, text, sizeof(text), &len, ANSWER_MS);
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

/* The answer to RELOAD: a status and a reason. */
static int
reload_one(enum proc_id p, int fd, const struct buf *text)
{
	struct {
		struct status_rep status;
		char reason[1024];
	} rep;
	struct ipc_hdr h;
	size_t len;

	memset(&rep, 0, sizeof(rep));
	if (ipc_call(fd, V_RELOAD, text->p, text->len, &h, &rep, sizeof(rep) - 1, &len,
		ANSWER_MS) == -1) {
		log_warn("%s does not answer RELOAD", proc_names[p]);
		return -1;
	}
	if (len < sizeof(rep.status) || rep.status.status != ST_OK) {
		log_warnx("%s keeps its old configuration: %s", proc_names[p], rep.reason);
		return -1;
	}
	return 0;
}

int
ask_reload(const struct server_conf *c, const struct buf *text)
{
	int rc = 0, fd;

	for (enum proc_id p = 0; p < P_COUNT; p++) {
		if ((fd = connect_control(c, p)) == -1) {
			log_warn("%s cannot be asked to reload", proc_names[p]);
			rc = -1;
			continue;
		}
		if (reload_one(p, fd, text) == -1)
			rc = -1;
		close(fd);
	}
	return rc;
}

static void
reopen_one(enum proc_id p, int fd, int log)
{
	struct status_rep rep;
	struct ipc_hdr h;
	size_t len;

	if (ipc_call_fd(fd, V_LOGREOPEN, log, &h, &rep, sizeof(rep), &len, ANSWER_MS) == -1)
		log_warn("%s does not reopen its log", proc_names[p]);
}

void
ask_reopen_logs(const struct server_conf *c)
{
	int fd, log;

	for (enum proc_id p = 0; p < P_COUNT; p++) {
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
