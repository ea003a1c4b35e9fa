/*
 * The walls from within: for each role a child enters the sandbox and tries something. What is
 * forbidden must end it by SIGSYS, or get the promised error; what is promised must work.
 */
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include "bytes.h"
#include "crypto.h"
#include "inside.h"
#include "pool.h"

static char outside[64];

/* --- what nobody may --- */

static int
do_execve(void)
{
	char *const none[] = { NULL };

	execve("/bin/true", none, none);
	return errno;
}

static int
do_fork(void)
{
	return fork() == -1 ? errno : 0;
}

static int
do_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == -1 ? errno : 0;
}

static int
do_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0) == -1 ? errno : 0;
}

static int
do_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 ? errno : 0;
}

static int
do_mmap_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED
		   ? errno
		   : 0;
}

static int
do_mmap_file(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, dirfd_, 0) == MAP_FAILED ? errno : 0;
}

static int
do_mprotect_exec(void)
{
	static _Alignas(4096) uint8_t page[4096];

	return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC) == -1 ? errno : 0;
}

static int
do_sigaction(void)
{
	return signal(SIGSYS, SIG_IGN) == SIG_ERR ? errno : 0;
}

static int
do_kill(void)
{
	return kill(getppid(), 0) == -1 ? errno : 0;
}

static int
do_socket_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) == -1 ? errno : 0;
}

static int
do_socket_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) == -1 ? errno : 0;
}

static int
do_socket_unix_stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) == -1 ? errno : 0;
}

static int
do_socketpair(void)
{
	int sv[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1 ? errno : 0;
}

static int
do_chmod(void)
{
	return chmod(dir, 0777) == -1 ? errno : 0;
}

static int
do_link(void)
{
	return linkat(dirfd_, "a", dirfd_, "b", 0) == -1 ? errno : 0;
}

static int
do_mknod(void)
{
	return mknodat(dirfd_, "fifo", S_IFIFO | 0600, 0) == -1 ? errno : 0;
}

static int
do_setuid(void)
{
	return setuid(getuid()) == -1 ? errno : 0;
}

static int
do_unshare(void)
{
	return syscall(SYS_unshare, 0) == -1 ? errno : 0;
}

static int
do_memory_of_another(void)
{
	return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0) == -1 ? errno : 0;
}

static int
do_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) == -1 ? errno : 0;
}

static int
do_open_tmpfile(void)
{
	return openat(dirfd_, ".", O_WRONLY | O_TMPFILE, 0600) == -1 ? errno : 0;
}

static int
do_dup_over_a_socket(void)
{
	return dup2(STDERR_FILENO, 7) == -1 ? errno : 0;
}

static const struct {
	const char *name;
	int (*what)(void);
} forbidden_to_all[] = {
	{ "execve", do_execve },
	{ "fork", do_fork },
	{ "clone", do_clone },
	{ "clone3", do_clone3 },
	{ "ptrace", do_ptrace },
	{ "mmap of code", do_mmap_exec },
	{ "mmap of a file", do_mmap_file },
	{ "mprotect to code", do_mprotect_exec },
	{ "sigaction", do_sigaction },
	{ "kill", do_kill },
	{ "raw socket", do_socket_raw },
	{ "netlink socket", do_socket_netlink },
	{ "unix stream socket", do_socket_unix_stream },
	{ "socketpair", do_socketpair },
	{ "chmod", do_chmod },
	{ "link", do_link },
	{ "mknod", do_mknod },
	{ "setuid", do_setuid },
	{ "unshare", do_unshare },
	{ "process_vm_readv", do_memory_of_another },
	{ "io_uring", do_io_uring },
	{ "dup2", do_dup_over_a_socket },
};

static void
test_forbidden_to_all(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++)
		for (size_t i = 0; i < sizeof(forbidden_to_all) / sizeof(*forbidden_to_all); i++)
			if (inside(r, 0, forbidden_to_all[i].what) != KILLED) {
				CHECK(!"a forbidden call did not kill");
				fprintf(stderr, "%s: %s\n", role_name(r), forbidden_to_all[i].name);
			}
}

