/*
 * What the identity key may be used for: votes and directories of our own clique for the cycle
 * that is under way or just over, one vote and two directories a cycle (the consensus, and our vote
 * where nobody agrees). So whoever takes over dird-core cannot vote twice, nor sign for another
 * day.
 */
#ifndef DIRD_SIGNCHECK_H
#define DIRD_SIGNCHECK_H

#include "cycle.h"
#include "dconf.h"

/* What was signed: lines "KIND CYCLE DIGEST", the latest last. */
struct signed_log {
	struct buf text;
};
#define SIGNED_LOG_MAX (64 * 1024)

/*
 * 0 if the text (a signed part; or the old format without digest and signature if old) may be
 * signed at now, and *log has it then (to be written before the signature goes out); -1 with a
 * reason.
 */
int signcheck(struct signed_log *log, const char *text, size_t len, int old,
    const struct dird_conf *c, int64_t now, struct errmsg *e);

#endif
