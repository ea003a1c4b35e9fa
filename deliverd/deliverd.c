/*
 * deliverd: hands over what leaves the mix network here. main alone; the order of start-up is
 * ARCHITECTURE's.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compress.h"
#include "deliverd.h"

static const char usage[] =
    "usage: deliverd [-1hnU] [-f file] [-s directory]\n"
    "Hands over what leaves the mix network here: mail for SMTP and MBOX exits, fragments put\n"
    "together. Started by systemd or mixminiond.";

static struct {
	struct mailq *q;
	struct fragstore *frags;
	struct exits *exits;
	struct intake *intake;
} me;

static int
reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	struct fragstore_limits limits;

	(void)d;
	if (exits_configure(me.exits, fresh, 0, e) == -1)
		return -1;
	fragstore_conf_limits(&limits, fresh);
	fragstore_limits(me.frags, &limits);
	exits_kick(me.exits);
	intake_kick(me.intake);
	return 0;
}

static void
queue(struct daemon *d, struct buf *out)
{
	(void)d;
	intake_queue(me.intake, out);
}

static void
stop(struct daemon *d)
{
	(void)d;
	exits_stop(me.exits);
}

/* Directories inside deliver/own are ours to make. */
static int
own_directory(const char *own, const char *name)
{
	struct buf path = { 0 };
	int fd;

	buf_printf(&path, "%s/%s", own, name);
	if (mkdir(buf_cstr(&path), 0700) == -1 && errno != EEXIST)
		fatal("%s", buf_cstr(&path));
	fd = daemon_opendir(buf_cstr(&path));
	buf_free(&path);
	return fd;
}

static char *
below(const char *dir, const char *name)
{
	char *s;

	if (asprintf(&s, "%s/%s", dir, name) == -1)
		fatal("asprintf");
	return s;
}

static void
open_all(struct daemon *d, const char *deliver, const char *own, const char *fragments)
{
	struct fragstore_limits limits;
	int deliver_fd = daemon_opendir(deliver), own_fd = daemon_opendir(own);
	struct errmsg e;

	me.q = mailq_open(own_directory(own, "mail"), own_directory(own, "state"), own_fd);
	fragstore_conf_limits(&limits, d->conf);
	me.frags = fragstore_open(daemon_opendir(fragments), &limits);
	me.exits = exits_new(d->loop, me.q);
	if (exits_configure(me.exits, d->conf, 1, &e) == -1)
		fatal_permanent("%s", e.s);
	me.intake = intake_new(d->loop, deliver_fd, own_fd, me.q, me.frags, me.exits);
}

/* The address file may be replaced by a new one: so its directory. */
static void
confine(struct daemon *d, const char *deliver, const char *fragments)
{
	char *file = d->conf->address_file == NULL ? NULL : strdup(d->conf->address_file);
	struct sandbox_path paths[] = {
		{ deliver, SB_READ | SB_WRITE | SB_REFER },
		{ fragments, SB_READ | SB_WRITE },
		{ NULL, SB_READ },
	};

	if (file != NULL)
		paths[2].path = dirname(file);
	daemon_confine(d, ROLE_DELIVERD, paths, file == NULL ? 2 : 3);
	free(file);
}

static void
load_all(void)
{
	if (mailq_load(me.q) == -1)
		fatal("deliver/own cannot be read");
	if (intake_recover(me.intake) == -1)
		fatal("deliver cannot be read");
	if (fragstore_load(me.frags, daemon_now()) == -1)
		fatal("fragments cannot be read");
}

int
main(int argc, char **argv)
{
	static struct daemon d = { .name = "deliverd", .counters = counters, .reload = reload,
		.queue = queue, .stop = stop };
	char *deliver, *own, *fragments;

	daemon_init(&d, argc, argv, usage);
	deliver = below(d.conf->queue_dir, "deliver");
	own = below(deliver, "own");
	fragments = below(d.conf->queue_dir, "fragments");
	if (compress_selftest() == -1)
		fatal_permanent("this zlib does not compress as the network expects");
	open_all(&d, deliver, own, fragments);
	daemon_control(&d);
	confine(&d, deliver, fragments);
	load_all();
	intake_start(me.intake);
	exits_kick(me.exits);
	daemon_ready(&d);
	loop_run(d.loop);
	daemon_log_counters(&d);
	exits_free(me.exits);
	intake_free(me.intake);
	fragstore_free(me.frags);
	mailq_free(me.q);
	free(deliver);
	free(own);
	free(fragments);
	return 0;
}
