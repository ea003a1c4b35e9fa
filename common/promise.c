/*
 * THE table: role -> promises -> system calls. A call that is not here ends the process. Every row
 * that could go should go: what a promise allows is what an attacker inside has. tests/walls/
 * test_drift measures which rows are used; those that it never sees say here why they stay.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "promise.h"

/* Arguments of type int: the kernel looks at these bits alone. */
#define INT_MASK 0xffffffff
#define IS(n, v)       { (n), INT_MASK, (uint32_t)(v) }
#define HAS(n, mask, v) { (n), (mask), (v) }
#define NONE_BUT(n, v) { (n), INT_MASK & ~(uint64_t)(v), 0 }
#define IS_NULL(n)     { (n), UINT64_MAX, 0 }
#define IS_SELF(n)     { (n), INT_MASK, PROMISE_OWN_PID }
#define ANY(name)      { (name), { { 0, 0, 0 } } }
#define END	       ANY(NULL)

#define SOCKET(family, type)                                                                       \
	{                                                                                          \
		"socket",                                                                          \
		{                                                                                  \
			IS(0, family),                                                             \
			    HAS(1, INT_MASK & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), (type)),  \
			    IS(2, 0)                                                               \
		}                                                                                  \
	}

/* The same, where the caller says that it means TCP. */
#define TCP_SOCKET(family)                                                                         \
	{                                                                                          \
		"socket",                                                                          \
		{                                                                                  \
			IS(0, family),                                                             \
			    HAS(1, INT_MASK & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK),           \
				SOCK_STREAM),                                                      \
			    IS(2, IPPROTO_TCP)                                                     \
		}                                                                                  \
	}

/* The bit of O_TMPFILE that is not O_DIRECTORY. */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define CHANGES	    (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | TMPFILE_BIT | O_PATH)
#define OPEN(flags) { "openat", { HAS(2, CHANGES, (flags)) } }

/* What the C library's functions of the same job call, here and on other architectures. */
#ifdef SYS_dup2
#define DUP_CALL "dup2"
#else
#define DUP_CALL "dup3"
#endif
#ifdef SYS_renameat
#define RENAME_CALL "renameat"
#else
#define RENAME_CALL "renameat2"
#endif

/* What every process does: computing, waiting, saying what is wrong. */
static const struct call_rule base[] = {
	ANY("write"),
	ANY("ppoll"),
	ANY("exit_group"),
	ANY("getpid"), /* OpenSSL's generator asks whether it has forked */
	ANY("getrandom"), /* ... and seeds itself anew by and by */
	ANY("clock_gettime"), /* unseen where the kernel's page has the clock; not every machine */
	/* At the end, by OpenSSL 3.0; with one thread there is nobody to wait for. */
	{ "futex", { IS(1, FUTEX_WAKE | FUTEX_PRIVATE_FLAG) } },
	/*
	 * More memory, under load: never executable, never shared, never over another, no window
	 * into a file.
	 */
	ANY("brk"),
	{ "mmap",
	    { NONE_BUT(2, PROT_READ | PROT_WRITE),
		HAS(3,
		    MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED | MAP_FIXED_NOREPLACE |
			MAP_GROWSDOWN | MAP_HUGETLB,
		    MAP_ANONYMOUS) } },
	ANY("munmap"),
	END,
};

/* abort() and what the C library says before it: seen only when something is broken. */
static const struct call_rule die[] = {
	ANY("writev"),
	ANY("rt_sigprocmask"),
	ANY("gettid"),
	{ "tgkill", { IS_SELF(0), IS(2, SIGABRT) } },
	END,
};

/* A worker's one job: a question in, its answer out, on sockets that are connected. */
static const struct call_rule answer[] = {
	ANY("recvmsg"),
	{ "sendto", { IS_NULL(4) } },
	END,
};

/* Records on sockets that were there before, in a loop that opens and closes other things. */
static const struct call_rule msg[] = {
	ANY("recvmsg"),
	ANY("sendmsg"),
	ANY("read"),
	ANY("close"),
	END,
};

