/*
 * What the files of dird share: the processes, their owners, how each starts.
 */
#ifndef DIRD_DIRD_H
#define DIRD_DIRD_H

#include <sys/types.h>

#include "daemon.h"
#include "dconf.h"

#define EXIT_USAGE     64
#define EXIT_PERMANENT 100
#define EXIT_AGAIN     111

/* In the order in which they are started. */
enum dproc { DP_SIGN, DP_FETCH, DP_CORE, DP_HTTP, DP_COUNT };
extern const char *const dproc_names[DP_COUNT]; /* "dird-sign", ... */

/* --- role.c --- */

struct dird_role {
	struct daemon d; /* without its conf */
	struct dird_conf *conf;
	int passphrase; /* -p: a descriptor; -1 */
};

/*
 * Options -f FILE, -n, -s DIR, -1, -U, -l LEVEL, -p FD, -h; log, configuration, sockets, crypto,
 * loop, signals. Exits by itself where that is the end.
 */
void role_init(struct dird_role *r, const char *name, int argc, char **argv, const char *usage);
/* Milliseconds since 1970; shifted as daemon_now is in test builds. */
int64_t role_now_ms(void);

int role_core(int argc, char **argv);
int role_sign(int argc, char **argv);
int role_fetch(int argc, char **argv);
int role_http(int argc, char **argv);

/* --- owners.c: who owns what. As an ordinary user everybody is that user --- */

struct downers {
	int many; /* root: a uid a process */
	uid_t uid[DP_COUNT];
	gid_t gid[DP_COUNT];
	gid_t control; /* of the control socket */
};

/* As root: numbers from base on; base 0: the package's users, or numbers where there are none. */
void downers_init(struct downers *o, uid_t base);
/* For a child about to run p: fatal if it does not work. */
void downers_become(const struct downers *o, enum dproc p);
/* Makes what is missing below BaseDir and sets owners and modes; fatal with what to do. */
void dtree_make(const struct dird_conf *c, const struct downers *o);

/* --- keys.c --- */

#define IDENTITY_FILE	 "identity.key"
#define FINGERPRINT_FILE "fingerprint" /* in BaseDir, for people */

/* Reads the identity key; NULL with a reason and what to do. passphrase may be NULL. */
struct rsakey *identity_read(int keys, const char *passphrase, struct errmsg *e);
/* Makes one if there is none, and the file of the fingerprint; 1 if it was made. Fatal if not. */
int identity_make(const struct dird_conf *c, const struct downers *o, const char *passphrase);

/* --- the commands --- */

int command_init(int argc, char **argv);
int command_fingerprint(int argc, char **argv);
int command_start(int argc, char **argv);
int command_stop(int argc, char **argv);
/* list, show, approve, reject, ban, remove, status: core is asked. */
int command_ask(int argc, char **argv);
/* Asks the supervisor to read its configuration again, and says what it answered. */
int command_reload(int argc, char **argv);

/* --- tell.c --- */

/* The supervisor's lock, and the descriptor; if another has it fatal, or -1 if wait. */
int pidfile_lock(const char *base_dir, int wait);

/* --- command.c: what they have in common; whatever is wrong is said, and the end --- */

/* The configuration of -f or of the search path. */
struct dird_conf *command_conf(const char *path);
/* A passphrase: from fd, or asked for at the terminal (twice if it is new). Secure memory. */
char *command_passphrase(int fd, int fresh);
long command_number(const char *option, const char *s, long min, long max);
int command_fd(const char *s); /* --passphrase-fd */
uid_t command_uid(const char *s); /* --uid-base */
/* For commands with -f and -h alone, then nothing, or names: the file or NULL. */
const char *command_file(int argc, char **argv, const char *usage);
const char *command_file_names(int argc, char **argv, const char *usage);
/* That no argument follows the options. */
void command_no_more(int argc, char **argv, const char *usage);
void command_show_fault(const char *text);

/* --- reload.c: all of a new configuration, or nothing of it --- */

/*
 * The configuration in the file, if the processes can be started with it: good, with our identity
 * among the authorities, and alike in what was made at the start (folders, sockets). NULL with the
 * reason.
 */
struct dird_conf *reload_check(const struct dird_conf *running, const char *file, struct errmsg *e);

#endif
