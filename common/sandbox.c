#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "landlock.h"
#include "log.h"
#include "promise.h"

#ifdef NO_SECCOMP
#define FILTER_BUILT_IN 0
#else
#define FILTER_BUILT_IN 1
#endif

#define MAX_CALLS 512

/* For the handler, which may not ask a library. */
static char *call_names[MAX_CALLS];
static const char *self;

int
sandbox_built_in(void)
{
	return FILTER_BUILT_IN;
}

/* --- the line that a forbidden call leaves --- */

static size_t
add_text(char *line, size_t at, size_t size, const char *s)
{
	while (*s != '\0' && at < size)
		line[at++] = *s++;
	return at;
}

static size_t
add_number(char *line, size_t at, size_t size, unsigned n)
{
	char digits[12];
	size_t i = sizeof(digits);

	digits[--i] = '\0';
	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return add_text(line, at, size, digits + i);
}

/* Async-signal-safe. SA_RESETHAND has made the next SIGSYS deadly. */
static void
forbidden(int signo, siginfo_t *si, void *context)
{
	char line[160];
	size_t at = 0;
	unsigned nr = (unsigned)si->si_syscall;

	(void)signo;
	(void)context;
	at = add_text(line, at, sizeof(line), self);
	at = add_text(line, at, sizeof(line), ": killed by its sandbox: forbidden system call ");
	at = add_number(line, at, sizeof(line), nr);
	if (nr < MAX_CALLS && call_names[nr] != NULL) {
		at = add_text(line, at, sizeof(line), " (");
		at = add_text(line, at, sizeof(line), call_names[nr]);
		at = add_text(line, at, sizeof(line), ")");
	}
	at = add_text(line, at, sizeof(line), "\n");
	if (write(STDERR_FILENO, line, at) == -1)
		_exit(1);
	syscall(SYS_tgkill, getpid(), gettid(), SIGSYS);
	_exit(1);
}

static void
install_handler(enum role r)
{
	struct sigaction sa = { .sa_sigaction = forbidden,
		.sa_flags = SA_SIGINFO | (int)SA_RESETHAND | SA_NODEFER };

	self = role_name(r);
	for (int nr = 0; nr < MAX_CALLS; nr++)
		call_names[nr] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
	if (sigaction(SIGSYS, &sa, NULL) == -1)
		fatal("sigaction");
}

/* --- the filter --- */

static void
must(int rc, const char *what)
{
	if (rc < 0) {
		errno = -rc;
		fatal("seccomp: %s", what);
	}
}

/* The number, or -1 where this architecture (or this libseccomp) has no such call. */
static int
call_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	return nr < 0 ? -1 : nr;
}

static void
allow_call(scmp_filter_ctx f, const struct call_rule *c)
{
	struct scmp_arg_cmp cmp[PROMISE_CONDS];
	unsigned n = 0;
	int nr = call_number(c->name);

	if (nr == -1)
		return;
	for (size_t i = 0; i < PROMISE_CONDS; i++)
		if (c->cond[i].mask != 0)
			cmp[n++] = (struct scmp_arg_cmp){ .arg = c->cond[i].arg,
				.op = SCMP_CMP_MASKED_EQ,
				.datum_a = c->cond[i].mask,
				.datum_b = c->cond[i].want == PROMISE_OWN_PID
				    ? (uint64_t)getpid()
				    : c->cond[i].want };
	must(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, n, cmp), c->name);
}

/* Where the table first allows the call; SIZE_MAX: nowhere. */
static size_t
first_row(enum role r, int one_uid, const char *name)
{
	const struct call_rule *c;

	for (size_t i = 0; (c = promise_call(r, one_uid, i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			return i;
	return SIZE_MAX;
}

static void
raise_filter(enum role r, int one_uid)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_TRAP);
	const struct call_rule *c;
	const struct soft_rule *s;

	if (f == NULL)
		fatalx("seccomp: no filter");
	/* Another ABI's calls have no names to tell. */
	must(seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "BADARCH");
	must(seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1), "TSYNC");
	/* A tree instead of a list: every call of ours passes here. */
	must(seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2), "OPTIMIZE");
	for (size_t i = 0; (c = promise_call(r, one_uid, i)) != NULL; i++)
		allow_call(f, c);
	for (size_t i = 0; (s = promise_soft(i)) != NULL; i++)
		if (first_row(r, one_uid, s->name) == SIZE_MAX && call_number(s->name) != -1)
			must(seccomp_rule_add(
				 f, SCMP_ACT_ERRNO((unsigned)s->error), call_number(s->name), 0),
			    s->name);
	must(seccomp_load(f), "load");
	seccomp_release(f);
}

void
sandbox_list(enum role r, int one_uid, struct buf *allowed, struct buf *soft)
{
	const struct call_rule *c;
	const struct soft_rule *s;

	for (size_t i = 0; (c = promise_call(r, one_uid, i)) != NULL; i++)
		if (first_row(r, one_uid, c->name) == i && call_number(c->name) != -1)
			buf_printf(allowed, "%s\n", c->name);
	for (size_t i = 0; (s = promise_soft(i)) != NULL; i++)
		if (first_row(r, one_uid, s->name) == SIZE_MAX && call_number(s->name) != -1)
			buf_printf(soft, "%s\n", s->name);
}

/* --- all walls --- */

/* Never above what it was. */
static void
set_limit(int what, rlim_t n)
{
	struct rlimit rl;

	if (getrlimit(what, &rl) == -1)
		fatal("getrlimit");
	if (n < rl.rlim_max)
		rl.rlim_max = n;
	if (n < rl.rlim_cur)
		rl.rlim_cur = n;
	if (setrlimit(what, &rl) == -1)
		fatal("setrlimit");
}

static void
set_limits(enum role r)
{
	const struct role_limits *l = promise_limits(r);

	set_limit(RLIMIT_NPROC, 0);
	if (l->files != 0)
		set_limit(RLIMIT_NOFILE, l->files);
	set_limit(RLIMIT_FSIZE, (rlim_t)l->file_size << 20);
	set_limit(RLIMIT_DATA, (rlim_t)l->memory << 20);
	/* A limit on files is an error of write like others. */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		fatal("signal");
}

static void
confine_paths(enum role r, const struct sandbox_path *paths, size_t n, unsigned flags)
{
	int abi = landlock_confine(paths, n, promise_network(r));

	if (abi > 0) {
		log_info("confined to %zu paths (Landlock %d) and %s", n, abi,
		    "the calls of its role (seccomp)");
		return;
	}
	if ((flags & SB_ONE_UID) && !(flags & SB_UNCONFINED))
		fatal_permanent(
		    "this kernel has no Landlock, which is what keeps processes of one user "
		    "apart: start as root, or with --unconfined");
	log_warnx("this kernel has no Landlock: only the uid keeps this process from other files");
}

void
sandbox_enter(enum role r, const struct sandbox_path *paths, size_t n, unsigned flags)
{
	set_limit(RLIMIT_CORE, 0);
	/* As ps shows it. */
	if (prctl(PR_SET_NAME, role_name(r), 0, 0, 0) == -1)
		fatal("prctl");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("prctl");
	if (!FILTER_BUILT_IN) {
		log_warnx("this build is for tests: it has no system call filter and no Landlock");
		return;
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("prctl");
	set_limits(r);
	confine_paths(r, paths, n, flags);
	install_handler(r);
	raise_filter(r, (flags & SB_ONE_UID) != 0);
}
