/*
 * The control command, and the supervisor where systemd is not used: what its files share.
 */
#ifndef MIXMINIOND_MIXMINIOND_H
#define MIXMINIOND_MIXMINIOND_H

#include <sys/types.h>

#include "bytes.h"
#include "conf.h"
#include "options.h"

#define EXIT_USAGE     64
#define EXIT_PERMANENT 100
#define EXIT_AGAIN     111

/* In the order in which they are started; they are stopped in the reverse one. */
enum proc_id { P_KEYD, P_DIRSYNC, P_MIXER, P_RUN, P_DELIVERD, P_MMTPD, P_COUNT };
extern const char *const proc_names[P_COUNT];
/* 1 if a node of this configuration has this process: deliverd-run only where it has commands. */
int proc_wanted(const struct server_conf *c, enum proc_id p);

/* --- owners.c: who owns what. As an ordinary user everybody is that user --- */

/* Pool directories between two processes have a group of their own. */
enum edge { EDGE_IN, EDGE_OUT, EDGE_DEL, EDGE_COUNT };

struct owners {
	int many; /* root: a uid a process */
	uid_t uid[P_COUNT];
	gid_t gid[P_COUNT];
	gid_t group[EDGE_COUNT + 1]; /* the last: of the control sockets */
};

/* As root: numbers from base on; base 0: the package's users, or numbers where there are none. */
void owners_init(struct owners *o, uid_t base);
uid_t owners_uid(const struct owners *o, enum proc_id p);
gid_t owners_gid(const struct owners *o, enum proc_id p);
gid_t owners_edge(const struct owners *o, enum edge e);
gid_t owners_control(const struct owners *o);
/* Supplementary groups of a process; returns how many. */
size_t owners_groups(const struct owners *o, enum proc_id p, gid_t groups[3]);
/* For a child about to run p: groups, gid, uid, all verified; fatal if it does not work. */
void owners_become(const struct owners *o, enum proc_id p);

/* --- tree.c --- */

/* Makes what is missing below BaseDir and sets owners and modes; fatal with what to do. */
void tree_make(const struct server_conf *c, const struct owners *o);
/* For upgrade: a home of the reference's version before the last is one of the last from now on. */
void tree_upgrade(const struct server_conf *c);
/* BaseDir alone, where the pid file lies. */
void tree_make_base(const struct server_conf *c, const struct owners *o);

/* --- paranoia.c --- */

/* FileParanoia: nobody else may change what leads to BaseDir. Fatal if someone may. */
void paranoia_check(const struct server_conf *c);
/* The same, but -1 with the reason. */
int paranoia_fault(const struct server_conf *c, struct errmsg *e);
/* 1 if everybody may pass all directories that lead to path (as uids of their own must). */
int paranoia_reachable(const char *path, char *culprit, size_t size);

/* --- leftovers.c --- */

/* Says where the reference implementation left packets or replay logs that we cannot read. */
void leftovers_report(const struct server_conf *c);

/* --- pidfile.c --- */

/* Creates and locks it, fatal if it is locked; pidfile_record writes the id of this process. */
int pidfile_lock(const char *path);
void pidfile_record(int fd);
/* The process that holds the lock; 0 if none does; -1 with errno. */
pid_t pidfile_holder(const char *path);

/* --- sockets.c --- */

#define MAX_SOCKETS 16
struct sockets {
	size_t n;
	struct passed {
		enum proc_id to;
		const char *name;
		int fd;
	} s[MAX_SOCKETS];
	int notify; /* where READY=1 arrives */
	char notify_path[108];
};

void sockets_make(struct sockets *s, const struct server_conf *c, const struct owners *o);
void sockets_remove(const struct sockets *s, const struct server_conf *c);

/* --- spawn.c --- */

enum keyd_job { KEYD_SERVES, KEYD_MAKES, KEYD_DELETES };

struct spawn {
	struct server_conf *conf;
	const struct options *opt;
	const struct owners *owners;
	const struct sockets *sockets;
	const struct buf *text; /* of the configuration where there is no file yet, else NULL */
	enum keyd_job job; /* of keyd alone, which then ends; KEYD_SERVES: none */
	char *program[P_COUNT];
};

/* Finds the programs; fatal if one is missing. */
void spawn_init(struct spawn *s);
pid_t spawn_process(const struct spawn *s, enum proc_id p);
/* Runs keyd, with its job set, to its end; its exit status. */
int spawn_keys(const struct spawn *s);
/* Opens LogFile, or LogFile.PROCESS for a process; -1 with errno. p P_COUNT is the supervisor. */
int spawn_open_log(const struct server_conf *c, enum proc_id p);

/* --- passphrase.c --- */

/*
 * Where the configuration wants encrypted keys, or there are some: takes their passphrase from fd,
 * or asks for it (-1). 1 if there is one now; fatal if there should be and is not.
 */
int passphrase_get(const struct server_conf *c, int fd);
/* After the last fork that shall have it: children get none of its memory from now on. */
void passphrase_settle(void);
/* A pipe to read it from, for one child; -1 if there is none. */
int passphrase_pipe(void);

/* --- ask.c: the daemons' control sockets --- */

/* Appends what p answers to STATS or QUEUE; -1 with errno if it does not answer. */
int ask_text(const struct server_conf *c, enum proc_id p, int verb, struct buf *out);
/* A verb without a body that is answered by a status and a line: 0 or -1, said is the line. */
int ask_order(const struct server_conf *c, enum proc_id p, int verb, struct errmsg *said);
/*
 * RELOAD with the text of the file for all; 0. -1 if one of them refused (said in the log): then
 * the others have gone back.
 */
int ask_reload(const struct server_conf *c, const struct buf *text);
/* LOGREOPEN, with new log files, for all. */
void ask_reopen_logs(const struct server_conf *c);
/* The whole of the configuration file; -1 with a reason. */
int ask_read_conf(const char *path, struct buf *text, struct errmsg *e);

/* --- supervise.c --- */

/*
 * Starts the five, and keeps them up until told to stop. started is called once when all are ready.
 * Returns the exit status. s->conf is replaced and freed when it is reloaded.
 */
int supervise(struct spawn *s, void (*started)(void *arg), void *arg);

/* --- the commands --- */

int command_start(int argc, char **argv);
int command_stop(int argc, char **argv);
int command_reload(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_republish(int argc, char **argv);
int command_confirm_clock(int argc, char **argv);
int command_queue(int argc, char **argv);
int command_delkeys(int argc, char **argv);
int command_upgrade(int argc, char **argv);
int command_collect(int argc, char **argv);
int command_check_conf(int argc, char **argv);
int command_init(int argc, char **argv);
int command_doctor(int argc, char **argv);
/* What start does to the disk: the tree, and the pid file, whose lock is returned. */
int prepare_tree(const struct server_conf *c, const struct owners *o);
/* The file that is given, or else found; says that there is none and exits. Caller frees. */
char *conf_path(const char *given);
/* Loads the configuration of -f or of the search path; says the first fault and exits. */
struct server_conf *load_conf(const char *given);
/*
 * For a command that takes -f FILE and -Q: its configuration; what else it was told is in o (NULL:
 * nothing). NULL if the usage is wrong.
 */
struct server_conf *conf_of_options(int argc, char **argv, struct options *o);

#endif
