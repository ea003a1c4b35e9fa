/*
 * THE table: role -> promises -> system calls. A call that is not here ends the process. Every row
 * that could go should go: what a promise allows is what an attacker inside has.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <unistd.h>

#include "promise.h"

/* Arguments of type int: the kernel looks at these bits alone. */
#define INT_MASK 0xffffffff
#define IS(n, v) { (n), INT_MASK, (v) }
#define HAS(n, mask, v) { (n), (mask), (v) }
#define ANY(name) { (name), { { 0, 0, 0 } } }
#define END	  ANY(NULL)
#define SOCK_TYPE(t) HAS(1, INT_MASK & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), (t))

/* The bit of O_TMPFILE that is not O_DIRECTORY. */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define CHANGES	    (O_ACCMODE | O_CREAT | O_TRUNC | TMPFILE_BIT)

/* What every process does: computing, waiting, and using descriptors that it already has. */
static const struct call_rule base[] = {
	ANY("read"),
	ANY("write"),
	ANY("writev"),
	ANY("close"),
	ANY("poll"),
	ANY("ppoll"),
	ANY("exit"),
	ANY("exit_group"),
	ANY("rt_sigreturn"),
	ANY("rt_sigprocmask"),
	ANY("restart_syscall"),
	ANY("getpid"),
	ANY("gettid"),
	ANY("getuid"),
	ANY("geteuid"),
	ANY("getgid"),
	ANY("getegid"),
	ANY("getrandom"),
	ANY("brk"),
	/* Memory is never executable, and mmap makes no window into a file. */
	{ "mmap", { HAS(2, PROT_EXEC, 0), HAS(3, MAP_ANONYMOUS, MAP_ANONYMOUS) } },
	{ "mprotect", { HAS(2, PROT_EXEC, 0) } },
	ANY("munmap"),
	ANY("mremap"),
	ANY("madvise"),
	ANY("futex"),
	ANY("clock_gettime"),
	ANY("clock_nanosleep"),
	ANY("nanosleep"),
	ANY("gettimeofday"),
	ANY("time"),
	ANY("sched_yield"),
	ANY("sysinfo"), /* qsort asks for the size of memory */
	{ "tgkill", { IS(2, SIGABRT) } }, /* abort */
	{ "dup2", { IS(1, STDERR_FILENO) } }, /* LOGREOPEN */
	{ "dup3", { IS(1, STDERR_FILENO) } },
	END,
};

/* Records on sockets that were there before. */
static const struct call_rule msg[] = {
	ANY("sendmsg"),
	ANY("recvmsg"),
	ANY("sendto"),
	ANY("recvfrom"),
	ANY("shutdown"),
	END,
};

/* Taking connections on listeners that were passed in. */
static const struct call_rule serve[] = {
	ANY("accept4"),
	ANY("getsockopt"),
	END,
};

/* Connecting to another process's role socket again. Never where all share one uid. */
static const struct call_rule unix_connect[] = {
	{ "socket", { IS(0, AF_UNIX), SOCK_TYPE(SOCK_SEQPACKET) } },
	ANY("connect"),
	END,
};

/* TCP over either protocol. */
static const struct call_rule inet[] = {
	{ "socket", { IS(0, AF_INET), SOCK_TYPE(SOCK_STREAM) } },
	{ "socket", { IS(0, AF_INET6), SOCK_TYPE(SOCK_STREAM) } },
	ANY("connect"),
	ANY("getsockopt"),
	ANY("getsockname"),
	ANY("getpeername"),
	{ "setsockopt", { IS(1, SOL_SOCKET), IS(2, SO_REUSEADDR) } },
	{ "setsockopt", { IS(1, SOL_SOCKET), IS(2, SO_KEEPALIVE) } },
	{ "setsockopt", { IS(1, SOL_SOCKET), IS(2, SO_LINGER) } },
	{ "setsockopt", { IS(1, SOL_SOCKET), IS(2, SO_SNDBUF) } },
	{ "setsockopt", { IS(1, SOL_SOCKET), IS(2, SO_RCVBUF) } },
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY) } },
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_CORK) } },
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_USER_TIMEOUT) } },
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_QUICKACK) } },
	{ "ioctl", { IS(1, FIONBIO) } },
	END,
};

/* DNS questions: c-ares with UDP beside TCP, which it also connects to sort addresses. */
static const struct call_rule dns[] = {
	{ "socket", { IS(0, AF_INET), SOCK_TYPE(SOCK_DGRAM) } },
	{ "socket", { IS(0, AF_INET6), SOCK_TYPE(SOCK_DGRAM) } },
	ANY("bind"),
	{ "fcntl", { IS(1, F_SETFD) } },
	{ "fcntl", { IS(1, F_GETFD) } },
	{ "fcntl", { IS(1, F_GETFL) } },
	{ "fcntl", { IS(1, F_SETFL) } },
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_FASTOPEN_CONNECT) } },
	{ "setsockopt", { IS(1, IPPROTO_IPV6), IS(2, IPV6_V6ONLY) } },
	ANY("uname"),
	END,
};

