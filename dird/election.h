/*
 * One cycle from the vote to the publication (dir-spec 7.2 to 7.6) as a state without clock, disk
 * or network: documents are put in, documents to sign and to publish come out.
 */
#ifndef DIRD_ELECTION_H
#define DIRD_ELECTION_H

#include "report.h"

struct election {
	const struct dird_conf *conf;
	size_t self; /* our index among conf->voters */
	struct cycle cycle;
	struct ballot ballot;
	struct buf vote_body; /* our own vote, unsigned; empty: we did not vote */
	int tallied; /* ours is what we could make of the votes, or nothing */
	struct signed_doc ours; /* what we signed, with all signatures that were collected */
	int fallback; /* ours is our own vote (7.6) */
	struct other_result *others; /* as conf->voters */
};

void election_begin(struct election *e, const struct dird_conf *conf, size_t self,
    const struct cycle *c);
void election_end(struct election *e);
/* Our vote: the text that was signed. -1 with a reason: it would not be counted by anybody. */
int election_voted(struct election *e, const char *text, size_t len, struct errmsg *why);
/*
 * What was fetched as the vote of voters[who]. The index of the voter and 1 in *fresh if it is to
 * be published for the others to see; -1 with a reason.
 */
int election_take_vote(struct election *e, size_t who, const char *text, size_t len, int *fresh,
    struct errmsg *why);
/* The same, but from somebody who was given it: what is wrong with it is not his whose it is. */
int election_take_relayed(struct election *e, const char *text, size_t len, int *fresh);
/* Why nothing came. */
void election_no_vote(struct election *e, size_t who, const char *why);
/* The consensus, to be signed: appends its body. -1 with a reason: too few votes. */
int election_tally(struct election *e, struct buf *body, struct errmsg *why);
/* Takes the body over and adds our signature of it. */
int election_signed(struct election *e, struct buf *body, const char *section, size_t len,
    struct errmsg *why);
/*
 * What voters[who] signed, as fetched: how many signatures were new. An other directory than ours
 * is kept for the report.
 */
size_t election_take_signed(struct election *e, size_t who, const char *text, size_t len);
void election_not_signed(struct election *e, size_t who, const char *why);
/* Are all signatures there? */
int election_complete(const struct election *e);
/*
 * Before publication: 1 if nobody agrees and our own vote is to be signed instead; then its body is
 * appended, and election_signed is to be called.
 */
int election_fallback(struct election *e, struct buf *body);
void election_report(const struct election *e, struct buf *out);
enum outcome election_outcome(const struct election *e);

#endif
