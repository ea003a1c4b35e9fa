/*
 * dirsync: addresses of hosts for mmtpd and deliverd, the directory, the node's own descriptors.
 * main alone; the order of start-up is ARCHITECTURE's.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch.h"
#include "logrelay.h"
#include "publish.h"

static const char usage[] =
    "usage: dirsync [-1ehnU] [-f file] [-l level] [-r addr:port] [-s directory]\n"
    "Looks up hosts for mmtpd and deliverd, fetches the directory, and has the node's descriptors\n"
    "signed by keyd and publishes them. Started by systemd or mixminiond.";

static struct {
	struct resolver *resolver;
	struct selfdesc *selfdesc;
	struct dirread *dirread;
	struct fetch *fetch;
	struct publish *publish;
	struct loop_timer *reloaded;
} me;

/* By the loop, when d->conf is the new one. */
static void
on_reloaded(void *arg)
{
	(void)arg;
	selfdesc_now(me.selfdesc);
	fetch_reload(me.fetch);
}

static int
reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	(void)d;
	(void)fresh;
	(void)e;
	loop_timer_set(me.reloaded, 0);
	return 0;
}

static int
republish(struct daemon *d, struct errmsg *e)
{
	(void)d;
	return publish_again(me.publish, e);
}

static void
queue(struct daemon *d, struct buf *out)
{
	(void)d;
	resolver_queue(me.resolver, out);
	fetch_queue(me.fetch, out);
	publish_queue(me.publish, out);
}

static void
on_hosts(void *arg, char **hosts, size_t n)
{
	(void)arg;
	resolver_wanted(me.resolver, hosts, n);
}

static void
on_held(void *arg, int64_t valid_after, int64_t valid_until)
{
	(void)arg;
	fetch_held(me.fetch, valid_after, valid_until);
}

static void
on_stored(void *arg)
{
	(void)arg;
	dirread_start(me.dirread);
}

static void
on_signed(void *arg, const struct keysets_rep *sets)
{
	(void)arg;
	publish_sets(me.publish, sets);
}

/* A role socket for each that asks. */
static void
listen_for(const char *sock, const char *who)
{
	int fd = daemon_socket(sock, 0);

	if (fd == -1)
		log_info("no socket for %s was passed in: it cannot ask for addresses", who);
	else
		resolver_listen(me.resolver, fd, who);
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

/* The children first: they get nothing of what is opened later. */
static void
make_parts(struct daemon *d, const char *dir, int dirfd, const char *server)
{
	const struct dirread_calls calls = { on_hosts, on_held, NULL };
	struct parser *parser;
	struct http *http;
	int net, web, parse;

	logrelay_open();
	net = netproc_start(d, server);
	web = fetchproc_start(d);
	parse = parseproc_start(d, dir);
	logrelay_serve(d->loop);
	parser = parser_new(d, parse);
	me.resolver = resolver_new(d->loop, net, dirfd);
	http = http_new(d, web, me.resolver);
	me.dirread = dirread_new(d->loop, dirfd, parser, &calls);
	me.fetch = fetch_new(d, http, parser, dirfd, on_stored, NULL);
	me.publish = publish_new(d, http, parser, dirfd);
	me.reloaded = loop_timer(d->loop, on_reloaded, NULL);
}

int
main(int argc, char **argv)
{
	static struct daemon d = { .name = "dirsync", .counters = counters, .reload = reload,
		.queue = queue, .republish = republish };
	struct sandbox_path paths[1] = { { NULL, SB_READ | SB_WRITE } };
	const char *server = take_server(&argc, argv);
	char *dir;
	int dirfd;

	daemon_init(&d, argc, argv, usage);
	if (asprintf(&dir, "%s/dir", d.conf->work_dir) == -1)
		fatal("asprintf");
	paths[0].path = dir;
	dirfd = daemon_opendir(dir);
	umask(0022); /* the directory is for all to read; what is not says so where it is made */
	make_parts(&d, dir, dirfd, server);
	listen_for(SOCK_DIRSYNC_MMTPD, "mmtpd");
	listen_for(SOCK_DIRSYNC_DELIVERD, "deliverd");
	me.selfdesc = selfdesc_new(&d, daemon_connect(&d, SOCK_KEYD_DIRSYNC), dirfd, on_signed,
	    NULL);
	daemon_control(&d);
	daemon_confine(&d, ROLE_DIRSYNC, paths, 1);
	free(dir);
	selfdesc_now(me.selfdesc);
	dirread_start(me.dirread);
	daemon_ready(&d);
	loop_run(d.loop);
	resolver_save(me.resolver);
	logrelay_rest();
	daemon_log_counters(&d);
	return 0;
}
