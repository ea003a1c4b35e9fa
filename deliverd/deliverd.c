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
#include <unistd.h>

#include "compress.h"
#include "deliverd.h"
#include "password.h"
#include "smtpset.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char usage[] =
    "usage: deliverd [-1ehnU] [-f file] [-l level] [-s directory]\n"
    "Hands over what leaves the mix network here: mail for SMTP and MBOX exits, fragments put\n"
    "together. Started by systemd or mixminiond.";

static struct {
	struct lookup *lookup;
	struct mailq *q;
	struct fragstore *frags;
	struct exits *exits;
	struct intake *intake;
	int own_fd; /* quarantine */
} me;

static int
reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	struct fragstore_limits limits;

	(void)d;
	if (exits_configure(me.exits, fresh, e) == -1)
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
	buf_printf(out, "set-aside %ld\n", pool_set_aside(me.own_fd, 0));
}

static int
clean(struct daemon *d, struct errmsg *e)
{
	(void)d;
	return pool_clean(me.own_fd, e);
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

/* The operator makes it: it is for other users to read. */
static int
open_mailbox_dir(const struct server_conf *c)
{
	int fd;

	if (c->mailbox_dir == NULL)
		return -1;
	fd = open(c->mailbox_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		fatal_permanent("MailboxDir %s: %s", c->mailbox_dir, strerror(errno));
	return fd;
}

static void
open_all(struct daemon *d, const char *deliver, const char *own, const char *fragments)
{
	struct fragstore_limits limits;
	int deliver_fd = daemon_opendir(deliver), own_fd = daemon_opendir(own);
	struct errmsg e;

	me.own_fd = own_fd;
	me.q = mailq_open(own_directory(own, "mail"), own_directory(own, "state"), own_fd);
	fragstore_conf_limits(&limits, d->conf);
	me.frags = fragstore_open(daemon_opendir(fragments), &limits);
	me.lookup = lookup_new(d, SOCK_DIRSYNC_DELIVERD, "mail for a server with a name waits");
	me.exits = exits_new(d, me.lookup, me.q, open_mailbox_dir(d->conf));
	if (exits_configure(me.exits, d->conf, &e) == -1)
		fatal_permanent("%s", e.s);
	me.intake = intake_new(d->loop, deliver_fd, own_fd, me.q, me.frags, me.exits);
}

/* These files may be replaced by new ones: so their directories. */
static void
confine(struct daemon *d, const char *deliver, const char *fragments)
{
	const struct server_conf *c = d->conf;
	const char *lists[] = { c->address_file, c->blacklist_file, c->mbox.smtp_ca_file,
		c->mbox.smtp_password_file, c->smtp.smtp_ca_file, c->smtp.smtp_password_file,
		smtpset_system_cas };
	char *copies[N(lists)] = { NULL };
	struct sandbox_path paths[3 + N(lists)] = {
		{ deliver, SB_READ | SB_WRITE | SB_REFER },
		{ fragments, SB_READ | SB_WRITE },
	};
	size_t n = 2;

	for (size_t i = 0; i < N(lists); i++) {
		if (lists[i] == NULL)
			continue;
		if ((copies[i] = strdup(lists[i])) == NULL)
			fatal("strdup");
		paths[n] = (struct sandbox_path){ dirname(copies[i]), SB_READ };
		n += access(paths[n].path, F_OK) == 0; /* where it is for a type that is off */
	}
	if (d->conf->mailbox_dir != NULL)
		paths[n++] = (struct sandbox_path){ d->conf->mailbox_dir,
			SB_READ | SB_WRITE | SB_REFER };
	daemon_confine(d, ROLE_DELIVERD, paths, n);
	for (size_t i = 0; i < N(lists); i++)
		free(copies[i]);
}

static void
load_all(void)
{
	if (mailq_load(me.q, daemon_steady()) == -1)
		fatal("deliver/own cannot be read");
	if (intake_recover(me.intake) == -1)
		fatal("deliver cannot be read");
	if (fragstore_load(me.frags, daemon_steady()) == -1)
		fatal("fragments cannot be read");
}

int
main(int argc, char **argv)
{
	static struct daemon d = { .name = "deliverd", .counters = counters, .reload = reload,
		.queue = queue, .clean = clean, .stop = stop };
	char *deliver, *own, *fragments;

	daemon_init(&d, argc, argv, usage);
	deliver = below(d.conf->queue_dir, "deliver");
	own = below(deliver, "own");
	fragments = below(d.conf->queue_dir, "fragments");
	if (compress_selftest() == -1)
		fatal_permanent("this zlib does not compress as the network expects");
	password_init();
	open_all(&d, deliver, own, fragments);
	daemon_control(&d);
	lookup_start(me.lookup);
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
