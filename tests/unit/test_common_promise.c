/*
 * The table against the filter that is loaded: for each role every system call there is ends as the
 * table says, every promised one can be made, and there are not more of them than were aimed at.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "inside.h"
#include "promise.h"

/* --- every call there is --- */

/* Satisfies no condition of the table. */
#define ODD 0x5a5a5a5aL
#define NR_END 600 /* past all that kernels know */

enum fate { TRAPPED, ANSWERED, ALLOWED };

/* What the table says of a call with arguments that satisfy no condition. */
static enum fate
expected(enum role r, int one_uid, const char *name, int *error)
{
	const struct call_rule *c;
	const struct soft_rule *s;
	int promised = 0;

	for (size_t i = 0; name != NULL && (c = promise_call(r, one_uid, i)) != NULL; i++) {
		if (strcmp(c->name, name) != 0)
			continue;
		if (c->cond[0].mask == 0)
			return ALLOWED;
		promised = 1;
	}
	for (size_t i = 0; name != NULL && !promised && (s = promise_soft(i)) != NULL; i++)
		if (strcmp(s->name, name) == 0) {
			*error = s->error;
			return ANSWERED;
		}
	return TRAPPED;
}

/* uretprobe and uprobe: Linux 6.12 and later let them past every filter, to end in a signal. */
static int
unfiltered(int nr)
{
#ifdef __x86_64__
	return nr == 335 || nr == 336;
#else
	(void)nr;
	return 0;
#endif
}

/* Makes all calls that are not allowed as they are; a tracer lets it live. */
static void
try_all(enum role r, int one_uid)
{
	int error;

	for (int nr = 0; nr < NR_END; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
		enum fate f = expected(r, one_uid, name, &error);

		free(name);
		if (f != ALLOWED && !unfiltered(nr) &&
		    syscall(nr, ODD, ODD, ODD, ODD, ODD, ODD) == -1 && f == ANSWERED &&
		    errno != error)
			_exit(1);
	}
	_exit(0);
}

static void
mark_trap(pid_t pid, uint8_t trapped[NR_END])
{
	siginfo_t si;

	CHECK(ptrace(PTRACE_GETSIGINFO, pid, NULL, &si) == 0);
	if (si.si_syscall >= 0 && si.si_syscall < NR_END)
		trapped[si.si_syscall] = 1;
}

/* Which numbers were trapped in the sandbox of r; the exit status of the child. */
static int
trace_all(enum role r, unsigned flags, uint8_t trapped[NR_END])
{
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		alarm(60); /* a call that should have been trapped may wait for ever */
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		sandbox_enter(r, NULL, 0, flags | SB_UNCONFINED);
		try_all(r, (flags & SB_ONE_UID) != 0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		int sig = WSTOPSIG(status);

		if (sig == SIGSYS)
			mark_trap(pid, trapped);
		ptrace(PTRACE_CONT, pid, NULL, (long)(sig == SIGSYS ? 0 : sig));
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
check_all_calls(enum role r, unsigned flags)
{
	uint8_t trapped[NR_END] = { 0 };
	int error;

	CHECK(trace_all(r, flags, trapped) == 0);
	for (int nr = 0; nr < NR_END; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
		enum fate f = expected(r, (flags & SB_ONE_UID) != 0, name, &error);

		free(name);
		if (trapped[nr] != (f == TRAPPED) && !unfiltered(nr)) {
			CHECK(!"a call ended otherwise than the table says");
			fprintf(stderr, "%s: call %d\n", role_name(r), nr);
			return;
		}
	}
}

static void
test_every_other_call_is_forbidden(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++) {
		check_all_calls(r, 0);
		check_all_calls(r, SB_ONE_UID);
	}
}

#ifdef __x86_64__
/* getpid, as a program of 32 bits asks for it: other numbers, past a filter that knows ours. */
static int
do_another_abi(void)
{
	int rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "0"(20) : "memory");
	return 0;
}

