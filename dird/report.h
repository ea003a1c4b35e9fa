/*
 * What the operator is told when a cycle ends (dir-spec 7.4, 7.6): who voted, who signed, who
 * disagreed in what, and what to do.
 */
#ifndef DIRD_REPORT_H
#define DIRD_REPORT_H

#include "ballot.h"

enum outcome {
	OUT_FULL, /* all signed one directory */
	OUT_MAJORITY, /* more than half did */
	OUT_MINORITY, /* some others agree, but no client will take it */
	OUT_ALONE /* nobody agrees: our own vote is all there is */
};

/* What one authority said it signed. */
struct other_result {
	int have; /* its document was fetched */
	struct signed_doc doc; /* if it differs from ours; else empty */
	struct errmsg why_not; /* if it was not, or is none: why */
};

enum outcome report_outcome(const struct signed_doc *ours, size_t nvoters, int fallback);
/*
 * ours: what we publish; self: our index among the voters; fallback: 1 if it is our own vote.
 * others: as the voters. The first line is a summary.
 */
void report_format(struct buf *out, const struct ballot *b, const struct signed_doc *ours,
    const struct other_result *others, size_t self, int fallback);
/* In what two directories differ, a line each, indented; at most 40 lines. */
void report_diff(struct buf *out, const struct signed_doc *ours, const struct signed_doc *other);

#endif
