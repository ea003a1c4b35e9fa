#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "report.h"

#define MAX_DIFF 40

enum outcome
report_outcome(const struct signed_doc *ours, size_t nvoters, int fallback)
{
	if (ours->nsigs == nvoters && !fallback)
		return OUT_FULL;
	if (ours->nsigs > nvoters / 2 && !fallback)
		return OUT_MAJORITY;
	return ours->nsigs > 1 ? OUT_MINORITY : OUT_ALONE;
}

/* --- in what two differ --- */

struct differ {
	struct buf *out;
	size_t lines;
};

static void
say(struct differ *d, const char *what, const char *item, const char *where)
{
	if (d->lines++ < MAX_DIFF)
		buf_printf(d->out, "    %s %.64s: only in %s\n", what, item, where);
	else if (d->lines == MAX_DIFF + 1)
		buf_str(d->out, "    and more\n");
}

static int
listed(char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], s) == 0)
			return 1;
	return 0;
}

static void
diff_lists(struct differ *d, const char *what, char *const *a, size_t na, char *const *b,
    size_t nb)
{
	for (size_t i = 0; i < na && d->lines <= MAX_DIFF; i++)
		if (!listed(b, nb, a[i]))
			say(d, what, a[i], "ours");
	for (size_t i = 0; i < nb && d->lines <= MAX_DIFF; i++)
		if (!listed(a, na, b[i]))
			say(d, what, b[i], "theirs");
}

static int
has_desc(const struct directory *d, const struct desc *s)
{
	for (size_t i = 0; i < d->nservers; i++)
		if (memcmp(d->servers[i]->digest, s->digest, HASH_LEN) == 0)
			return 1;
	return 0;
}

static void
diff_servers(struct differ *d, const struct directory *a, const struct directory *b,
    const char *where)
{
	for (size_t i = 0; i < a->nservers && d->lines <= MAX_DIFF; i++)
		if (!has_desc(b, a->servers[i])) {
			const struct desc *s = a->servers[i];
			char item[64], date[11];

			fmt_date(date, s->valid_after);
			snprintf(item, sizeof(item), "%s from %s", s->nickname, date);
			say(d, "descriptor of", item, where);
		}
}

static void
diff_voters(struct differ *d, const struct directory *a, const struct directory *b,
    const char *where)
{
	for (size_t i = 0; i < a->nvoters; i++) {
		const struct dir_voter *v = &a->voters[i];
		char item[2 * HASH_LEN + 1];
		int found = 0;

		for (size_t j = 0; j < b->nvoters; j++)
			found |= memcmp(v->fingerprint, b->voters[j].fingerprint, HASH_LEN) == 0 &&
			    strcmp(v->url, b->voters[j].url) == 0;
		hex_upper(item, v->fingerprint, HASH_LEN);
		if (!found)
			say(d, "voter", item, where);
	}
}

void
report_diff(struct buf *out, const struct signed_doc *ours, const struct signed_doc *other)
{
	struct differ d = { out, 0 };
	struct errmsg e;
	struct directory *a = directory_parse((char *)ours->body.p, ours->body.len, INT64_MAX / 4,
			     &e),
			 *b = directory_parse((char *)other->body.p, other->body.len,
			     INT64_MAX / 4, &e);

	if (a == NULL || b == NULL) {
		buf_printf(out, "    it cannot be read: %s\n", e.s);
	} else {
		diff_voters(&d, a, b, "ours");
		diff_voters(&d, b, a, "theirs");
		diff_lists(&d, "recommended server", a->recommended, a->nrecommended,
		    b->recommended, b->nrecommended);
		diff_lists(&d, "client version", a->clients, a->nclients, b->clients, b->nclients);
		diff_lists(&d, "server version", a->servers_sw, a->nservers_sw, b->servers_sw,
		    b->nservers_sw);
		diff_servers(&d, a, b, "ours");
		diff_servers(&d, b, a, "theirs");
		if (d.lines == 0)
			buf_str(out, "    the same content, written differently\n");
	}
	directory_free(a);
	directory_free(b);
}

