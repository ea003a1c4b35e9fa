#include <sys/resource.h>

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "accept.h"
#include "log.h"
#include "outscan.h"
#include "pool.h"
#include "proto.h"
#include "serve.h"
#include "tls.h"
#include "warmup.h"

#define STOP_MS	     2000 /* for answers that are under way */
#define STOP_LOOK_MS 20
#define OTHER_FDS    64 /* pools, IPC, listeners, files being written */

static struct {
	struct daemon *d;
	struct mmtpd_limits limits;
	struct pool incoming, outgoing;
	struct linkkey *keys;
	struct intake *intake;
	struct inconns *conns;
	struct acceptor *acceptor;
	struct outqueue *queue;
	struct outscan *scan;
	struct lookup *lookup;
	int own_dirfd; /* quarantine */
	struct loop_timer *stopping; /* NULL: no */
	int64_t stop_at;
	char incoming_path[PATH_MAX], outgoing_path[PATH_MAX], own_path[PATH_MAX];
} m;

static void
pool_path(char path[PATH_MAX], const struct daemon *d, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", d->conf->queue_dir, name);

	if (n < 0 || n >= PATH_MAX)
		fatal_permanent("QueueDir: the path is too long");
}

/* Descriptors for everybody that may come in, or fewer may. */
static void
raise_fd_limit(void)
{
	struct rlimit rl;
	size_t want = m.limits.max_incoming + m.limits.max_outgoing + INTAKE_MAX + OTHER_FDS;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_warn("the limit of open files cannot be raised");
	if (rl.rlim_cur < want)
		log_warnx("MaxIncoming %zu needs %zu open files, the limit is %llu",
		    m.limits.max_incoming, want, (unsigned long long)rl.rlim_cur);
}

static void
each_round(void *arg)
{
	(void)arg;
	intake_commit(m.intake);
	inconns_reap(m.conns);
}

static void
start_receiving(struct daemon *d)
{
	m.intake = intake_new(&m.incoming, inconn_answer, inconns_flush);
	m.conns = inconns_new(d, m.keys, m.intake, &m.limits);
	intake_set_arg(m.intake, m.conns);
	m.acceptor = acceptor_new(d, m.conns, &m.limits);
}

static void
start_sending(struct daemon *d)
{
	struct out_env env = {
		.d = d,
		.pool = &m.outgoing,
		.limits = &m.limits,
		.lookup = m.lookup = lookup_new(d, SOCK_DIRSYNC_MMTPD,
		    "packets for hosts with a name wait"),
		.ctx = tls_client_ctx(TLS_MODERN),
		.own_keyid = linkkey_keyid(m.keys),
	};

	pool_path(m.outgoing_path, d, "outgoing");
	pool_path(m.own_path, d, "outgoing/own");
	pool_init(&m.outgoing, "outgoing", daemon_opendir(m.outgoing_path), 0660);
	env.own_dirfd = m.own_dirfd = daemon_opendir(m.own_path);
	if (d->conf->legacy_tls) {
		env.modern = modern_open(env.own_dirfd);
		env.ctx_either = tls_client_ctx(TLS_EITHER);
	}
	m.queue = outqueue_new(&env);
	m.scan = outscan_new(m.queue, m.outgoing_path);
}

static void
confine(struct daemon *d)
{
	const struct sandbox_path paths[] = {
		{ m.incoming_path, SB_WRITE },
		{ m.outgoing_path, SB_READ | SB_WRITE | SB_REFER },
	};

	daemon_confine(d, ROLE_MMTPD, paths, sizeof(paths) / sizeof(paths[0]));
}

void
serve_start(struct daemon *d)
{
	m.d = d;
	mmtpd_limits_set(&m.limits, d->conf);
	raise_fd_limit();
	daemon_control(d);
	pool_path(m.incoming_path, d, "incoming");
	pool_init(&m.incoming, "incoming", daemon_opendir(m.incoming_path), 0660);
	m.keys = linkkey_new(d, daemon_connect(d, SOCK_KEYD_MMTPD), d->conf->legacy_tls);
	start_receiving(d);
	start_sending(d);
	warmup(m.keys, d->conf->legacy_tls);
	linkkey_start(m.keys);
	lookup_start(m.lookup);
	confine(d);
	loop_each(d->loop, each_round, NULL);
	acceptor_start(m.acceptor);
	outscan_start(m.scan);
	daemon_ready(d);
}

int
serve_reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	if (fresh->legacy_tls != d->conf->legacy_tls)
		return err_set(e, "LegacyTLS cannot change while mmtpd runs: restart the node");
	mmtpd_limits_set(&m.limits, fresh);
	outqueue_reload(m.queue, fresh);
	return 0;
}

void
serve_queue(struct daemon *d, struct buf *out)
{
	(void)d;
	outqueue_report(m.queue, out);
	buf_printf(out, "connections-in %zu\nset-aside %ld\n", inconns_count(m.conns),
	    pool_set_aside(m.own_dirfd, 0));
}

int
serve_clean(struct daemon *d, struct errmsg *e)
{
	(void)d;
	return pool_clean(m.own_dirfd, e);
}

/* Everybody has had an answer, or has had time enough. */
static void
stop_if_done(void *arg)
{
	struct daemon *d = arg;

	if ((inconns_count(m.conns) == 0 && outqueue_connections(m.queue) == 0) ||
	    loop_now() >= m.stop_at) {
		loop_stop(d->loop);
		return;
	}
	loop_timer_set(m.stopping, STOP_LOOK_MS);
}

void
serve_stop(struct daemon *d)
{
	if (m.stopping != NULL) {
		loop_stop(d->loop); /* asked twice */
		return;
	}
	acceptor_stop(m.acceptor);
	inconns_stop(m.conns);
	outqueue_stop(m.queue);
	m.stop_at = loop_now() + STOP_MS;
	m.stopping = loop_timer(d->loop, stop_if_done, d);
	loop_timer_set(m.stopping, 0);
}
