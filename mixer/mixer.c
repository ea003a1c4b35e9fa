/*
 * mixer: unwraps the packets of incoming/ with keyd's help, keeps them in mix/, and sends batches
 * of them on. It has no network and no key.
 */
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "daemon.h"
#include "intake.h"
#include "proto.h"
#include "stats.h"

static const char usage[] = "usage: mixer [-1ehnU] [-f file] [-l level] [-s directory]";

struct node {
	struct daemon d; /* first: the control handlers are given this */
	struct mixpools pools;
	struct intake *intake;
	struct batch *batch;
};

static void
set_rule(struct node *n, const struct server_conf *c)
{
	struct mix_rule rule = { c->mix_algorithm, c->mix_pool_rate, c->mix_pool_min };

	batch_set(n->batch, &rule, c->mix_interval);
}

static void
started(void *arg)
{
	struct node *n = arg;

	set_rule(n, n->d.conf);
	log_info("%zu packets lie in mix/", namelist_len(&n->pools.ready));
}

static void
turn(void *arg)
{
	struct node *n = arg;

	intake_turn(n->intake);
	mixer_stats[STAT_IN_POOL].n = namelist_len(&n->pools.ready);
}

static int
count_one(const char *name, void *arg)
{
	size_t *n = arg;

	(void)name;
	++*n;
	return 0;
}

static void
control_queue(struct daemon *d, struct buf *out)
{
	struct node *n = (struct node *)d;
	size_t waiting = 0;

	(void)pool_scan(&n->pools.incoming, 0, count_one, &waiting);
	buf_printf(out, "incoming %zu\nmix %zu\nset-aside %ld\n", waiting,
	    namelist_len(&n->pools.ready), pool_set_aside(n->pools.own.dirfd, 0));
}

static int
control_clean(struct daemon *d, struct errmsg *e)
{
	return pool_clean(((struct node *)d)->pools.own.dirfd, e);
}

/* Packets stay where they are. */
static int
control_reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	(void)e;
	set_rule((struct node *)d, fresh);
	return 0;
}

/* Connects to keyd, and asks who we are: packets for this node itself never go to the network. */
static int
meet_keyd(struct node *n)
{
	struct errmsg e;
	int fd = daemon_connect(&n->d, SOCK_KEYD_MIXER);

	if (keyc_whoami(fd, n->pools.keyid, &e) == -1)
		fatalx("%s", e.s);
	return fd;
}

static void
confine(struct node *n)
{
	static const char *const dirs[] = { "incoming", "mix", "outgoing", "deliver" };
	struct sandbox_path paths[4];
	char *path[4];

	for (size_t i = 0; i < 4; i++) {
		if (asprintf(&path[i], "%s/%s", n->d.conf->queue_dir, dirs[i]) == -1)
			fatal("asprintf");
		paths[i] = (struct sandbox_path) { path[i], SB_READ | SB_WRITE | SB_REFER };
	}
	daemon_confine(&n->d, ROLE_MIXER, paths, 4);
	for (size_t i = 0; i < 4; i++)
		free(path[i]);
}

int
main(int argc, char **argv)
{
	static struct node n;
	struct arrivals *arrivals;
	struct errmsg e;
	char *path = NULL;
	int keyd;

	n.d = (struct daemon) { .name = "mixer", .counters = mixer_stats, .queue = control_queue,
		.reload = control_reload, .clean = control_clean };
	daemon_init(&n.d, argc, argv, usage);
	daemon_control(&n.d);
	mixpools_open(&n.pools, n.d.conf->queue_dir);
	arrivals = arrivals_new(n.d.loop, &n.pools);
	if (names_secret(n.pools.secret, n.pools.own.dirfd, &rng_system, &e) == -1)
		fatal_permanent("%s/incoming/own/%s", n.d.conf->queue_dir, e.s);
	keyd = meet_keyd(&n);
	if (!n.d.one_uid && asprintf(&path, "%s/%s.sock", n.d.run_dir, SOCK_KEYD_MIXER) == -1)
		fatal("asprintf");
	confine(&n);
	n.batch = batch_new(n.d.loop, &n.pools, &rng_system);
	n.intake = intake_new(n.d.loop, &n.pools, arrivals, keyd, path, started, &n);
	loop_each(n.d.loop, turn, &n);
	daemon_ready(&n.d);
	turn(&n);
	loop_run(n.d.loop);
	return 0;
}