/* A daemon proper: signals that have handlers, listeners that were passed in, LOGREOPEN. */
static const struct call_rule serve[] = {
	ANY("rt_sigreturn"),
	ANY("accept4"),
	{ DUP_CALL, { IS(1, STDERR_FILENO) } },
	END,
};

/* The same without logs that are opened again, and without files. */
static const struct call_rule records[] = {
	ANY("recvmsg"),
	ANY("sendmsg"),
	ANY("close"),
	END,
};
static const struct call_rule accepts[] = {
	ANY("rt_sigreturn"),
	ANY("accept4"),
	END,
};

/* Connecting to another process's role socket again. Never where all share one uid. */
static const struct call_rule unix_connect[] = {
	SOCKET(AF_UNIX, SOCK_SEQPACKET),
	ANY("connect"),
	END,
};

/* TCP over either protocol. */
static const struct call_rule inet[] = {
	SOCKET(AF_INET, SOCK_STREAM),
	SOCKET(AF_INET6, SOCK_STREAM),
	ANY("connect"),
	END,
};

/* How a connection ended that was begun. */
#define HOW_IT_ENDED { "getsockopt", { IS(1, SOL_SOCKET), IS(2, SO_ERROR) } }

/* MMTP: TLS on top of it. */
static const struct call_rule mmtp[] = {
	HOW_IT_ENDED,
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY) } },
	{ "shutdown", { IS(1, SHUT_WR) } },
	ANY("gettimeofday"), /* of OpenSSL's, where the kernel's page has no clock */
	END,
};

/* SMTP: text or TLS on top of it. */
static const struct call_rule smtp[] = {
	HOW_IT_ENDED,
	{ "sendto", { IS_NULL(4) } },
	ANY("gettimeofday"), /* of OpenSSL's, where the kernel's page has no clock */
	END,
};

/* An mbox file, to which other programs add and from which they take: locked, and cut back. */
static const struct call_rule mbox[] = {
	{ "fcntl", { IS(1, F_SETLK) } },
	ANY("ftruncate"),
	END,
};

/* DNS questions: c-ares over UDP, and over TCP where an answer is long. */
static const struct call_rule dns[] = {
	SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_DGRAM),
	ANY("sendto"), /* also with an address, to open a TCP connection with data */
	ANY("recvfrom"),
	{ "fcntl", { IS(1, F_SETFD), IS(2, FD_CLOEXEC) } },
	{ "fcntl", { IS(1, F_GETFL) } },
	{ "fcntl", { IS(1, F_SETFL), NONE_BUT(2, O_RDWR | O_NONBLOCK) } },
	/* over TCP */
	ANY("writev"),
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY) } },
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_FASTOPEN_CONNECT) } },
	/* c-ares 1.34 (Debian 13): its own address, the length of /etc/hosts */
	ANY("getsockname"),
	ANY("lseek"),
	END,
};

/* HTTP: libcurl, which is given all addresses. */
static const struct call_rule http[] = {
	TCP_SOCKET(AF_INET),
	TCP_SOCKET(AF_INET6),
	HOW_IT_ENDED,
	{ "setsockopt", { IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY) } },
	{ "fcntl", { IS(1, F_GETFL) } },
	{ "fcntl", { IS(1, F_SETFL), NONE_BUT(2, O_RDWR | O_NONBLOCK) } },
	ANY("poll"),
	ANY("recvfrom"),
	ANY("getsockname"),
	ANY("getpeername"),
	ANY("close"),
	ANY("read"), /* what woke it; TLS */
	END,
};

/* Reading files; which ones is Landlock's and the uid's to say. */
static const struct call_rule rpath[] = {
	OPEN(O_RDONLY),
	ANY("newfstatat"), /* also fstat of a C library before 2.39 */
	ANY("fstat"),
	END,
};

/* A file as a whole, and no more. */
static const struct call_rule take_in[] = {
	ANY("read"),
	ANY("close"),
	END,
};