/* --- one authority --- */

static void
say_vote(struct buf *out, const struct one_voter *v)
{
	if (v->nvotes == 1)
		buf_str(out, "  voted\n");
	else if (v->nvotes > 1)
		buf_str(out, "  gave DIFFERENT VOTES to different authorities. The signed votes\n"
			     "    are kept beside ours: ask its operator; if he cannot explain,\n"
			     "    take its Authority line out, all of you on the same day.\n");
	else if (v->why_not.s[0] != '\0')
		buf_printf(out, "  no vote that counts: %s\n", v->why_not.s);
	else
		buf_str(out, "  no vote: it could not be reached, or has none\n");
}

static void
say_signature(struct buf *out, const struct signed_doc *ours, const struct other_result *r,
    const uint8_t fingerprint[HASH_LEN])
{
	if (signed_by(ours, fingerprint)) {
		buf_str(out, "  signed what we signed\n");
	} else if (r->doc.body.len > 0) {
		buf_str(out, "  signed ANOTHER DIRECTORY (fragmentation):\n");
		report_diff(out, ours, &r->doc);
	} else if (r->why_not.s[0] != '\0') {
		buf_printf(out, "  no signature: %s\n", r->why_not.s);
	} else {
		buf_str(out, "  no signature\n");
	}
}

/* What may be wrong, from what was seen. */
static void
advise(struct buf *out, const struct ballot *b, enum outcome o)
{
	size_t votes = ballot_count(b), n = b->conf->nvoters;

	if (o == OUT_FULL)
		return;
	if (votes <= n / 2)
		buf_printf(out, "Only %zu of %zu votes: there can be no consensus. Is this machine "
				"cut off, or its clock wrong? Do all have the same Authority "
				"lines?\n",
		    votes, n);
	else if (o == OUT_MAJORITY)
		buf_str(out, "Clients take this directory. Talk to the operators of the others "
			     "before one more is lost.\n");
	else
		buf_str(out, "Clients will refuse this directory and use the last good one. "
			     "Compare Authority lines and clocks with the other operators.\n");
}

static void
summary(struct buf *out, const struct ballot *b, const struct signed_doc *ours, enum outcome o)
{
	static const char *const words[] = {
		[OUT_FULL] = "consensus of all",
		[OUT_MAJORITY] = "consensus of a majority",
		[OUT_MINORITY] = "CONSENSUS HAS FAILED: too few signatures",
		[OUT_ALONE] = "CONSENSUS HAS FAILED: nobody agrees, our own vote is published",
	};
	char name[CYCLE_NAME_LEN];

	cycle_name(name, &b->cycle);
	buf_printf(out, "%s: %s (%zu of %zu voted, %zu signed)\n", name,
	    ours->nsigs > 0 ? words[o] : "CONSENSUS HAS FAILED: the last directory stays",
	    ballot_count(b), b->conf->nvoters, ours->nsigs);
}

void
report_format(struct buf *out, const struct ballot *b, const struct signed_doc *ours,
    const struct other_result *others, size_t self, int fallback)
{
	enum outcome o = report_outcome(ours, b->conf->nvoters, fallback);
	char hex[2 * HASH_LEN + 1];

	summary(out, b, ours, o);
	for (size_t i = 0; i < b->conf->nvoters; i++) {
		const struct dir_voter *v = &b->conf->voters[i];

		hex_upper(hex, v->fingerprint, HASH_LEN);
		buf_printf(out, "%s %s%s\n", hex, v->url, i == self ? " (ourselves)" : "");
		say_vote(out, &b->voters[i]);
		if (i != self)
			say_signature(out, ours, &others[i], v->fingerprint);
	}
	advise(out, b, o);
}
