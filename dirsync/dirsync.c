/*
 * dirsync: addresses of hosts for mmtpd, and the node's own descriptors. main alone; the order of
 * start-up is ARCHITECTURE's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dirsync.h"

static const char usage[] =
    "usage: dirsync [-1hnU] [-f file] [-r addr:port] [-s directory]\n"
    "Looks up hosts for mmtpd and has the node's descriptors signed by keyd. Started by systemd\n"
    "or mixminiond.";

static struct {
	struct resolver *resolver;
	struct selfdesc *selfdesc;
	struct dirread *dirread;
} me;

static int
reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	(void)d;
	(void)fresh;
	(void)e;
	/* By the loop, when d->conf is the new one. */
	selfdesc_now(me.selfdesc);
	return 0;
}

static void
queue(struct daemon *d, struct buf *out)
{
	(void)d;
	resolver_queue(me.resolver, out);
}

static void
on_hosts(void *arg, char **hosts, size_t n)
{
	resolver_wanted(arg, hosts, n);
}

/* Takes "-r ADDR:PORT" out of the arguments: the others are every daemon's. */
static const char *
take_server(int *argc, char **argv)
{
	const char *server = NULL;
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "-r") == 0 && i + 1 < *argc)
			server = argv[++i];
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return server;
}

int
main(int argc, char **argv)
{
	static struct daemon d = { .name = "dirsync", .counters = counters, .reload = reload,
		.queue = queue };
	struct sandbox_path paths[1] = { { NULL, SB_READ | SB_WRITE } };
	const char *server = take_server(&argc, argv);
	char *dir;
	int dirfd, fd;

	daemon_init(&d, argc, argv, usage);
	if (asprintf(&dir, "%s/dir", d.conf->work_dir) == -1)
		fatal("asprintf");
	paths[0].path = dir;
	dirfd = daemon_opendir(dir);
	me.resolver = resolver_new(d.loop, netproc_start(&d, server), dirfd);
	if ((fd = daemon_socket(SOCK_DIRSYNC_MMTPD, 0)) == -1)
		log_info("no socket for mmtpd was passed in: nobody will ask for addresses");
	else
		resolver_listen(me.resolver, fd);
	me.dirread = dirread_new(d.loop, dirfd, on_hosts, me.resolver);
	me.selfdesc = selfdesc_new(&d, daemon_connect(&d, SOCK_KEYD_DIRSYNC), dirfd);
	daemon_control(&d);
	daemon_confine(&d, ROLE_DIRSYNC, paths, 1);
	free(dir);
	selfdesc_now(me.selfdesc);
	dirread_start(me.dirread);
	daemon_ready(&d);
	loop_run(d.loop);
	resolver_save(me.resolver);
	daemon_log_counters(&d);
	return 0;
}
