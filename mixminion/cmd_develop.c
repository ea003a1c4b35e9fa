/* testvectors, unittests, benchmarks: the library looked at from outside. */
#include <stdio.h>
#include <sysexits.h>

#include "cli.h"
#include "selftest.h"
#include "ui.h"

static int
flushed(void)
{
	return fflush(stdout) == 0 ? 0 : ui_fail(EX_IOERR, "standard output cannot be written");
}

int
cmd_testvectors(struct cli *cli)
{
	(void)cli;
	selftest_vectors();
	return flushed();
}

int
cmd_unittests(struct cli *cli)
{
	int failed = selftest_run();

	(void)cli;
	return failed == 0 ? flushed() : ui_fail(EX_SOFTWARE, "%d self tests failed", failed);
}

int
cmd_benchmarks(struct cli *cli)
{
	(void)cli;
	selftest_benchmarks();
	return flushed();
}
