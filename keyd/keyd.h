/*
 * What the three kinds of keyd's processes share: the front (role sockets, replay logs, the
 * pending table), a worker a core (RSA alone) and the keeper (the keys' files and the identity).
 */
#ifndef KEYD_KEYD_H
#define KEYD_KEYD_H

#include "daemon.h"
#include "proto.h"

#define NSETS_MAX   4096 /* more directories than that in KeyDir, and nothing is tidied up */
#define LIVE_MAX    8 /* key sets in use at once: lifetimes of a day, an overlap of three */
#define WORKERS_MAX 64

/*
 * Records inside keyd. Between front and keeper run these and, with their bodies as they came,
 * the verbs CERTIFY, KEYSETS and SIGN; the id names the asker.
 */
enum inside {
	K_HELLO = 100, /* keeper -> front: struct whoami_rep */
	K_SETS, /* keeper -> front: the numbers (uint32_t) of all key sets, good or bad: at start */
	K_LIVE, /* keeper -> front: struct live: open their replay logs */
	K_OPENED, /* front -> keeper: struct live: those whose log is open */
	K_READY, /* keeper -> front: struct live: the workers have these, and no others */
	K_DROP, /* keeper -> front: struct live: deleted, their logs go too */
	K_CONF, /* front -> keeper: struct keeper_conf */
	K_CONFIRM, /* front -> keeper: the clock is right */
	K_CLOCK, /* keeper -> front: by how many seconds it is in doubt (int64_t); 0: it is not */
	W_KEYS, /* keeper -> worker: number, length (32 bits each), PKCS#1 of each key */
	W_JOBS, /* front -> worker: some struct job */
	W_DONE /* worker -> front: as many struct done */
};

/* Key sets, and the seconds from which and up to which each takes packets. */
struct live {
	uint32_t n;
	uint32_t number[LIVE_MAX];
	uint32_t pad;
	int64_t from[LIVE_MAX], until[LIVE_MAX];
};

/* What the keeper has to know of the configuration. */
struct keeper_conf {
	char nickname[MAX_NICKNAME + 1];
	uint32_t identity_bits;
	int64_t lifetime; /* of a packet key, seconds */
	int64_t overlap;
	int32_t legacy_tls;
	int32_t log_level;
};

/* Requests go to workers by the handful: a system call for each would be felt. */
#define JOBS_A_RECORD 32
struct job {
	uint32_t slot;
	uint8_t block[PK_ENC_LEN];
};
struct done {
	uint32_t slot;
	uint32_t number; /* the key set that opened it, 0: none */
	uint8_t plain[PK_MAX_DATA_LEN];
	uint8_t pad[2];
};

/* The descriptors that a process is left with after the forks. */
struct keeper_fds {
	int front;
	int passphrase; /* -1: there is none */
	int worker[WORKERS_MAX];
	unsigned nworkers;
};
struct front_fds {
	int keeper;
	int worker[WORKERS_MAX];
	unsigned nworkers;
};

/* Each runs its process to the end. */
void front_run(struct daemon *d, const struct front_fds *fds);
void keeper_run(struct daemon *d, const struct keeper_fds *fds) __attribute__((noreturn));
void worker_run(struct daemon *d, int front, int keeper) __attribute__((noreturn));

/* -k: makes what keys are missing, says the identity's fingerprint, and exits. */
void make_keys(struct daemon *d, int passphrase) __attribute__((noreturn));

/* -D: deletes all packet keys with their replay logs, says how many, and exits. */
void delete_keys(struct daemon *d) __attribute__((noreturn));

/*
 * Makes the pairs, forks the keeper and the workers, and returns in the front. The keeper alone
 * keeps the descriptor of the passphrase.
 */
void spawn_all(struct daemon *d, struct front_fds *fds, int passphrase);
/* One of them ended, which ends keyd: says so, and exits with 100 where that one did, else 111. */
void spawn_ended(const char *which) __attribute__((noreturn));

void keeper_conf_from(struct keeper_conf *kc, const struct server_conf *c);

/* Statistics, kept by the front. */
enum count_of {
	COUNT_DECRYPT_OK,
	COUNT_REFUSED_OAEP,
	COUNT_REFUSED_DIGEST,
	COUNT_REFUSED_REPLAY,
	COUNT_REFUSED_PENDING,
	COUNT_LATER_FULL,
	COUNT_LATER_NO_KEY,
	COUNT_LATER_DATES,
	COUNT_COMMITTED,
	COUNT_COMMIT_REFUSED,
	COUNT_COMMIT_LATER,
	COUNT_CERTIFIED,
	COUNT_SIGNED,
	COUNT_KEEPER_REFUSED,
	COUNT_CLOCK_DOUBT,
	NCOUNTS
};
extern struct counter keyd_counters[NCOUNTS + 1];

static inline void
count(enum count_of s)
{
	keyd_counters[s].n++;
}

#endif
