/*
 * The clocks of the daemons, in a file of their own: a test that is linked with other ones sees
 * years pass in seconds.
 */
#include <time.h>

#include "daemon.h"

static int64_t began, began_uptime;

#ifdef WITH_TEST_HOOKS
#include <sys/mman.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Seconds that the clock and the uptime are ahead: a test writes them at any time. */
static const volatile int64_t *ahead;

static void
find_fake(void)
{
	const char *path = getenv("MIXMINION_FAKE_CLOCK");
	int fd;
	void *p;

	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, 2 * sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
	if (fd == -1 || p == MAP_FAILED)
		fatal("%s", path);
	ahead = p;
	close(fd);
}

static int64_t
fake(int which)
{
	return ahead != NULL ? ahead[which] : 0;
}
#else
#define find_fake() ((void)0)
#define fake(which) 0
#endif

void
daemon_clock_init(void)
{
	find_fake();
	began = daemon_now();
	began_uptime = daemon_uptime();
}

int64_t
daemon_now(void)
{
	return (int64_t)time(NULL) + fake(0);
}

int64_t
daemon_uptime(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) == -1)
		fatal("clock_gettime");
	return ts.tv_sec + fake(1);
}

int64_t
daemon_steady(void)
{
	return began + daemon_uptime() - began_uptime;
}