/* On the disk before it takes the place of another. */
static const struct call_rule synced[] = {
	ANY("fsync"),
	END,
};

/* Directories, by the C library. */
static const struct call_rule list[] = {
	ANY("getdents64"),
	{ "fcntl", { IS(1, F_GETFL) } },
	{ "fcntl", { IS(1, F_SETFD), IS(2, FD_CLOEXEC) } },
	END,
};

/* Replacing a file by one that was written beside it. */
static const struct call_rule replace[] = {
	OPEN(O_WRONLY | O_CREAT | O_EXCL),
	ANY(RENAME_CALL),
	ANY("unlinkat"),
	END,
};

/* A pool directory: durable in groups, scanned, overwritten before it is removed. */
static const struct call_rule pool[] = {
	OPEN(O_WRONLY),
	ANY("writev"),
	ANY("pwrite64"),
	ANY("sync_file_range"),
	ANY("fdatasync"),
	ANY("fsync"),
	ANY("getdents64"), /* mmtpd: every ten minutes, else it is told what arrives */
	ANY("lseek"), /* to the begin of a directory */
	END,
};

/* The group of an edge, for files that are moved there. */
static const struct call_rule edge[] = {
	{ "fchown", { IS(1, -1) } },
	END,
};

/* Replay logs: added to, cut back, and gone with their key. */
static const struct call_rule replay[] = {
	OPEN(O_RDWR | O_CREAT),
	ANY("newfstatat"),
	ANY("fstat"),
	ANY("pwrite64"),
	ANY("ftruncate"),
	ANY("fdatasync"),
	ANY("fsync"),
	ANY("unlinkat"), /* weeks later */
	END,
};

/*
 * Key sets: a directory each, overwritten at the end. A file that is encrypted changes places with
 * the old one, which then has a name until it is overwritten, whatever happens in between.
 */
static const struct call_rule keysets[] = {
	OPEN(O_WRONLY),
	ANY("fsync"),
	ANY("mkdirat"),
	{ "renameat2", { IS(4, RENAME_EXCHANGE) } },
	END,
};

/* The files of a directory server and of its key, each replaced by a new one that is on disk. */
static const struct call_rule durable[] = {
	OPEN(O_WRONLY), /* what a crash left is wiped */
	ANY("fsync"),
	END,
};

/* libmicrohttpd on sockets that were passed in. */
static const struct call_rule httpd[] = {
	ANY("epoll_wait"),
	ANY("epoll_ctl"),
	ANY("recvfrom"),
	ANY("sendto"),
	ANY("sendfile"),
	ANY("pread64"), /* where the file system has no sendfile */
	ANY("writev"),
	ANY("shutdown"),
	{ "setsockopt", { IS(1, IPPROTO_TCP) } },
	END,
};

/* libcurl: HTTP, with TLS where the URL says so. */
static const struct call_rule http_client[] = {
	TCP_SOCKET(AF_INET),
	TCP_SOCKET(AF_INET6),
	HOW_IT_ENDED,
	ANY("poll"),
	ANY("getpeername"),
	END,
};

/* qsort asks for the size of memory before it takes much of it: only for long lists. */
static const struct call_rule sort[] = {
	ANY("sysinfo"),
	END,
};

/* Why a child ended that was forked before the sandbox: then all of keyd ends. */
static const struct call_rule parent[] = {
	ANY("wait4"),
	END,
};

/* What libraries try unasked and can do without. */
static const struct soft_rule soft[] = {
	/* files of the C library: zones, character sets, the number of cores */
	{ "open", EACCES },
	{ "openat", EACCES },
	{ "stat", EACCES },
	{ "lstat", EACCES },
	{ "fstat", EACCES },
	{ "newfstatat", EACCES },
	{ "statx", ENOSYS },
	{ "access", EACCES },
	{ "faccessat", EACCES },
	{ "faccessat2", EACCES },
	{ "readlink", EACCES },
	{ "readlinkat", EACCES },
	{ "sched_getaffinity", EPERM },
	/* malloc: to grow in place, to give back, to name (the memory stays as it is) */
	{ "mremap", ENOMEM },
	{ "madvise", EINVAL },
	{ "prctl", EINVAL },
	/* stdio: whether a file is a terminal, and where in it we are */
	{ "ioctl", ENOTTY },
	{ "lseek", ESPIPE },
	/* c-ares and others, about this machine and their limits */
	{ "uname", EPERM },
	{ "prlimit64", EPERM },
	{ NULL, 0 },
};

