#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "files.h"
#include "dproto.h"
#include "vote.h"

#define CHANGED_MS	 2000 /* raw list and page are written so long after a change */
#define RELIABILITY_MAX (16 * 1024 * 1024)

static const char usage[] =
    "usage: dird core [-1hnU] [-f file] [-l level] [-s directory]\n"
    "Decides on descriptors, votes, and writes what is published.\n"
    "Started by systemd or \"dird start\".\n";

struct core core = {
	.counters = {
	    [CC_ACCEPTED] = { "UploadsAccepted", 0 },
	    [CC_WAITING] = { "UploadsWaiting", 0 },
	    [CC_REFUSED] = { "UploadsRefused", 0 },
	    [CC_LEARNED] = { "DescriptorsLearned", 0 },
	    [CC_VOTES] = { "VotesCollected", 0 },
	    [CC_FETCHES] = { "Fetches", 0 },
	    [CC_FETCHES_FAILED] = { "FailedFetches", 0 },
	    [CC_CONSENSUS] = { "Consensus", 0 },
	    [CC_NO_CONSENSUS] = { "ConsensusFailed", 0 },
	},
};

static struct loop_timer *changed;

/* --- what is known changed --- */

static void
write_lists(void *arg)
{
	(void)arg;
	if (!core.conf->mirror)
		publish_raw_list();
	publish_page();
}

void
core_changed(void)
{
	loop_timer_set(changed, CHANGED_MS);
}

int
core_reliability(struct reliability *r)
{
	static struct log_state trouble;
	struct buf text = { 0 };
	struct errmsg e;
	int ok = 0;

	if (core.conf->reliability_file == NULL)
		return 0;
	if (files_read(AT_FDCWD, core.conf->reliability_file, &text, RELIABILITY_MAX, &e) == 0 &&
	    reliability_parse(r, (const char *)text.p, text.len, &e) == 0) {
		ok = r->published + core.conf->reliability_max_age >= daemon_now();
		if (!ok) {
			err_set(&e, "older than ReliabilityMaxAge");
			reliability_free(r);
		}
	}
	if (ok)
		log_again(&trouble);
	else if (log_once(&trouble))
		log_warnx("ReliabilityFile: %s; servers are recommended without it", e.s);
	buf_free(&text);
	return ok;
}

/* --- descriptors --- */

static void
count(enum upload u)
{
	if (u == UP_ACCEPTED || u == UP_KNOWN)
		core.counters[CC_ACCEPTED].n++;
	else if (u == UP_WAITING || u == UP_STILL_WAITING)
		core.counters[CC_WAITING].n++;
	else
		core.counters[CC_REFUSED].n++;
}

/* Takes d over. */
static enum upload
keep(struct desc *d)
{
	const struct upload_policy policy = { core.conf->approve_new,
		(size_t)core.conf->max_servers, (size_t)core.conf->max_waiting };
	enum upload u = upload_decide(&core.store, &policy, d, daemon_now());
	struct errmsg e;
	char nickname[MAX_NICKNAME + 1];

	strlcpy(nickname, d->nickname, sizeof(nickname));
	if (!upload_keeps(u)) {
		desc_free(d);
		return u;
	}
	if (store_add(&core.store, d, u == UP_WAITING ? SRV_WAITING : SRV_APPROVED, daemon_now(),
		&e) == NULL) {
		log_errorx("a descriptor is not kept: %s", e.s);
		return UP_BUSY;
	}
	if (u == UP_WAITING)
		log_info("%s is new and waits: \"dird approve %s\" or \"dird reject %s\"",
		    nickname, nickname, nickname);
	core_changed();
	return u;
}

enum upload
core_take(const char *text, size_t len, struct buf *reply)
{
	struct errmsg why;
	struct desc *d = NULL;
	enum upload u;

	if (core.conf->mirror)
		u = UP_MIRROR;
	else if (len > UPLOAD_MAX)
		u = UP_OVERSIZED;
	else if ((d = desc_parse(text, len, daemon_now(), &why)) == NULL)
		u = UP_UNREADABLE;
	else
		u = keep(d);
	count(u);
	if (reply != NULL)
		upload_reply(reply, u, u == UP_UNREADABLE ? why.s : NULL);
	return u;
}

static int
on_upload(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct buf reply = { 0 };

	core_take((const char *)body, len, &reply);
	ipc_send(c, V_UPLOAD, id, reply.p, reply.len);
	buf_free(&reply);
	return 0;
}

static const struct ipc_verb upload_verbs[] = {
	{ V_UPLOAD, 1, IPC_MAX_BODY, on_upload },
	{ 0, 0, 0, NULL },
};

/* --- start --- */

static void
load(void)
{
	struct dird_conf *c = core.conf;
	struct errmsg e;

	if (store_load(&core.store, daemon_opendir(c->servers_dir), &e) == -1)
		fatal_permanent("%s", e.s);
	core.public_dir = daemon_opendir(c->public_dir);
	core.old_dir = openat(core.public_dir, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (core.old_dir == -1)
		fatal_permanent("%s/directory: %s; \"dird init\" makes it", c->public_dir,
		    strerror(errno));
}

static void
find_self(void)
{
	uint8_t id[HASH_LEN];
	struct errmsg e;
	int self;

	rsakey_keyid(core.identity, id);
	if ((self = dconf_self(core.conf, id, &e)) == -1)
		fatal_permanent("%s", e.s);
	core.self = (size_t)self;
}

/* A pinger replaces its file by renaming: all of its folder can be read. */
static char *
folder_of(const char *path)
{
	char *dir = strdup(path != NULL ? path : "/nonexistent/");

	if (dir == NULL)
		fatal("out of memory");
	*(strrchr(dir, '/') + 1) = '\0';
	return dir;
}

static void
confine(void)
{
	const struct dird_conf *c = core.conf;
	char *measured = folder_of(c->reliability_file);
	struct sandbox_path paths[] = { { c->servers_dir, SB_READ | SB_WRITE },
		{ c->public_dir, SB_READ | SB_WRITE }, { core.role.d.run_dir, SB_READ },
		{ measured, SB_READ } };
	size_t n = sizeof(paths) / sizeof(paths[0]);

	daemon_confine(&core.role.d, ROLE_DIRD_CORE, paths, n - (access(measured, R_OK) == -1));
	free(measured);
}

int
role_core(int argc, char **argv)
{
	int fd;

	role_init(&core.role, "dird-core", argc, argv, usage);
	core.conf = core.role.conf;
	core.role.d.counters = core.counters;
	load();
	if (!core.conf->mirror) {
		signer_init();
		find_self();
	}
	fetcher_init();
	changed = loop_timer(core.role.d.loop, write_lists, NULL);
	if ((fd = daemon_socket(SOCK_DIRD_UPLOAD, 0)) == -1)
		fatal_permanent("no socket was passed in: \"dird start\" or systemd does");
	ipc_listen(core.role.d.loop, fd, SOCK_DIRD_UPLOAD, upload_verbs, 2, NULL, NULL);
	say_init();
	confine();
	loop_timer_set(changed, 0);
	if (core.conf->mirror)
		mirror_init();
	else
		phases_init();
	daemon_ready(&core.role.d);
	loop_run(core.role.d.loop);
	daemon_log_counters(&core.role.d);
	return 0;
}