static int
do_x32(void)
{
	syscall(0x40000000 | SYS_getpid);
	return 0;
}

static void
test_other_abis(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++) {
		CHECK(inside(r, 0, do_another_abi) != 0);
		CHECK(inside(r, 0, do_x32) != 0);
	}
}
#else
static void
test_other_abis(void)
{
}
#endif

/*
 * Every promised call can be made: with arguments that satisfy its row and make it fail or do
 * nothing, it does not kill. Those that end or block the caller are shown by the tests above.
 */
static const struct call_rule *trying;

static int
do_promised(void)
{
	unsigned long a[6] = { (unsigned long)-1, 0, 0, 0, 0, 0 };

	for (size_t i = 0; i < PROMISE_CONDS; i++)
		if (trying->cond[i].mask != 0)
			a[trying->cond[i].arg] = trying->cond[i].want;
	syscall(seccomp_syscall_resolve_name(trying->name), a[0], a[1], a[2], a[3], a[4], a[5]);
	return 0;
}

static int
ends_or_blocks(const char *name)
{
	static const char *const list[] = { "exit_group", "rt_sigreturn", "tgkill", "ppoll" };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (strcmp(list[i], name) == 0)
			return 1;
	return 0;
}

static void
test_every_promise_is_kept(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++)
		for (size_t i = 0; (trying = promise_call(r, 0, i)) != NULL; i++)
			if (seccomp_syscall_resolve_name(trying->name) >= 0 &&
			    !ends_or_blocks(trying->name))
				CHECK(inside(r, 0, do_promised) == 0);
}

/* --- how many --- */

static size_t
count_lines(struct buf *b)
{
	size_t n = 0;

	for (const char *s = buf_cstr(b); (s = strchr(s, '\n')) != NULL; s++)
		n++;
	return n;
}

static void
test_reach(void)
{
	static const size_t most[ROLE_COUNT] = { [ROLE_KEYD_FRONT] = 30, [ROLE_KEYD_WORKER] = 18,
		[ROLE_KEYD_KEEPER] = 40, [ROLE_MIXER] = 38, [ROLE_MMTPD] = 45,
		[ROLE_DELIVERD] = 40, [ROLE_DIRSYNC] = 35, [ROLE_DIRSYNC_NET] = 60,
		[ROLE_DIRSYNC_FETCH] = 60, [ROLE_DIRSYNC_PARSE] = 35, [ROLE_DIRD_CORE] = 36,
		[ROLE_DIRD_SIGN] = 32, [ROLE_DIRD_HTTP] = 40, [ROLE_DIRD_FETCH] = 44 };

	for (enum role r = 0; r < ROLE_COUNT; r++) {
		struct buf allowed = { 0 }, soft = { 0 };

		sandbox_list(r, 0, &allowed, &soft);
		printf("# %s: %zu system calls allowed (at most %zu), %zu answered with an error\n",
		    role_name(r), count_lines(&allowed), most[r], count_lines(&soft));
		CHECK(count_lines(&allowed) <= most[r]);
		buf_free(&allowed);
		buf_free(&soft);
	}
}

static void
test_list(void)
{
	struct buf allowed = { 0 }, soft = { 0 };

	sandbox_list(ROLE_KEYD_WORKER, 0, &allowed, &soft);
	CHECK(strstr(buf_cstr(&allowed), "write\n") != NULL);
	CHECK(strstr(buf_cstr(&allowed), "openat\n") == NULL);
	CHECK(strstr(buf_cstr(&soft), "openat\n") != NULL);
	buf_free(&allowed);
	buf_free(&soft);
}

static const struct t_test list[] = { T(test_every_other_call_is_forbidden), T(test_other_abis),
	T(test_every_promise_is_kept), T(test_reach), T(test_list) };

int
main(void)
{
	return inside_main(list, sizeof(list) / sizeof(*list));
}
