/*
 * A connection of deliverd's and the one program that may be running for it. The message goes into
 * a file without a name, which becomes the program's standard input.
 */
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "crypto.h"
#include "deliverd-run.h"

#define MAX_PEERS 32 /* more than deliverd has exit types */

struct job {
	LIST_ENTRY(job) entry;
	struct ipc_conn *c; /* NULL: deliverd hung up, the program is being ended */
	struct run_req req; /* text_len 0 and file -1: nothing is asked */
	uint32_t id; /* of the record that is not answered yet */
	uint16_t verb;
	struct buf facts;
	uint32_t got; /* octets of the text that came */
	int file;
	pid_t pid; /* 0: none runs */
	int timed_out;
	struct loop_timer *timer;
};

static struct {
	struct daemon *d;
	struct run_commands commands;
	struct run_limits limits;
	LIST_HEAD(, job) jobs;
} me;

static void
say_count(enum run_count c)
{
	run_counters[c].n++;
}

static int
answer(struct job *j, enum ipc_status status)
{
	struct status_rep rep = { .status = status };

	return ipc_send(j->c, j->verb, j->id, &rep, sizeof(rep));
}

/* Ready for the next request. */
static void
forget(struct job *j)
{
	if (j->file != -1)
		close(j->file);
	j->file = -1;
	buf_wipe(&j->facts);
	j->got = 0;
	j->pid = 0;
	j->timed_out = 0;
	loop_timer_set(j->timer, -1);
}

static int
finish(struct job *j, enum ipc_status status)
{
	forget(j);
	return answer(j, status);
}

static struct run_command *
command_of(const struct job *j)
{
	return commands_find(&me.commands, j->req.what, j->req.rtype);
}

/* --- how it ended --- */

/*
 * Only what is the fault of the message itself is for ever: an operator's mistake must not cost
 * anybody's mail.
 */
static enum ipc_status
verdict(int how)
{
	if (!WIFEXITED(how))
		return ST_LATER;
	switch (WEXITSTATUS(how)) {
	case EX_OK: return ST_OK;
	case EX_DATAERR:
	case EX_NOUSER:
	case EX_NOHOST: return ST_FAIL;
	default: return ST_LATER;
	}
}

static void
say_trouble(const struct job *j, int how)
{
	struct run_command *cmd = command_of(j);
	const char *option;

	if (cmd == NULL || !log_once(&cmd->trouble))
		return;
	option = cmd->option;
	if (j->timed_out)
		log_warnx("%s: the program took longer than CommandTimeout and was ended; "
			  "messages for it wait", option);
	else if (WIFSIGNALED(how))
		log_warnx("%s: the program was killed by signal %d; messages for it wait", option,
		    WTERMSIG(how));
	else
		log_warnx("%s: the program ended with status %d; messages for it wait", option,
		    WEXITSTATUS(how));
}

static void
job_ended(struct job *j, int how)
{
	static const enum run_count counts[] = { [ST_OK] = RC_DONE, [ST_FAIL] = RC_REFUSED,
		[ST_LATER] = RC_LATER };
	enum ipc_status status = verdict(how);

	if (j->c == NULL) {
		forget(j);
		LIST_REMOVE(j, entry);
		loop_timer_free(j->timer);
		free(j);
		return;
	}
	say_count(counts[status]);
	if (status == ST_LATER)
		say_trouble(j, how);
	else if (command_of(j) != NULL)
		log_again(&command_of(j)->trouble);
	finish(j, status);
}

static void
reap(int signo, void *arg)
{
	struct job *j, *next;
	siginfo_t si;
	int how;

	(void)signo;
	(void)arg;
	for (;;) {
		/* What it left behind ends first: once it is reaped the group may be another's. */
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == -1 || si.si_pid == 0)
			return;
		kill(-si.si_pid, SIGKILL);
		if (waitpid(si.si_pid, &how, 0) == -1)
			return;
		for (j = LIST_FIRST(&me.jobs); j != NULL; j = next) {
			next = LIST_NEXT(j, entry);
			if (j->pid == si.si_pid)
				job_ended(j, how);
		}
	}
}

static void
on_timeout(void *arg)
{
	struct job *j = arg;

	if (j->pid == 0)
		return;
	if (!j->timed_out)
		say_count(RC_TIMEOUTS);
	j->timed_out = 1;
	kill(-j->pid, SIGKILL);
}

/* --- running --- */