/* Reading files; which ones is Landlock's and the uid's to say. */
static const struct call_rule rpath[] = {
	{ "openat", { HAS(2, CHANGES, O_RDONLY) } },
	ANY("newfstatat"),
	ANY("fstat"),
	ANY("pread64"),
	ANY("readv"),
	ANY("getdents64"),
	ANY("lseek"),
	{ "fcntl", { IS(1, F_GETFL) } },
	{ "fcntl", { IS(1, F_SETFL) } },
	{ "fcntl", { IS(1, F_GETFD) } },
	{ "fcntl", { IS(1, F_SETFD) } },
	END,
};

/* Making files durable, moving and removing them. */
static const struct call_rule store[] = {
	{ "openat", { HAS(2, CHANGES | O_EXCL, O_WRONLY | O_CREAT | O_EXCL) } },
	{ "openat", { HAS(2, CHANGES, O_WRONLY) } }, /* wiping */
	ANY("fsync"),
	ANY("fdatasync"),
	ANY("sync_file_range"),
	ANY("pwrite64"),
	ANY("rename"),
	ANY("renameat"),
	ANY("renameat2"),
	ANY("unlink"),
	ANY("unlinkat"),
	ANY("fchown"),
	ANY("fchmod"),
	ANY("fstatfs"),
	END,
};

/* Logs that are opened again and added to. */
static const struct call_rule append[] = {
	{ "openat", { HAS(2, CHANGES, O_WRONLY | O_CREAT) } },
	{ "openat", { HAS(2, CHANGES, O_RDWR | O_CREAT) } },
	{ "openat", { HAS(2, CHANGES, O_RDWR) } },
	ANY("ftruncate"),
	END,
};

/* A directory a key set, and current-desc. */
static const struct call_rule tree[] = {
	ANY("mkdir"),
	ANY("mkdirat"),
	ANY("rmdir"),
	ANY("symlinkat"),
	ANY("readlinkat"),
	END,
};

/* Keys that arrive while running are locked in memory as well. */
static const struct call_rule locked[] = {
	ANY("mlock"),
	ANY("mlock2"),
	ANY("munlock"),
	END,
};

/* The end of children that were forked before the sandbox. */
static const struct call_rule parent[] = {
	ANY("wait4"),
	ANY("waitid"),
	END,
};

/* What libraries try on their own and can do without. */
static const struct soft_rule soft[] = {
	{ "rseq", ENOSYS },
	{ "clone3", ENOSYS },
	{ "statx", ENOSYS },
	{ "open", EACCES },
	{ "openat", EACCES },
	{ "stat", EACCES },
	{ "lstat", EACCES },
	{ "fstat", EACCES },
	{ "newfstatat", EACCES },
	{ "access", EACCES },
	{ "faccessat", EACCES },
	{ "faccessat2", EACCES },
	{ "readlink", EACCES },
	{ "readlinkat", EACCES },
	{ "lseek", ESPIPE },
	{ "shmget", EACCES },
	{ "shmat", EACCES },
	{ "shmdt", EACCES },
	{ "shmctl", EACCES },
	{ "ioctl", ENOTTY },
	{ "fcntl", EPERM },
	{ "prctl", EPERM },
	{ "prlimit64", EPERM },
	{ "sched_getaffinity", EPERM },
	{ "mlock", EPERM },
	{ "munlock", EPERM },
	{ "uname", EPERM },
	{ "getcpu", ENOSYS },
	{ NULL, 0 },
};

#define MAX_PROMISES 8
static const struct {
	const char *name;
	const struct call_rule *promise[MAX_PROMISES];
} roles[ROLE_COUNT] = {
	[ROLE_KEYD_FRONT] = { "keyd", { base, msg, serve, rpath, store, append, parent } },
	[ROLE_KEYD_WORKER] = { "keyd-worker", { base, msg, locked } },
	[ROLE_KEYD_KEEPER] = { "keyd-keeper", { base, msg, rpath, store, append, tree, locked } },
	[ROLE_MIXER] = { "mixer", { base, msg, serve, unix_connect, rpath, store } },
	[ROLE_MMTPD] = { "mmtpd", { base, msg, serve, unix_connect, inet, rpath, store, append } },
	[ROLE_DELIVERD] = { "deliverd", { base, msg, serve, inet, rpath, store, append } },
	[ROLE_DIRSYNC] = { "dirsync",
	    { base, msg, serve, unix_connect, rpath, store, append, parent } },
	[ROLE_DIRSYNC_NET] = { "dirsync-net", { base, msg, inet, dns, rpath } },
};

const char *
role_name(enum role r)
{
	return roles[r].name;
}

const struct call_rule *
promise_call(enum role r, int one_uid, size_t at)
{
	for (size_t i = 0; i < MAX_PROMISES && roles[r].promise[i] != NULL; i++) {
		const struct call_rule *p = roles[r].promise[i];
		if (one_uid && p == unix_connect)
			continue;
		for (; p->name != NULL; p++)
			if (at-- == 0)
				return p;
	}
	return NULL;
}

const struct soft_rule *
promise_soft(size_t at)
{
	return soft[at].name != NULL ? &soft[at] : NULL;
}

int
promise_network(enum role r)
{
	for (size_t i = 0; i < MAX_PROMISES; i++)
		if (roles[r].promise[i] == inet)
			return 1;
	return 0;
}
