/*
 * What a client says to dird-http. The first octet chooses what stands around the rest: a form of
 * either kind with its head, or nothing.
 * link: -Wl,--wrap=ipc_send -lmicrohttpd
 */
#include "../../dird/flood.c"
#include "../../dird/http.c"
#include "../../dird/httpname.c"
#include "../../dird/store.c"
#include "../../dird/upload.c"

#include <errno.h>
#include <limits.h>
#include <signal.h>

#include "fuzz.h"

/* What begins a process is not what is tried here. */
void
role_init(struct dird_role *r, const char *name, int argc, char **argv, const char *text)
{
	(void)r;
	(void)name;
	(void)argc;
	(void)argv;
	(void)text;
	abort();
}

#define ROUNDS 2000 /* of the server's loop; a few are enough */

int __wrap_ipc_send(struct ipc_conn *, uint16_t, uint32_t, const void *, size_t);

/* dird-core: gets nothing that is too long, and is busy. */
int
__wrap_ipc_send(struct ipc_conn *c, uint16_t verb, uint32_t id, const void *body, size_t len)
{
	(void)c;
	(void)id;
	(void)body;
	HOLDS(verb == V_UPLOAD && len > 0 && len <= UPLOAD_MAX);
	return -1;
}

static void
begin(void)
{
	static struct dird_conf conf = { .url_path = "/dir/" };

	http.role.conf = &conf;
	http.public_dir = -1;
	flood_init(&http.flood, UINT_MAX);
	http.core = (struct ipc_conn *)&conf; /* never looked into */
	http.mhd[0] = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG,
	    0, NULL, NULL, on_request, NULL, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	HOLDS(http.mhd[0] != NULL);
	http.nmhd = 1;
}

static unsigned
connections(void)
{
	const union MHD_DaemonInfo *i =
	    MHD_get_daemon_info(http.mhd[0], MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	HOLDS(i != NULL);
	return i->num_connections;
}

static void
wrap(struct buf *b, uint8_t how, const uint8_t *data, size_t len)
{
	static const char *const types[] = { "application/x-www-form-urlencoded",
		"multipart/form-data; boundary=xx" };

	if (how < 2)
		buf_printf(b,
		    "POST /dir/upload HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n"
		    "Content-Length: %zu\r\n\r\n",
		    types[how], len);
	buf_put(b, data, len);
}

/* All of it goes in, what comes out is read and thrown away, and then the client is gone. */
static void
converse(int fd, const struct buf *said)
{
	size_t off = 0;
	char heard[4096];

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < ROUNDS && connections() > 0; i++) {
		ssize_t n = off < said->len ? write(fd, said->p + off, said->len - off) : 0;

		if (n > 0)
			off += (size_t)n;
		else if (off == said->len || (n == -1 && errno != EAGAIN))
			shutdown(fd, SHUT_WR);
		MHD_run(http.mhd[0]);
		while (read(fd, heard, sizeof(heard)) > 0)
			continue;
	}
	HOLDS(connections() == 0 && http.waiting == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct sockaddr_in from = { .sin_family = AF_INET };
	struct buf said = { 0 };
	int fd[2];

	if (len == 0)
		return 0;
	if (http.nmhd == 0)
		begin();
	wrap(&said, data[0] % 3, data + 1, len - 1);
	HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
	HOLDS(MHD_add_connection(http.mhd[0], fd[0], (const struct sockaddr *)&from,
		  sizeof(from)) == MHD_YES);
	converse(fd[1], &said);
	close(fd[1]);
	buf_free(&said);
	return 0;
}
