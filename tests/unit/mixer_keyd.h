/*
 * For the tests of mixer: its intake in a child process, and a stand-in for keyd that can be told
 * to answer, to kill mixer or to hang up at each step.
 */
#ifndef TESTS_UNIT_MIXER_KEYD_H
#define TESTS_UNIT_MIXER_KEYD_H

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

#include "ipc.h"
#include "mixer/intake.h"
#include "mixer/stats.h"
#include "mixer_world.h"

/* --- mixer's side, in the child --- */

/* What the child tells. */
struct told {
	_Atomic uint64_t started; /* start-up is over */
	_Atomic uint64_t in_incoming; /* when it was: files there */
	_Atomic uint64_t ready; /* names that a batch may take */
	_Atomic uint64_t stats[STAT_COUNT];
};
static struct told *told;

struct node {
	struct mixpools pools;
	struct intake *intake;
};

static inline void
node_started(void *arg)
{
	(void)arg;
	told->in_incoming = w_count("incoming", "msg_") + w_count("incoming/own", "msg_");
	told->started = 1;
}

static inline void
node_turn(void *arg)
{
	struct node *n = arg;

	intake_turn(n->intake);
	for (int i = 0; i < STAT_COUNT; i++)
		told->stats[i] = mixer_stats[i].n;
	told->ready = namelist_len(&n->pools.ready);
}

static inline void
open_pools(struct mixpools *p)
{
	struct pool *each[] = { &p->incoming, &p->own, &p->mix, &p->outgoing, &p->deliver };
	char *path;
	int fd;

	for (size_t i = 0; i < 5; i++) {
		path = w_path(w_subdirs[i], "");
		if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
			w_die(path);
		pool_init(each[i], w_subdirs[i], fd, 0600);
		free(path);
	}
}

static inline void __attribute__((noreturn))
run_node(int fd, const char *keyd_path)
{
	static struct node n;
	struct loop *l = loop_new();
	struct errmsg e;

	open_pools(&n.pools);
	if (names_secret(n.pools.secret, n.pools.own.dirfd, &rng_system, &e) == -1)
		fatalx("%s", e.s);
	n.intake = intake_new(l, &n.pools, arrivals_new(l, &n.pools), fd, keyd_path,
	    node_started, &n);
	loop_each(l, node_turn, &n);
	node_turn(&n);
	loop_run(l);
	exit(0);
}

/* --- keyd's side, in the test --- */

#define MAX_DIGESTS 512

enum step { BEFORE_DECRYPT, AFTER_DECRYPT, BEFORE_COMMIT, COMMIT_DONE, AFTER_COMMIT };

struct keyd {
	pid_t mixer;
	int fd, listener;
	uint8_t done[MAX_DIGESTS][HASH_LEN], pending[MAX_DIGESTS][HASH_LEN];
	size_t ndone, npending, most_pending, decrypts, commits;
	uint64_t first_cookie; /* of pending[0] */
	int stray; /* COMMIT named what was not pending */
	unsigned later; /* as many DECRYPTs, then as many COMMITs, are answered ST_LATER */
	unsigned steps, kill_at, close_at; /* 0: never */
	int closed;
};
static struct keyd k;

/* Counts the step; 1 if the story ends here. */
static inline int
step(enum step s)
{
	k.steps++;
	if (k.steps == k.kill_at) {
		/* What was answered is acted on first, so that each kill finds another state. */
		if (s == AFTER_DECRYPT)
			poll(NULL, 0, 5);
		kill(k.mixer, SIGKILL);
		return 1;
	}
	if (k.steps == k.close_at) {
		close(k.fd);
		k.fd = -1;
		k.npending = 0;
		k.first_cookie += 100000;
		k.closed = 1;
		return 1;
	}
	return 0;
}

static inline int
known(const uint8_t x[HASH_LEN])
{
	for (size_t i = 0; i < k.ndone; i++)
		if (memcmp(k.done[i], x, HASH_LEN) == 0)
			return 1;
	for (size_t i = 0; i < k.npending; i++)
		if (memcmp(k.pending[i], x, HASH_LEN) == 0)
			return 1;
	return 0;
}

static inline void
answer(uint16_t type, uint32_t id, const void *body, size_t len)
{
	struct {
		struct ipc_hdr h;
		uint8_t body[sizeof(struct decrypt_rep)];
	} rec = { .h = { .type = type, .id = id } };

	memcpy(rec.body, body, len);
	(void)send(k.fd, &rec, sizeof(rec.h) + len, MSG_NOSIGNAL);
}

