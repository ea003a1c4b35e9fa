#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "mixminiond.h"
#include "stats.h"

#define READY_MS       300000 /* keys are made in it */
#define STOP_MS        20000  /* then it is killed */
#define BACKOFF_MIN_MS 100
#ifdef WITH_TEST_HOOKS
#define BACKOFF_MAX_MS 100 /* tests kill more often than the world does */
#else
#define BACKOFF_MAX_MS 60000
#endif
#define STEADY_MS      60000 /* up for so long: the next failure is a first one */

enum state { DOWN, STARTING, UP, WAITING, STOPPING };

struct proc {
	enum proc_id id;
	enum state state;
	pid_t pid;
	int64_t since; /* when it was started */
	int64_t backoff;
	struct loop_timer *timer; /* READY is late, a pause is over, TERM was not enough */
};

static struct spawn *spawner;
static struct loop *loop;
static struct proc procs[P_COUNT];
static struct collector *collector; /* NULL: not all have been ready yet */
static void (*on_started)(void *);
static void *on_started_arg;
static int started; /* all were ready once */
static int stopping;
static int status;
static struct buf in_force; /* text of the configuration; empty: only its file has it */

/*
 * In the one-uid mode these cannot connect again to a process that was restarted: they are
 * restarted with it.
 */
static const struct {
	enum proc_id server, client;
} depends[] = {
	{ P_KEYD, P_DIRSYNC },
	{ P_KEYD, P_MIXER },
	{ P_KEYD, P_MMTPD },
	{ P_DIRSYNC, P_MMTPD },
	{ P_RUN, P_DELIVERD },
};

/*
 * A process that is started again gets what the others work with, not what somebody has begun to
 * write.
 */
static void
choose_conf(void)
{
	struct buf now = { 0 };
	struct errmsg e;
	int same = ask_read_conf(spawner->conf->file, &now, &e) == 0 && now.len == in_force.len &&
		   memcmp(now.p, in_force.p, now.len) == 0;

	spawner->text = same || in_force.len == 0 ? NULL : &in_force;
	buf_free(&now);
}

static void
start_process(struct proc *p)
{
	choose_conf();
	p->pid = spawn_process(spawner, p->id);
	if (p->pid == -1)
		log_warn("%s: fork", proc_names[p->id]);
	p->state = p->pid == -1 ? WAITING : STARTING;
	p->since = loop_now();
	loop_timer_set(p->timer, p->pid == -1 ? BACKOFF_MAX_MS : READY_MS);
}

static void
terminate(struct proc *p)
{
	p->state = STOPPING;
	kill(p->pid, SIGTERM);
	loop_timer_set(p->timer, STOP_MS);
}

/* --- the end: the last one started goes first --- */

static void
stop_next(void)
{
	for (int i = P_COUNT - 1; i >= 0; i--) {
		struct proc *p = &procs[i];
		if (p->state == STOPPING)
			return;
		if (p->state == STARTING || p->state == UP) {
			terminate(p);
			return;
		}
		p->state = DOWN;
		loop_timer_set(p->timer, -1);
	}
	loop_stop(loop);
}

static void
stop_all(int exit_status)
{
	if (stopping)
		return;
	stopping = 1;
	status = exit_status;
	stop_next();
}

/* --- timers --- */

static void
timer_rang(void *arg)
{
	struct proc *p = arg;

	switch (p->state) {
	case WAITING: start_process(p); break;
	case STARTING:
		log_errorx("%s is not ready after %d seconds", proc_names[p->id], READY_MS / 1000);
		if (started)
			terminate(p);
		else
			stop_all(EXIT_AGAIN);
		break;
	case STOPPING:
		log_warnx("%s does not stop: it is killed", proc_names[p->id]);
		kill(p->pid, SIGKILL);
		break;
	default: break;
	}
}

/* --- READY=1 --- */

static void
process_ready(struct proc *p)
{
	if (p->state != STARTING)
		return;
	p->state = UP;
	loop_timer_set(p->timer, -1);
	if (started) {
		log_info("%s is up again", proc_names[p->id]);
		return;
	}
	while (++p < procs + P_COUNT)
		if (proc_wanted(spawner->conf, p->id)) {
			start_process(p);
			return;
		}
	started = 1;
	collector = collector_new(loop, spawner->conf);
	on_started(on_started_arg);
}

/* The sender's process id, which the kernel vouches for; 0 if there is none. */
static pid_t
sender(struct msghdr *msg)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(msg);
	struct ucred cred;

	if (cm == NULL || cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_CREDENTIALS ||
	    cm->cmsg_len != CMSG_LEN(sizeof(cred)))
		return 0;
	memcpy(&cred, CMSG_DATA(cm), sizeof(cred));
	return cred.pid;
}

static void
notified(int fd, short revents, void *arg)
{
	char text[64];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_LEN(sizeof(struct ucred)) };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	pid_t from;

	(void)revents;
	(void)arg;
	if (n <= 0)
		return;
	text[n] = '\0';
	from = sender(&msg);
	for (size_t i = 0; from != 0 && i < P_COUNT; i++)
		if (procs[i].pid == from && strcmp(text, "READY=1") == 0)
			process_ready(&procs[i]);
}

/* --- a process ended --- */

static void
say_how(const struct proc *p, int how)
{
	const char *name = proc_names[p->id];

	if (p->state == STOPPING && (WIFEXITED(how) || WTERMSIG(how) == SIGTERM))
		log_info("%s stopped", name);
	else if (WIFEXITED(how))
		log_warnx("%s ended with status %d", name, WEXITSTATUS(how));
	else if (WTERMSIG(how) == SIGSYS)
		log_errorx(
		    "%s was killed by its sandbox (SIGSYS): its own log names the system call",
		    name);
	else
		log_warnx("%s was killed by signal %d (%s)", name, WTERMSIG(how),
		    strsignal(WTERMSIG(how)));
}