#define MAX_PROMISES 12
static const struct {
	const char *name;
	const struct call_rule *promise[MAX_PROMISES];
} roles[ROLE_COUNT] = {
	[ROLE_KEYD_FRONT] = { "keyd", { base, die, msg, serve, replay, parent } },
	[ROLE_KEYD_WORKER] = { "keyd-worker", { base, die, answer } },
	[ROLE_KEYD_KEEPER] = { "keyd-keeper",
	    { base, die, msg, rpath, list, replace, keysets, sort } },
	[ROLE_MIXER] = { "mixer",
	    { base, die, msg, serve, unix_connect, rpath, replace, pool, edge } },
	[ROLE_MMTPD] = { "mmtpd",
	    { base, die, msg, serve, unix_connect, inet, mmtp, rpath, replace, pool } },
	[ROLE_DELIVERD] = { "deliverd",
	    { base, die, msg, serve, unix_connect, inet, smtp, rpath, replace, pool, mbox, sort } },
	[ROLE_DIRSYNC] = { "dirsync",
	    { base, die, msg, serve, unix_connect, rpath, list, replace, synced, sort } },
	[ROLE_DIRSYNC_FETCH] = { "dirsync-fetch", { base, die, answer, inet, http } },
	[ROLE_DIRSYNC_PARSE] = { "dirsync-parse", { base, die, answer, rpath, take_in, sort } },
	[ROLE_DIRSYNC_NET] = { "dirsync-net", { base, die, msg, inet, dns, rpath } },
	[ROLE_DIRD_CORE] = { "dird-core",
	    { base, die, msg, accepts, unix_connect, rpath, list, replace, durable, sort } },
	[ROLE_DIRD_SIGN] = { "dird-sign", { base, die, records, accepts, replace, durable } },
	[ROLE_DIRD_HTTP] = { "dird-http",
	    { base, die, records, accepts, unix_connect, rpath, httpd } },
	[ROLE_DIRD_FETCH] = { "dird-fetch",
	    { base, die, msg, accepts, inet, dns, rpath, http_client } },
};

#define GIB 1024

/* Of the files of the front, replay logs grow with every packet; logs go to a file of anyone's. */
static const struct role_limits limits[ROLE_COUNT] = {
	[ROLE_KEYD_FRONT] = { 256, 64 * GIB, 16 * GIB }, /* a digest of each packet in memory */
	[ROLE_KEYD_WORKER] = { 16, GIB, 128 },
	[ROLE_KEYD_KEEPER] = { 256, GIB, 512 },
	[ROLE_MIXER] = { 512, GIB, 4 * GIB }, /* a name for each of a million packets */
	[ROLE_MMTPD] = { 0, GIB, 8 * GIB },
	[ROLE_DELIVERD] = { 1024, GIB, 4 * GIB },
	[ROLE_DIRSYNC] = { 1024, GIB, 2 * GIB },
	[ROLE_DIRSYNC_NET] = { 1024, GIB, 512 },
	[ROLE_DIRSYNC_FETCH] = { 64, GIB, 256 },
	[ROLE_DIRSYNC_PARSE] = { 64, GIB, GIB }, /* a directory of 64 MiB, cut up */
	[ROLE_DIRD_CORE] = { 1024, GIB, 4 * GIB },
	[ROLE_DIRD_SIGN] = { 64, GIB, 512 },
	[ROLE_DIRD_HTTP] = { 0, GIB, GIB },
	[ROLE_DIRD_FETCH] = { 1024, GIB, 512 },
};

const struct role_limits *
promise_limits(enum role r)
{
	return &limits[r];
}

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