static int
start(struct job *j)
{
	struct run_command *cmd = command_of(j); /* a reload may have taken it away */
	char *path = cmd != NULL ? command_find(&cmd->c, cmd->dirs) : NULL, **env;

	if (path == NULL) {
		if (cmd != NULL && log_once(&cmd->trouble))
			log_warn("%s: %s; messages for it wait", cmd->option, cmd->c.word[0]);
		return finish(j, ST_LATER);
	}
	env = facts_environment((char *)j->facts.p, j->facts.len);
	j->pid = child_start(path, cmd->c.word, env, j->file, &me.limits);
	free(env);
	free(path);
	if (j->pid == -1) {
		j->pid = 0;
		log_warn("fork");
		return finish(j, ST_LATER);
	}
	say_count(RC_RUNS);
	loop_timer_set(j->timer, me.limits.seconds * 1000);
	return 0;
}

/* --- requests --- */

static int
known(const struct run_req *r)
{
	return r->what < RUN_WHAT_COUNT && r->rtype <= UINT16_MAX &&
	    r->facts_len <= RUN_FACTS_MAX && r->facts_len <= r->text_len &&
	    r->text_len <= RUN_TEXT_MAX;
}

static int
do_run(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct job *j = ipc_arg(c);

	if (j->pid != 0 || j->file != -1) {
		log_warnx("deliverd asks before its last question was answered");
		return -1;
	}
	memcpy(&j->req, body, len);
	if (!known(&j->req)) {
		log_warnx("deliverd asks for what cannot be");
		return -1;
	}
	j->id = id;
	j->verb = V_RUN;
	if (commands_find(&me.commands, j->req.what, j->req.rtype) == NULL) {
		say_count(RC_UNKNOWN);
		return answer(j, ST_LATER);
	}
	if ((j->file = memfd_create("message", MFD_CLOEXEC)) == -1) {
		log_warn("memfd");
		return answer(j, ST_LATER);
	}
	return j->req.text_len == 0 ? start(j) : answer(j, ST_OK);
}

/* Facts first; 0 or -1 with errno. */
static int
take_text(struct job *j, const uint8_t *p, size_t len)
{
	size_t facts = j->req.facts_len - j->facts.len, n = len < facts ? len : facts;

	if (n > 0)
		buf_put(&j->facts, p, n);
	p += n;
	len -= n;
	return len == 0 || write(j->file, p, len) == (ssize_t)len ? 0 : -1;
}

static int
do_text(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct job *j = ipc_arg(c);

	if (j->pid != 0 || j->file == -1 || len > j->req.text_len - j->got) {
		log_warnx("deliverd sends a text that nobody asked for");
		return -1;
	}
	j->id = id;
	j->verb = V_RUN_TEXT;
	j->got += (uint32_t)len;
	if (take_text(j, body, len) == -1) {
		log_warn("a message cannot be kept in memory");
		return finish(j, ST_LATER);
	}
	if (j->got < j->req.text_len)
		return answer(j, ST_OK);
	if (!facts_ok((char *)j->facts.p, j->facts.len)) {
		log_warnx("deliverd sends facts that cannot be");
		return -1;
	}
	return start(j);
}

static const struct ipc_verb verbs[] = {
	{ V_RUN, sizeof(struct run_req), sizeof(struct run_req), do_run },
	{ V_RUN_TEXT, 1, IPC_MAX_BODY, do_text },
	{ 0, 0, 0, NULL },
};

static void
opened(struct ipc_conn *c)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		fatal("job");
	j->c = c;
	j->file = -1;
	j->timer = loop_timer(me.d->loop, on_timeout, j);
	LIST_INSERT_HEAD(&me.jobs, j, entry);
	ipc_set_arg(c, j);
}

/* What runs for nobody is ended: deliverd will ask again. */
static void
closed(struct ipc_conn *c, void *arg)
{
	struct job *j = arg;

	(void)c;
	j->c = NULL;
	if (j->pid != 0) {
		kill(-j->pid, SIGKILL);
		return;
	}
	forget(j);
	LIST_REMOVE(j, entry);
	loop_timer_free(j->timer);
	free(j);
}

void
jobs_init(struct daemon *d)
{
	me.d = d;
	LIST_INIT(&me.jobs);
}

int
jobs_configure(const struct server_conf *c, struct errmsg *e)
{
	struct run_commands fresh;

	if (commands_read(&fresh, c, e) == -1) {
		commands_free(&fresh);
		return -1;
	}
	commands_free(&me.commands);
	me.commands = fresh;
	me.limits = (struct run_limits){ .seconds = c->command_timeout,
		.memory = c->command_memory, .processes = !me.d->one_uid,
		.talk = c->log_level <= LOGL_DEBUG };
	commands_check(&me.commands);
	return 0;
}

void
jobs_serve(struct daemon *d, int fd)
{
	loop_signal(d->loop, SIGCHLD, reap, NULL);
	ipc_listen(d->loop, fd, "deliverd", verbs, MAX_PEERS, opened, closed);
}

void
jobs_end(void)
{
	struct job *j;

	LIST_FOREACH(j, &me.jobs, entry)
		if (j->pid != 0)
			kill(-j->pid, SIGKILL);
	commands_free(&me.commands);
}