static void
test_killer_is_named(void)
{
	CHECK(inside(ROLE_MIXER, 0, do_ptrace) == KILLED);
	CHECK(strstr(said, "mixer: killed by its sandbox: forbidden system call ") != NULL);
	CHECK(strstr(said, "(ptrace)\n") != NULL);
}

/* --- sockets --- */

static int
do_tcp(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1 || socket(AF_INET6, SOCK_STREAM, 0) == -1)
		return errno != EAFNOSUPPORT ? errno : 0;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 && errno != EINPROGRESS &&
	    errno != ECONNREFUSED && errno != EADDRNOTAVAIL)
		return errno;
	return 0;
}

static int
do_udp(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) == -1 ? errno : 0;
}

static int
do_seqpacket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) == -1 ? errno : 0;
}

static void
test_sockets_by_role(void)
{
	static const struct {
		enum role r;
		int tcp, udp, local;
	} want[] = {
		{ ROLE_KEYD_FRONT, KILLED, KILLED, KILLED },
		{ ROLE_KEYD_WORKER, KILLED, KILLED, KILLED },
		{ ROLE_KEYD_KEEPER, KILLED, KILLED, KILLED },
		{ ROLE_MIXER, KILLED, KILLED, 0 },
		{ ROLE_MMTPD, 0, KILLED, 0 },
		{ ROLE_DELIVERD, 0, KILLED, 0 },
		{ ROLE_DIRSYNC, KILLED, KILLED, 0 },
		{ ROLE_DIRSYNC_NET, 0, 0, KILLED },
		{ ROLE_DIRSYNC_FETCH, 0, KILLED, KILLED },
		{ ROLE_DIRSYNC_PARSE, KILLED, KILLED, KILLED },
		{ ROLE_DIRD_CORE, KILLED, KILLED, 0 },
		{ ROLE_DIRD_SIGN, KILLED, KILLED, KILLED },
		{ ROLE_DIRD_HTTP, KILLED, KILLED, 0 },
		{ ROLE_DIRD_FETCH, 0, 0, KILLED },
	};

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		CHECK(inside(want[i].r, 0, do_tcp) == want[i].tcp);
		CHECK(inside(want[i].r, 0, do_udp) == want[i].udp);
		CHECK(inside(want[i].r, 0, do_seqpacket) == want[i].local);
		CHECK(inside(want[i].r, SB_ONE_UID, do_seqpacket) == KILLED);
	}
}

/* --- files --- */

static int
do_open_read(void)
{
	return openat(dirfd_, "a", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) == -1 ? errno
											 : 0;
}

static int
do_open_create(void)
{
	return openat(dirfd_, "new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600) == -1 ? errno
											   : 0;
}

static int
do_open_append(void)
{
	return openat(dirfd_, "a", O_RDWR | O_CREAT | O_NOFOLLOW, 0600) == -1 ? errno : 0;
}

static int
do_open_outside_rw(void)
{
	return open(outside, O_RDWR | O_CREAT, 0600) == -1 ? errno : 0;
}

static int
do_open_outside(void)
{
	return open(outside, O_RDONLY) == -1 ? errno : 0;
}

static int
do_mkdir(void)
{
	return mkdirat(dirfd_, "d", 0700) == -1 ? errno : unlinkat(dirfd_, "d", AT_REMOVEDIR);
}

static void
test_files_by_role(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++) {
		int opens = r != ROLE_KEYD_WORKER && r != ROLE_DIRSYNC_FETCH,
		    reads = opens && r != ROLE_KEYD_FRONT && r != ROLE_DIRD_SIGN,
		    writes = (reads && r != ROLE_DIRSYNC_NET && r != ROLE_DIRSYNC_PARSE &&
				 r != ROLE_DIRD_HTTP && r != ROLE_DIRD_FETCH) ||
		    r == ROLE_DIRD_SIGN;

		CHECK(inside(r, 0, do_open_read) == (reads ? 0 : opens ? KILLED : EACCES));
		CHECK(inside(r, 0, do_open_create) == (writes ? 0 : opens ? KILLED : EACCES));
		unlinkat(dirfd_, "new", 0);
		CHECK(inside(r, 0, do_open_append) ==
		    (r == ROLE_KEYD_FRONT ? 0 : opens ? KILLED : EACCES));
		CHECK(inside(r, 0, do_open_tmpfile) == (opens ? KILLED : EACCES));
		CHECK(inside(r, 0, do_mkdir) == (r == ROLE_KEYD_KEEPER ? 0 : KILLED));
	}
}

