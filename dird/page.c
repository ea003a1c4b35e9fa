/*
 * B/ for people (dir-spec 5.1): the servers, what they can, the policy, the signatures, the last
 * vote. No script, nothing from elsewhere; all that others wrote is escaped.
 */
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "vote.h"

static void
escaped(struct buf *out, const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		switch (*s) {
		case '&': buf_str(out, "&amp;"); break;
		case '<': buf_str(out, "&lt;"); break;
		case '>': buf_str(out, "&gt;"); break;
		case '"': buf_str(out, "&quot;"); break;
		case '\'': buf_str(out, "&#39;"); break;
		default: buf_u8(out, (uint8_t)*s);
		}
}

static void
head(struct buf *out, const struct page_input *in)
{
	char when[20];

	fmt_time(when, in->now);
	buf_str(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<title>Directory of a Type III remailer network</title>\n<style>\n"
	    "body { font-family: sans-serif; max-width: 60em; margin: 1em auto; padding: 0 1em }\n"
	    "table { border-collapse: collapse } td, th { padding: .2em .8em; text-align: left;\n"
	    "border-bottom: 1px solid #ccc } pre { overflow-x: auto }\n"
	    "</style>\n</head>\n<body>\n<h1>Directory of a Type III remailer network</h1>\n<p>");
	escaped(out, in->conf->comments);
	buf_printf(out, "</p>\n<p>Written %s UTC.", when);
	if (in->conf->contact != NULL) {
		buf_str(out, " Contact: ");
		escaped(out, in->conf->contact);
	}
	buf_str(out, "</p>\n<p>Documents: <a href=\"current.gz\">the directory</a>, "
		     "<a href=\"current-raw-servers.gz\">all descriptors that are known</a>. "
		     "Clients believe the signatures of more than half of the directory servers "
		     "that they trust, not this page.</p>\n");
}

/* The descriptor of the day, else the first. */
static const struct desc *
desc_of(const struct server *s, int64_t now)
{
	for (size_t i = 0; i < s->ndescs; i++)
		if (desc_valid_at(s->descs[i], now))
			return s->descs[i];
	return s->ndescs > 0 ? s->descs[0] : NULL;
}

static void
abilities(struct buf *out, const struct desc *d)
{
	if (d->has_incoming)
		buf_str(out, "relay ");
	if (d->has_mbox)
		buf_str(out, "mbox ");
	if (d->has_smtp)
		buf_str(out, "smtp ");
	if (d->has_fragmented)
		buf_str(out, "frag ");
}

static void
server_row(struct buf *out, const struct page_input *in, const struct server *s, int64_t day)
{
	const struct desc *d = desc_of(s, in->now);
	char until[11];

	buf_str(out, "<tr><td>");
	escaped(out, s->nickname);
	buf_str(out, "</td><td>");
	if (d != NULL)
		abilities(out, d);
	buf_printf(out, "</td><td>%s</td><td>",
	    vote_recommends(s, in->conf, in->reliability, day) ? "recommended"
		: vote_lists(s, in->conf, day)		       ? "listed"
								       : "not listed");
	if (d != NULL) {
		fmt_date(until, d->valid_until);
		buf_printf(out, "until %s", until);
	}
	buf_str(out, "</td><td>");
	if (d != NULL)
		escaped(out, d->software);
	buf_str(out, "</td></tr>\n");
}

/* What waits or was refused is not shown: nobody is to be able to write here. */
static void
servers(struct buf *out, const struct page_input *in)
{
	int64_t day = in->now / DIRD_DAY * DIRD_DAY;
	size_t n = 0;

	buf_str(out, "<h2>Servers</h2>\n<table>\n<tr><th>Nickname</th><th>Can</th>"
		     "<th>We think</th><th>Valid</th><th>Software</th></tr>\n");
	for (size_t i = 0; i < in->store->n; i++)
		if (in->store->v[i]->state == SRV_APPROVED) {
			server_row(out, in, in->store->v[i], day);
			n++;
		}
	buf_printf(out, "</table>\n<p>%zu servers are approved, %zu wait for approval.</p>\n", n,
	    in->store->nwaiting);
}

static void
voters(struct buf *out, const struct page_input *in)
{
	char hex[2 * HASH_LEN + 1];

	buf_str(out, "<h2>Directory servers that vote</h2>\n<table>\n");
	for (size_t i = 0; i < in->conf->nvoters; i++) {
		hex_upper(hex, in->conf->voters[i].fingerprint, HASH_LEN);
		buf_printf(out, "<tr><td><code>%s</code></td><td><a href=\"", hex);
		escaped(out, in->conf->voters[i].url);
		buf_str(out, "\">");
		escaped(out, in->conf->voters[i].url);
		buf_str(out, "</a></td></tr>\n");
	}
	buf_str(out, "</table>\n<h2>The last vote</h2>\n<pre>");
	if (in->report->len > 0) {
		struct buf text = { 0 };

		buf_put(&text, in->report->p, in->report->len);
		escaped(out, buf_cstr(&text));
		buf_free(&text);
	} else {
		buf_str(out, "None since this server was started.");
	}
	buf_str(out, "</pre>\n");
}

void
page_format(struct buf *out, const struct page_input *in)
{
	head(out, in);
	buf_str(out, "<h2>Policy</h2>\n<p>");
	escaped(out, in->conf->policy != NULL
		? in->conf->policy
		: "A new server is listed when the operator has approved its identity.");
	buf_str(out, "</p>\n<p>Servers upload their descriptors to <code>");
	escaped(out, in->conf->url);
	buf_str(out, "upload</code>.</p>\n");
	servers(out, in);
	voters(out, in);
	buf_str(out, "</body>\n</html>\n");
}
