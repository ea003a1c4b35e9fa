/*
 * The DNS process: forked before the sandbox, it has the network and the pair to the front, and
 * nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "dns.h"

static struct {
	struct loop *loop;
	struct ipc_conn *front;
} net;

struct job {
	uint32_t id;
};

static void
on_answer(void *arg, const struct resolve_rep *rep, uint32_t ttl)
{
	struct job *j = arg;
	struct net_rep nr = { .rep = *rep, .ttl = ttl };

	ipc_send(net.front, V_RESOLVE, j->id, &nr, sizeof(nr));
	free(j);
}

static int
on_question(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct resolve_req req;
	struct job *j = calloc(1, sizeof(*j));

	(void)c;
	(void)len;
	if (j == NULL)
		fatal("netproc");
	memcpy(&req, body, sizeof(req));
	if (memchr(req.host, '\0', sizeof(req.host)) == NULL)
		fatalx("a name without end");
	j->id = id;
	dns_ask(req.host, on_answer, j);
	return 0;
}

static void
front_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	loop_stop(net.loop);
}

static void
run(struct daemon *d, const void *arg)
{
	static const struct ipc_verb verbs[] = {
		{ V_RESOLVE, sizeof(struct resolve_req), sizeof(struct resolve_req), on_question },
		{ 0, 0, 0, NULL },
	};
	static const struct sandbox_path paths[] = { { "/etc/hosts", SB_READ } };

	net.loop = loop_new();
	dns_init(net.loop, arg);
	daemon_confine(d, ROLE_DIRSYNC_NET, paths, access(paths[0].path, R_OK) == 0);
	net.front = ipc_conn_new(net.loop, CHILD_FD, "dirsync", verbs, front_gone, NULL);
	loop_run(net.loop);
	dns_end();
}

int
netproc_start(struct daemon *d, const char *server)
{
	return child_start(d, "dirsync-net", run, server);
}
