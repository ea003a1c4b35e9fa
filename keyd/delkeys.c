/*
 * keyd -D: all packet keys go, with their replay logs; the identity stays. What was sent to them
 * can be read by nobody any more, and neither by us.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "keydirs.h"
#include "replay.h"

/* 1 if it is gone. */
static unsigned
delete_one(const struct keystore *ks, uint32_t number)
{
	char log[REPLAY_NAME_LEN];
	struct errmsg e;

	if (keyset_wipe(ks, number, &e) == -1) {
		log_errorx("KeyDir/%s", e.s);
		return 0;
	}
	replay_name(log, number);
	if (files_wipe(ks->replay, log) == -1)
		log_warn("work/replay/%s", log);
	return 1;
}

void
delete_keys(struct daemon *d)
{
	struct keystore ks = { 0 };
	struct buf numbers = { 0 };
	unsigned n = 0, gone = 0;
	struct errmsg e;

	keydirs_open(&ks, d->conf, 0);
	keydirs_confine(&ks, d, 1);
	if (keystore_numbers(&ks, &numbers) == -1)
		fatal("KeyDir cannot be listed");
	for (uint32_t number; n * sizeof(number) < numbers.len; n++) {
		memcpy(&number, numbers.p + n * sizeof(number), sizeof(number));
		gone += delete_one(&ks, number);
	}
	buf_free(&numbers);
	if (files_replace(ks.dirfd, "current-desc", "", 0, &e) == -1)
		log_warnx("KeyDir: %s", e.s);
	printf("%u packet key%s deleted; the next start makes new ones\n", gone,
	    gone == 1 ? "" : "s");
	if (fflush(stdout) == EOF)
		fatal("standard output");
	exit(gone == n ? 0 : 111);
}