static inline uint32_t
decrypt(const struct decrypt_req *req, struct decrypt_rep *rep)
{
	uint8_t block[RSA_MAX_LEN];
	struct subheader sh;
	size_t len;

	if (rsakey_decrypt(w_key, req->block, block, &len) == -1 || len != PK_MAX_DATA_LEN)
		return ST_FAIL;
	subheader_parse(&sh, block);
	subheader_replay_digest(&sh, rep->replay);
	if (memcmp(sh.digest, req->digest, HASH_LEN) != 0 || known(rep->replay))
		return ST_FAIL;
	if (k.later > 0 && k.later--)
		return ST_LATER;
	memcpy(rep->plain, block, PK_MAX_DATA_LEN);
	rep->cookie = k.first_cookie + k.npending;
	memcpy(k.pending[k.npending++], rep->replay, HASH_LEN);
	k.decrypts++;
	return ST_OK;
}

/* 1 if the story ends here. */
static inline int
handle_decrypt(const struct decrypt_req *req)
{
	struct decrypt_rep rep = { .tag = req->tag };

	if (step(BEFORE_DECRYPT))
		return 1;
	rep.status = decrypt(req, &rep);
	if (rep.status != ST_OK)
		memset(rep.plain, 0, sizeof(rep.plain));
	if (k.decrypts - k.ndone > k.most_pending)
		k.most_pending = k.decrypts - k.ndone;
	answer(V_DECRYPT, 0, &rep, sizeof(rep));
	return step(AFTER_DECRYPT);
}

static inline void
handle_commit(uint32_t id, const struct commit_req *req)
{
	struct status_rep rep = { ST_OK };
	uint64_t i;

	if (step(BEFORE_COMMIT))
		return;
	for (uint32_t c = 0; c < req->n; c++) {
		i = req->cookie[c] - k.first_cookie;
		if (i >= k.npending)
			k.stray = 1;
		else if (k.later == 0)
			memcpy(k.done[k.ndone++], k.pending[i], HASH_LEN);
	}
	if (k.later > 0 && k.later--)
		rep.status = ST_LATER;
	k.commits++;
	if (step(COMMIT_DONE))
		return;
	answer(V_COMMIT, id, &rep, sizeof(rep));
	step(AFTER_COMMIT);
}

/* One question, if one comes. */
static inline void
serve(void)
{
	struct {
		struct ipc_hdr h;
		union {
			struct decrypt_req decrypt[DECRYPT_MAX];
			struct commit_req commit;
		} u;
	} rec;
	struct pollfd p = { k.fd != -1 ? k.fd : k.listener, POLLIN, 0 };
	ssize_t len;

	if (poll(&p, 1, 5) != 1)
		return;
	if (k.fd == -1) {
		k.fd = accept(k.listener, NULL, NULL);
		return;
	}
	if ((len = recv(k.fd, &rec, sizeof(rec), 0)) <= (ssize_t)sizeof(rec.h))
		return;
	if (rec.h.type == V_DECRYPT) {
		size_t n = ((size_t)len - sizeof(rec.h)) / sizeof(rec.u.decrypt[0]);

		for (size_t i = 0; i < n; i++)
			if (handle_decrypt(&rec.u.decrypt[i]))
				return;
	} else if (rec.h.type == V_COMMIT)
		handle_commit(rec.h.id, &rec.u.commit);
}

static inline void
start_with_limit(const char *keyd_path, rlim_t fsize)
{
	struct rlimit lim = { fsize, RLIM_INFINITY };
	int sv[2];

	memset(told, 0, sizeof(*told));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		w_die("socketpair");
	fflush(stdout);
	k.mixer = fork();
	if (k.mixer == 0) {
		close(sv[1]);
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &lim);
		log_init("mixer", LOGL_FATAL);
		run_node(sv[0], keyd_path);
	}
	close(sv[0]);
	k.fd = sv[1];
	k.npending = 0;
	k.first_cookie += 100000;
}

static inline void
start(const char *keyd_path)
{
	start_with_limit(keyd_path, RLIM_INFINITY);
}

static inline void
stop(void)
{
	kill(k.mixer, SIGKILL);
	waitpid(k.mixer, NULL, 0);
	close(k.fd);
}

static inline void
begin(void)
{
	w_begin();
	memset(&k, 0, sizeof(k));
	k.fd = k.listener = -1;
	if (told == NULL)
		told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
}

#endif
