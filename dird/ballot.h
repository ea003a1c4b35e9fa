/*
 * The votes of one cycle (dir-spec 7.3): who gave which, what is wrong with them, and what they
 * come to. Pure: documents in, a consensus out, the same whatever came first.
 */
#ifndef DIRD_BALLOT_H
#define DIRD_BALLOT_H

#include "cycle.h"
#include "dconf.h"
#include "signed.h"

#define MAX_VOTES_OF_ONE 2 /* to know that somebody has two is enough */

struct ballot {
	const struct dird_conf *conf;
	struct cycle cycle;
	struct one_voter {
		struct directory *votes[MAX_VOTES_OF_ONE]; /* different ones, by digest */
		size_t nvotes;
		struct errmsg why_not; /* the last reason why something of his did not count */
	} *voters; /* as conf->voters */
};

void ballot_init(struct ballot *b, const struct dird_conf *conf, const struct cycle *c);
void ballot_free(struct ballot *b);
/*
 * A document (text, uncompressed) that is said to be the vote of voters[who], or of anyone (-1).
 * Returns the index of the voter whose vote it is and 1 in *fresh if it was not known; -1 with a
 * reason, which is kept for the report if who is given.
 */
int ballot_add(struct ballot *b, int who, const char *text, size_t len, int *fresh,
    struct errmsg *e);
/* Have all voted? */
int ballot_complete(const struct ballot *b);
size_t ballot_count(const struct ballot *b); /* voters who have */
/* The consensus body. -1 with a reason if there are too few votes for one. */
int ballot_tally(struct buf *body, const struct ballot *b, struct errmsg *e);

#endif
