#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"
#include "landlock.h"
#include "log.h"
#include "sandbox.h"

#define DAY  86400
#define HOUR 3600

/* --- kernel --- */

void
look_at_kernel(const struct owners *o)
{
	uint32_t trap = SECCOMP_RET_TRAP;
	int abi = landlock_abi();

	if (!sandbox_built_in())
		found(FOUND_WARN, "sandbox",
		    "this build is for tests, without walls: install an ordinary one");
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &trap) == -1)
		found(FOUND_BAD, "sandbox",
		    "this kernel has no system call filters (seccomp: %s): use one with "
		    "CONFIG_SECCOMP_FILTER",
		    strerror(errno));
	else
		found(FOUND_OK, "sandbox", "seccomp");
	/* Moving files between directories has its right from ABI 2 on. */
	if (abi >= 2)
		found(FOUND_OK, "sandbox", "Landlock, ABI %d", abi);
	else
		found(o->many ? FOUND_WARN : FOUND_BAD, "sandbox",
		    "this kernel has %s: %s", abi == 0 ? "no Landlock" : "an old Landlock (ABI 1)",
		    o->many ? "only the uids keep the processes apart; boot with lsm=landlock,... "
			      "or a kernel from 5.19 on"
			    : "processes of one user cannot be kept apart: start the node as root, "
			      "or with --unconfined");
}

void
look_at_entropy(void)
{
	uint8_t some[16];

	if (getrandom(some, sizeof(some), GRND_NONBLOCK) == (ssize_t)sizeof(some))
		found(FOUND_OK, "entropy", "the kernel's generator is seeded");
	else
		found(FOUND_BAD, "entropy",
		    "the kernel's generator is not seeded (%s): nothing starts before it is; give "
		    "the machine a hardware generator (virtio-rng, rng-tools)",
		    strerror(errno));
}

/* --- clock --- */

struct newest {
	const char *path;
	int64_t t;
};

static void
take_newer(struct newest *n, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_mtime > n->t)
		*n = (struct newest){ path, st.st_mtime };
}

/* What was written lately cannot come from the future. */
static int
clock_against_files(const struct server_conf *c, int64_t now)
{
	char last_seen[512];
	struct newest n = { "", 0 };
	char day[11];

	snprintf(last_seen, sizeof(last_seen), "%s/last-seen", c->key_dir);
	take_newer(&n, last_seen);
	take_newer(&n, c->file);
	take_newer(&n, c->log_file);
	take_newer(&n, c->stats_file);
	if (n.t <= now + HOUR)
		return 0;
	fmt_date(day, n.t);
	found(FOUND_BAD, "clock",
	    "%s was written on %s, which is still to come: set the clock, or touch the file if the "
	    "clock is right",
	    n.path, day);
	return 1;
}

static int
clock_against_directory(const struct server_conf *c, const struct held *h, int64_t now)
{
	char day[11];

	if (h->until == 0)
		return 0;
	if (now < h->from - c->max_skew) {
		fmt_date(day, h->from);
		found(FOUND_BAD, "clock",
		    "the directory in %s/dir is valid from %s on, which is still to come: set the "
		    "clock",
		    c->work_dir, day);
		return 1;
	}
	if (now > h->until) {
		fmt_date(day, h->until);
		found(FOUND_WARN, "clock",
		    "the directory in %s/dir ended on %s: put a new one there, or set the clock",
		    c->work_dir, day);
		return 1;
	}
	return 0;
}

void
look_at_clock(const struct server_conf *c, const struct held *h)
{
	int64_t now = (int64_t)time(NULL);
	struct timex kernel = { .modes = 0 };
	int bad;

	bad = clock_against_files(c, now);
	bad |= clock_against_directory(c, h, now);
	if (bad)
		return;
	if (adjtimex(&kernel) == -1 || (kernel.status & STA_UNSYNC))
		found(FOUND_WARN, "clock",
		    "it looks right, but nothing keeps it so: run chrony or systemd-timesyncd "
		    "here, or on the host of this container");
	else
		found(FOUND_OK, "clock", "kept right, and later than all files");
}

/* --- DNS --- */

static int
is_local(const struct sockaddr *sa)
{
	const struct sockaddr_in *in4 = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (sa->sa_family == AF_INET)
		return ntohl(in4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return sa->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

void
look_at_dns(const struct server_conf *c)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char text[INET6_ADDRSTRLEN] = "";
	int rc = getaddrinfo(c->hostname, NULL, &want, &list), local = 0;

	if (rc != 0) {
		found(FOUND_BAD, "dns",
		    "%s is not found (%s): other nodes cannot reach this one; have the name "
		    "registered, or correct Hostname",
		    c->hostname, gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		local |= is_local(a->ai_addr);
	getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
	if (local)
		found(FOUND_WARN, "dns",
		    "%s is %s, this machine alone: nobody else reaches the node; set Hostname to a "
		    "name that others know",
		    c->hostname, text);
	else
		found(FOUND_OK, "dns", "%s is %s%s", c->hostname, text,
		    list->ai_next != NULL ? " and others" : "");
	freeaddrinfo(list);
}
