#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "logrelay.h"

#define PEERS_MAX 8 /* on one role socket: one, and those that come and go */
#define NPEERS	  (3 * PEERS_MAX)

static struct {
	struct daemon *d;
	struct pending *pending;
	struct peer *peer[NPEERS]; /* all that are connected, NULL: free */
	uint64_t serial;
	int served; /* the role sockets are */
} front;

struct counter keyd_counters[NCOUNTS + 1] = {
	[COUNT_DECRYPT_OK] = { "decrypt_ok", 0 },
	[COUNT_REFUSED_OAEP] = { "refused_oaep", 0 },
	[COUNT_REFUSED_DIGEST] = { "refused_digest", 0 },
	[COUNT_REFUSED_REPLAY] = { "refused_replay", 0 },
	[COUNT_REFUSED_PENDING] = { "refused_pending", 0 },
	[COUNT_LATER_FULL] = { "later_pending_full", 0 },
	[COUNT_LATER_NO_KEY] = { "later_no_key", 0 },
	[COUNT_LATER_DATES] = { "later_key_not_valid", 0 },
	[COUNT_COMMITTED] = { "digests_committed", 0 },
	[COUNT_COMMIT_REFUSED] = { "commits_refused", 0 },
	[COUNT_COMMIT_LATER] = { "commits_later", 0 },
	[COUNT_CERTIFIED] = { "certificates", 0 },
	[COUNT_SIGNED] = { "descriptors_signed", 0 },
	[COUNT_KEEPER_REFUSED] = { "keeper_refused", 0 },
	[COUNT_CLOCK_DOUBT] = { "clock_doubt_seconds", 0 },
};

static struct peer **
peer_place(const struct peer *p)
{
	size_t i = 0;

	while (i < NPEERS - 1 && front.peer[i] != p)
		i++;
	return &front.peer[i];
}

static void
peer_opened(struct ipc_conn *c)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		fatal("peer_opened");
	p->conn = c;
	p->serial = ++front.serial;
	ipc_set_arg(c, p);
	*peer_place(NULL) = p;
}

static void
peer_closed(struct ipc_conn *c, void *arg)
{
	struct peer *p = arg;

	(void)c;
	jobs_forget(p);
	commit_forget(p);
	forward_forget(p);
	pending_forget(front.pending, p->serial);
	*peer_place(p) = NULL;
	freezero(p, sizeof(*p));
}

/* Which verbs a role may use: the socket is the authority. */
static const struct ipc_verb mixer_verbs[] = {
	{ V_DECRYPT, sizeof(struct decrypt_req), DECRYPT_MAX * sizeof(struct decrypt_req),
	    decrypt_ask },
	{ V_COMMIT, sizeof(struct commit_req), sizeof(struct commit_req), commit_ask },
	{ V_WHOAMI, 0, 0, forward_whoami },
	{ 0, 0, 0, NULL },
};
static const struct ipc_verb mmtpd_verbs[] = {
	{ V_CERTIFY, sizeof(struct certify_req) + 1, sizeof(struct certify_req) + CERTIFY_SPKI_MAX,
	    forward_certify },
	{ V_WHOAMI, 0, 0, forward_whoami },
	{ 0, 0, 0, NULL },
};
static const struct ipc_verb dirsync_verbs[] = {
	{ V_KEYSETS, 0, 0, forward_keysets },
	{ V_SIGN, sizeof(struct sign_req) + 1, sizeof(struct sign_req) + SIGN_TEXT_MAX,
	    forward_sign },
	{ V_WHOAMI, 0, 0, forward_whoami },
	{ 0, 0, 0, NULL },
};

static const struct {
	const char *name;
	const struct ipc_verb *verbs;
} roles[] = {
	{ SOCK_KEYD_MIXER, mixer_verbs },
	{ SOCK_KEYD_MMTPD, mmtpd_verbs },
	{ SOCK_KEYD_DIRSYNC, dirsync_verbs },
};
#define NROLES (sizeof(roles) / sizeof(roles[0]))

static int role_fd[NROLES];

static void
take_sockets(void)
{
	for (size_t i = 0; i < NROLES; i++)
		if ((role_fd[i] = daemon_socket(roles[i].name, 0)) == -1)
			fatal_permanent("no socket \"%s\" was passed in: start keyd by systemd or "
					"mixminiond",
			    roles[i].name);
}

void
front_ready(void)
{
	if (front.served)
		return;
	front.served = 1;
	for (size_t i = 0; i < NROLES; i++)
		ipc_listen(front.d->loop, role_fd[i], roles[i].name, roles[i].verbs, PEERS_MAX,
		    peer_opened, peer_closed);
	daemon_ready(front.d);
}

static void
each_round(void *arg)
{
	(void)arg;
	jobs_hand_out();
	for (size_t i = 0; i < NPEERS; i++)
		if (front.peer[i] != NULL)
			decrypt_flush(front.peer[i]);
	commit_round();
}

static int
reload(struct daemon *d, struct server_conf *fresh, struct errmsg *e)
{
	if (strcmp(d->conf->key_dir, fresh->key_dir) != 0 ||
	    strcmp(d->conf->work_dir, fresh->work_dir) != 0)
		return err_set(e, "KeyDir and WorkDir cannot change while keyd runs");
	if (strcmp(d->conf->nickname, fresh->nickname) != 0)
		return err_set(e, "Nickname cannot change while keyd runs");
	if (d->conf->encrypt_identity_key != fresh->encrypt_identity_key ||
	    d->conf->encrypt_private_key != fresh->encrypt_private_key)
		return err_set(e,
		    "EncryptIdentityKey and EncryptPrivateKey cannot change while keyd runs");
	forward_conf(fresh);
	return 0;
}

static int
confirm_clock(struct daemon *d, struct errmsg *e)
{
	(void)d;
	err_set(e, "keys are made and deleted by the clock as it is");
	forward_confirm();
	return 0;
}

static int
open_replay_dir(const char *work_dir, char **path)
{
	if (asprintf(path, "%s/replay", work_dir) == -1)
		fatal("asprintf");
	return daemon_opendir(*path);
}

void
front_run(struct daemon *d, const struct front_fds *fds)
{
	struct sandbox_path paths[1] = { { NULL, SB_READ | SB_WRITE } };
	char *replay_dir;
	int replay_fd;

	front.d = d;
	front.pending = pending_new(PENDING_MAX, &rng_system);
	take_sockets();
	replay_fd = open_replay_dir(d->conf->work_dir, &replay_dir);
	logs_init(replay_fd);
	orphans_list(replay_fd);
	decrypt_init(front.pending);
	commit_init(front.pending);
	jobs_init(d->loop, fds, decrypt_done);
	forward_init(d, fds->keeper);
	logrelay_serve(d->loop);
	loop_each(d->loop, each_round, NULL);
	d->counters = keyd_counters;
	d->reload = reload;
	d->confirm_clock = confirm_clock;
	daemon_control(d);
	paths[0].path = replay_dir;
	daemon_confine(d, ROLE_KEYD_FRONT, paths, 1);
	free(replay_dir);
	loop_run(d->loop);
	daemon_log_counters(d);
}