static void
restart_clients(const struct proc *server)
{
	for (size_t i = 0; i < sizeof(depends) / sizeof(depends[0]); i++) {
		struct proc *c = &procs[depends[i].client];
		if (depends[i].server == server->id && (c->state == UP || c->state == STARTING))
			terminate(c);
	}
}

/* What will not change by itself is tried seldom; what was steady is back at once. */
static void
plan_restart(struct proc *p, int permanent)
{
	if (permanent)
		p->backoff = BACKOFF_MAX_MS;
	else if (p->backoff == 0 || loop_now() - p->since > STEADY_MS)
		p->backoff = BACKOFF_MIN_MS;
	else if ((p->backoff *= 2) > BACKOFF_MAX_MS)
		p->backoff = BACKOFF_MAX_MS;
	p->state = WAITING;
	loop_timer_set(p->timer, p->backoff);
}

static void
process_ended(struct proc *p, int how)
{
	int permanent = WIFEXITED(how) && WEXITSTATUS(how) == EXIT_PERMANENT;
	int asked_for = p->state == STOPPING;

	say_how(p, how);
	p->pid = 0;
	p->state = DOWN;
	loop_timer_set(p->timer, -1);
	if (stopping) {
		stop_next();
	} else if (!started) {
		stop_all(permanent ? EXIT_PERMANENT : EXIT_AGAIN);
	} else if (!proc_wanted(spawner->conf, p->id)) {
		return; /* a reload may want it again */
	} else if (asked_for) {
		p->state = WAITING;
		loop_timer_set(p->timer, 0);
	} else {
		plan_restart(p, permanent);
		collector_restarted(collector, p->id);
		if (!spawner->owners->many)
			restart_clients(p);
	}
}

static void
reap(int signo, void *arg)
{
	pid_t pid;
	int how;

	(void)signo;
	(void)arg;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (size_t i = 0; i < P_COUNT; i++)
			if (procs[i].pid == pid)
				process_ended(&procs[i], how);
}

/* --- other signals --- */

static void
asked_to_stop(int signo, void *arg)
{
	(void)signo;
	(void)arg;
	log_info("stopping");
	if (collector != NULL)
		collector_save(collector);
	stop_all(started ? 0 : EXIT_AGAIN);
}

static void
reopen_logs(void)
{
	int fd;

	ask_reopen_logs(spawner->conf);
	if ((fd = spawn_open_log(spawner->conf, P_COUNT)) == -1)
		log_warn("%s", spawner->conf->log_file);
	else if (spawner->opt->daemonize)
		log_reopen(fd);
	else
		log_second(fd);
}

/* A new configuration may want a process that is not there, or one no more. */
static void
start_or_stop_wanted(void)
{
	for (size_t i = 0; i < P_COUNT && started && !stopping; i++) {
		struct proc *p = &procs[i];
		int wanted = proc_wanted(spawner->conf, p->id);

		if (wanted && p->state == DOWN)
			start_process(p);
		else if (!wanted && (p->state == UP || p->state == STARTING))
			terminate(p);
	}
}

static void
adopt(struct server_conf *fresh, struct buf *text)
{
	struct server_conf *old = spawner->conf;

	spawner->conf = fresh;
	if (collector != NULL)
		collector_conf(collector, fresh);
	conf_free(old);
	buf_free(&in_force);
	in_force = *text;
	*text = (struct buf){ 0 };
	if (spawner->opt->severity == -1)
		log_setlevel(fresh->log_level);
	start_or_stop_wanted();
}

/* HUP: everyone's configuration, and the logs. USR1: the command has asked the others already. */
static void
asked_to_reload(int signo, void *arg)
{
	struct errmsg e = { "" };
	struct buf text = { 0 };
	struct server_conf *fresh = NULL;

	(void)arg;
	if (ask_read_conf(spawner->conf->file, &text, &e) == 0)
		fresh = conf_parse(spawner->conf->file, (char *)text.p, text.len, NULL, &e);
	if (fresh == NULL)
		log_warnx("the configuration stays as it was: %s", e.s);
	else if (signo == SIGHUP && ask_reload(spawner->conf, &text) == -1)
		conf_free(fresh);
	else
		adopt(fresh, &text);
	reopen_logs();
	buf_free(&text);
}

static void
prepare_processes(void)
{
	for (enum proc_id id = 0; id < P_COUNT; id++) {
		struct proc *p = &procs[id];
		*p = (struct proc){ .id = id, .state = DOWN };
		p->timer = loop_timer(loop, timer_rang, p);
	}
}

int
supervise(struct spawn *s, void (*started_cb)(void *), void *arg)
{
	struct errmsg e;

	spawner = s;
	if (ask_read_conf(s->conf->file, &in_force, &e) == -1) {
		log_warnx("%s", e.s);
		buf_reset(&in_force);
	}
	on_started = started_cb;
	on_started_arg = arg;
	loop = loop_new();
	prepare_processes();
	loop_signal(loop, SIGTERM, asked_to_stop, NULL);
	loop_signal(loop, SIGINT, asked_to_stop, NULL);
	loop_signal(loop, SIGHUP, asked_to_reload, NULL);
	loop_signal(loop, SIGUSR1, asked_to_reload, NULL);
	loop_signal(loop, SIGCHLD, reap, NULL);
	loop_add(loop, s->sockets->notify, POLLIN, notified, NULL);
	start_process(&procs[0]);
	loop_run(loop);
	for (enum proc_id id = 0; id < P_COUNT; id++)
		loop_timer_free(procs[id].timer);
	collector_free(collector);
	loop_free(loop);
	buf_free(&in_force);
	return status;
}
