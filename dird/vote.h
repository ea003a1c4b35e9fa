/*
 * Our own vote (dir-spec 7.2) and the raw list (7.1.1): what we know and think, as text.
 */
#ifndef DIRD_VOTE_H
#define DIRD_VOTE_H

#include "cycle.h"
#include "dconf.h"
#include "reliability.h"
#include "store.h"

/* The signed part of our vote for the cycle. reliability: NULL if there is none that counts. */
void vote_format(struct buf *out, const struct store *st, const struct dird_conf *c,
    const struct reliability *r, const struct cycle *cy);
/* Is it listed, and recommended? For the vote and for people. */
int vote_lists(const struct server *s, const struct dird_conf *c, int64_t valid_after);
int vote_recommends(const struct server *s, const struct dird_conf *c,
    const struct reliability *r, int64_t valid_after);
/* Every live descriptor of every identity that is not rejected or banned. */
void vote_raw_list(struct buf *out, const struct store *st, int64_t now);
/* The same vote as a consensus: for who finds nobody that agrees (7.6). Appends. */
void vote_as_consensus(struct buf *out, const char *body, size_t len);

#endif