static void
test_landlock_keeps_to_the_paths(void)
{
	if (syscall(444, NULL, 0, 1) < 1) {
		printf("not run - test_landlock_keeps_to_the_paths: this kernel has no Landlock\n");
		return;
	}
	CHECK(access(outside, R_OK) == 0);
	for (enum role r = 0; r < ROLE_COUNT; r++)
		CHECK(inside(r, 0,
			  r == ROLE_KEYD_FRONT ? do_open_outside_rw : do_open_outside) ==
		    (r == ROLE_DIRD_SIGN ? KILLED : EACCES)); /* which opens nothing to read */
}

static struct pool pool;

static int
remove_it(const char *name, void *arg)
{
	(void)arg;
	return pool_remove(&pool, name);
}

static void
moved(const char *name, struct pool *to, int error, void *arg)
{
	(void)name;
	(void)to;
	(void)arg;
	if (error != 0)
		_exit(9);
}

/* A day's work of whoever keeps a pool: every call of the pool code. */
static int
do_pool(void)
{
	static uint8_t data[1000], got[1000];
	const struct chunk parts[] = { { data, sizeof(data) } };
	const char *name = "msg_0123456789abcdef";
	struct pool_batch *b = pool_batch_new(&pool, 2);
	struct pool_moves *m = pool_moves_new(&pool, 1);

	if (pool_batch_add(b, name, parts, 1) == -1 || pool_batch_add(b, NULL, parts, 1) == -1)
		return 1;
	if (pool_batch_commit(b) == -1 || pool_read(&pool, name, got, sizeof(got)) == -1)
		return 2;
	if (pool_moves_add(m, name, &pool, parts, 1, &rng_system) == -1)
		return 3;
	pool_moves_commit(m, moved, NULL);
	if (pool_scan(&pool, 1, remove_it, NULL) != 2)
		return 4;
	return pool_sync(&pool) == -1 ? 5 : 0;
}

static void
test_pool_work(void)
{
	static const enum role roles[] = { ROLE_MIXER, ROLE_MMTPD, ROLE_DELIVERD };

	umask(0007); /* as in every daemon: modes need no change */
	pool_init(&pool, "test", dirfd_, 0660);
	for (size_t i = 0; i < 3; i++) {
		pool.gid = roles[i] == ROLE_MIXER ? getgid() : (gid_t)-1;
		CHECK(inside(roles[i], SB_ONE_UID, do_pool) == 0);
	}
}

static int
do_compute(void)
{
	static uint8_t m[28672], key[20];
	char *p;

	rng_fill(&rng_system, key, sizeof(key));
	sprp_encrypt(key, sizeof(key), L_HIDE_PAYLOAD, m, sizeof(m));
	for (size_t n = 1000; n < 10000000; n *= 10) {
		if ((p = malloc(n)) == NULL || (p = realloc(p, 2 * n)) == NULL)
			return 1;
		free(p);
	}
	log_warnx("still able to speak");
	return 0;
}

static void
test_everyone_computes(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++) {
		CHECK(inside(r, 0, do_compute) == 0);
		CHECK(strstr(said, "still able to speak") != NULL);
	}
}

static int
do_abort(void)
{
	abort();
}

static void
test_abort_is_an_abort(void)
{
	for (enum role r = 0; r < ROLE_COUNT; r++)
		CHECK(inside(r, 0, do_abort) == -1); /* neither SIGSYS nor an exit */
}

static const struct t_test list[] = { T(test_forbidden_to_all), T(test_killer_is_named),
	T(test_sockets_by_role), T(test_files_by_role), T(test_landlock_keeps_to_the_paths),
	T(test_pool_work), T(test_everyone_computes), T(test_abort_is_an_abort) };

int
main(void)
{
	int fd, rc;

	snprintf(outside, sizeof(outside), "/tmp/test_outside.XXXXXX");
	if ((fd = mkstemp(outside)) == -1)
		return 1;
	close(fd);
	rc = inside_main(list, sizeof(list) / sizeof(*list));
	unlink(outside);
	return rc;
}
