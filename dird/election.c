#include <stdlib.h>
#include <string.h>

#include "election.h"
#include "vote.h"

void
election_begin(struct election *e, const struct dird_conf *conf, size_t self,
    const struct cycle *c)
{
	*e = (struct election){ .conf = conf, .self = self, .cycle = *c };
	ballot_init(&e->ballot, conf, c);
	if ((e->others = calloc(conf->nvoters, sizeof(*e->others))) == NULL)
		fatal("out of memory");
}

void
election_end(struct election *e)
{
	for (size_t i = 0; e->others != NULL && i < e->conf->nvoters; i++)
		signed_free(&e->others[i].doc);
	free(e->others);
	ballot_free(&e->ballot);
	buf_free(&e->vote_body);
	signed_free(&e->ours);
	*e = (struct election){ .conf = NULL };
}

int
election_voted(struct election *e, const char *text, size_t len, struct errmsg *why)
{
	struct signed_doc doc;
	int fresh;

	if (ballot_add(&e->ballot, (int)e->self, text, len, &fresh, why) == -1 ||
	    signed_parse(&doc, text, len, why) == -1)
		return -1;
	buf_free(&e->vote_body);
	e->vote_body = doc.body;
	doc.body = (struct buf){ 0 };
	signed_free(&doc);
	return 0;
}

int
election_take_vote(struct election *e, size_t who, const char *text, size_t len, int *fresh,
    struct errmsg *why)
{
	*fresh = 0;
	if (who == e->self)
		return err_set(why, "nobody else can have our own vote");
	return ballot_add(&e->ballot, (int)who, text, len, fresh, why);
}

int
election_take_relayed(struct election *e, const char *text, size_t len, int *fresh)
{
	return ballot_add(&e->ballot, -1, text, len, fresh, NULL);
}

void
election_no_vote(struct election *e, size_t who, const char *why)
{
	err_set(&e->ballot.voters[who].why_not, "%s", why);
}

int
election_tally(struct election *e, struct buf *body, struct errmsg *why)
{
	e->tallied = 1;
	return ballot_tally(body, &e->ballot, why);
}

int
election_signed(struct election *e, struct buf *body, const char *section, size_t len,
    struct errmsg *why)
{
	signed_free(&e->ours);
	signed_init(&e->ours, body);
	if (signed_add(&e->ours, section, len, &e->conf->voters[e->self], 1, why) == 1)
		return 0;
	signed_free(&e->ours);
	return -1;
}

size_t
election_take_signed(struct election *e, size_t who, const char *text, size_t len)
{
	struct other_result *r = &e->others[who];
	struct signed_doc theirs;
	size_t added = 0;

	r->have = 1;
	r->why_not.s[0] = '\0';
	if (signed_parse(&theirs, text, len, &r->why_not) == -1)
		return 0;
	if (!signed_by(&theirs, e->conf->voters[who].fingerprint)) {
		err_set(&r->why_not, "what it publishes is not signed by itself");
		signed_free(&theirs);
		return 0;
	}
	signed_free(&r->doc);
	if (e->ours.body.len > 0 && memcmp(theirs.digest, e->ours.digest, HASH_LEN) == 0) {
		added = signed_merge(&e->ours, &theirs, e->conf->voters, e->conf->nvoters);
		signed_free(&theirs);
	} else {
		r->doc = theirs;
	}
	return added;
}

void
election_not_signed(struct election *e, size_t who, const char *why)
{
	if (!e->others[who].have)
		err_set(&e->others[who].why_not, "%s", why);
}

int
election_complete(const struct election *e)
{
	return e->ours.nsigs == e->conf->nvoters;
}

int
election_fallback(struct election *e, struct buf *body)
{
	if (e->vote_body.len == 0 || e->fallback ||
	    (e->ours.nsigs > 0 && (e->ours.nsigs > 1 || e->conf->nvoters == 1)))
		return 0;
	e->fallback = 1;
	vote_as_consensus(body, (const char *)e->vote_body.p, e->vote_body.len);
	return 1;
}

enum outcome
election_outcome(const struct election *e)
{
	return report_outcome(&e->ours, e->conf->nvoters, e->fallback);
}

void
election_report(const struct election *e, struct buf *out)
{
	report_format(out, &e->ballot, &e->ours, e->others, e->self, e->fallback);
}
