/*
 * The sockets that the daemons are given: role sockets, control sockets, TCP listeners, and the one
 * on which they say that they are ready.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"
#include "mixminiond.h"
#include "proto.h"

#define CONTROL_NAME_LEN 32

/* Who serves a role socket, and who alone may connect to it. */
static const struct {
	const char *name;
	enum proc_id server, client;
} roles[] = {
	{ SOCK_KEYD_MIXER, P_KEYD, P_MIXER },
	{ SOCK_KEYD_MMTPD, P_KEYD, P_MMTPD },
	{ SOCK_KEYD_DIRSYNC, P_KEYD, P_DIRSYNC },
	{ SOCK_DIRSYNC_MMTPD, P_DIRSYNC, P_MMTPD },
	{ SOCK_DIRSYNC_DELIVERD, P_DIRSYNC, P_DELIVERD },
	{ SOCK_DELIVERD_RUN, P_RUN, P_DELIVERD },
};

static char control_names[P_COUNT][CONTROL_NAME_LEN];

static void
add(struct sockets *s, enum proc_id to, const char *name, int fd)
{
	if (s->n == MAX_SOCKETS)
		fatalx("too many sockets");
	s->s[s->n++] = (struct passed){ to, name, fd };
}

/* Everyone may write, so each datagram comes with the sender's process id. */
static void
make_notify(struct sockets *s, const char *run_dir)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int on = 1;

	if ((size_t)snprintf(s->notify_path, sizeof(s->notify_path), "%s/notify.sock", run_dir) >=
	    sizeof(sa.sun_path))
		fatal_permanent("%s/notify.sock: the path is too long", run_dir);
	memcpy(sa.sun_path, s->notify_path, strlen(s->notify_path) + 1);
	unlink(s->notify_path);
	s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->notify == -1 || bind(s->notify, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    chmod(s->notify_path, 0666) == -1)
		fatal("%s", s->notify_path);
}

void
sockets_make(struct sockets *s, const struct server_conf *c, const struct owners *o)
{
	s->n = 0;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		add(s, roles[i].server, roles[i].name,
		    listen_local(c->run_dir, roles[i].name, 0600, owners_uid(o, roles[i].client),
			owners_gid(o, roles[i].client)));
	for (enum proc_id p = 0; p < P_COUNT; p++) {
		snprintf(control_names[p], CONTROL_NAME_LEN, "%s-control", proc_names[p]);
		add(s, p, control_names[p],
		    listen_local(c->run_dir, control_names[p], o->many ? 0660 : 0600, geteuid(),
			owners_control(o)));
	}
	add(s, P_MMTPD, "mmtp",
	    listen_tcp(c->listen_ip != NULL ? c->listen_ip : c->ip, c->listen_port));
	if (c->listen_ip6 != NULL)
		add(s, P_MMTPD, "mmtp", listen_tcp(c->listen_ip6, c->listen_port));
	make_notify(s, c->run_dir);
}

void
sockets_remove(const struct sockets *s, const struct server_conf *c)
{
	char path[256];

	for (size_t i = 0; i < s->n; i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", c->run_dir, s->s[i].name);
		unlink(path);
		close(s->s[i].fd);
	}
	unlink(s->notify_path);
	close(s->notify);
}
