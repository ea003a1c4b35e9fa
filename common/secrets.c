/*
 * Private keys are about to be held: memory that stays out of swap and of dumps. OpenSSL keeps
 * their numbers in a heap of its own; what they are read from and sent in lies in ours.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sandbox.h"
#include "secrets.h"

/* For the private parts of a handful of RSA keys; a power of two. */
#define SECURE_HEAP (256 * 1024)
#define SECURE_MIN  16
/* What malloc has in hand from the start, so that it does not have to take unlocked memory. */
#define IN_HAND (1024 * 1024)

static void
grow_heap(void)
{
	void *p;

	mallopt(M_TRIM_THRESHOLD, 2 * IN_HAND);
	mallopt(M_MMAP_THRESHOLD, 2 * IN_HAND);
	if ((p = malloc(IN_HAND)) == NULL)
		fatal("malloc");
	explicit_bzero(p, IN_HAND); /* or the compiler sees that nothing happens here */
	free(p);
}

/* All data there is now; what a test build adds to it is too much. 0, or -1. */
static int
lock_data(void)
{
	FILE *f = sandbox_built_in() ? fopen("/proc/self/maps", "re") : NULL;
	unsigned long from, to;
	char line[512], rights[5];
	int rc = 0;

	if (f == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 || rights[1] != 'w')
			continue;
		if (mlock((void *)from, to - from) == -1 ||
		    madvise((void *)from, to - from, MADV_DONTDUMP) == -1)
			rc = -1;
	}
	fclose(f);
	return rc;
}

void
secrets_protect(void)
{
	struct rlimit rl;
	/* 2: made, but not locked */
	int made = CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_MIN) == 1;
	int all;

	grow_heap();
	all = lock_data() == 0;
	/* What comes later too, only where no limit could make it fail. */
	if (getrlimit(RLIMIT_MEMLOCK, &rl) == 0 && rl.rlim_cur == RLIM_INFINITY)
		all = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
	if (!(made && all) && sandbox_built_in())
		log_warnx("keys may be swapped out: the limit on locked memory (RLIMIT_MEMLOCK) "
			  "is too small");
}
