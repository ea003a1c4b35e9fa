#include <stdlib.h>
#include <string.h>

#include "dirtext.h"
#include "log.h"
#include "upload.h"
#include "vote.h"

/* What makes up a vote, grown while the servers are walked. */
struct lists {
	const struct desc **descs;
	size_t ndescs;
	char **recommended;
	size_t nrecommended;
};

/* 7.3 would leave it out: not worth a vote. */
static int
desc_serves(const struct desc *d, int64_t valid_after)
{
	return d->valid_until >= valid_after && d->valid_after <= valid_after + TOO_FAR;
}

int
vote_lists(const struct server *s, const struct dird_conf *c, int64_t valid_after)
{
	if (s->state != SRV_APPROVED || dconf_lists(&c->excluded, s->nickname))
		return 0;
	for (size_t i = 0; i < s->ndescs; i++)
		if (desc_serves(s->descs[i], valid_after))
			return 1;
	return 0;
}

static int
works_on(const struct server *s, int64_t day)
{
	for (size_t i = 0; i < s->ndescs; i++)
		if (desc_valid_at(s->descs[i], day))
			return 1;
	return 0;
}

int
vote_recommends(const struct server *s, const struct dird_conf *c, const struct reliability *r,
    int64_t valid_after)
{
	if (!vote_lists(s, c, valid_after) || !works_on(s, valid_after) ||
	    dconf_lists(&c->bad, s->nickname))
		return 0;
	if (dconf_lists(&c->recommended, s->nickname))
		return 1;
	if (r != NULL)
		return reliability_of(r, s->keyid) >= c->reliability_min;
	/* Without a list and without a pinger everyone approved is as good as another. */
	return c->recommended.n == 0;
}

static void
add_name(struct lists *l, const char *nickname)
{
	dirtext_add(&l->recommended, &l->nrecommended, nickname, strlen(nickname));
	for (char *p = l->recommended[l->nrecommended - 1]; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
}

static void
gather(struct lists *l, const struct store *st, const struct dird_conf *c,
    const struct reliability *r, int64_t valid_after)
{
	for (size_t i = 0; i < st->n; i++) {
		const struct server *s = st->v[i];

		if (!vote_lists(s, c, valid_after))
			continue;
		l->descs =
		    reallocarray(l->descs, l->ndescs + s->ndescs, sizeof(const struct desc *));
		if (l->descs == NULL)
			fatal("out of memory");
		for (size_t j = 0; j < s->ndescs; j++)
			if (desc_serves(s->descs[j], valid_after))
				l->descs[l->ndescs++] = s->descs[j];
		if (vote_recommends(s, c, r, valid_after))
			add_name(l, s->nickname);
	}
}

/* The items of comma lists, one by one. */
static void
split(char ***list, size_t *n, const struct opt_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		for (const char *s = from->v[i]; *s != '\0';) {
			size_t len;

			s += strspn(s, ", \t");
			len = strcspn(s, ", \t");
			if (len > 0)
				dirtext_add(list, n, s, len);
			s += len;
		}
}

void
vote_format(struct buf *out, const struct store *st, const struct dird_conf *c,
    const struct reliability *r, const struct cycle *cy)
{
	int64_t valid_after = cycle_valid_after(cy);
	struct lists l = { .descs = NULL };
	char **clients = NULL, **servers = NULL;
	struct dir_params p = { .status = DIR_VOTE, .valid_after = valid_after,
		.valid_until = valid_after + DIRD_DAY, .voters = c->voters, .nvoters = c->nvoters };

	gather(&l, st, c, r, valid_after);
	split(&clients, &p.nclients, &c->client_versions);
	split(&servers, &p.nservers_sw, &c->server_versions);
	p.clients = (const char *const *)clients;
	p.servers_sw = (const char *const *)servers;
	p.recommended = (const char *const *)l.recommended;
	p.nrecommended = l.nrecommended;
	p.servers = l.descs;
	p.nservers = l.ndescs;
	directory_format(out, &p);
	cycle_mark(out, cy);
	dirtext_free(clients, p.nclients);
	dirtext_free(servers, p.nservers_sw);
	dirtext_free(l.recommended, l.nrecommended);
	free(l.descs);
}

void
vote_raw_list(struct buf *out, const struct store *st, int64_t now)
{
	for (size_t i = 0; i < st->n; i++) {
		const struct server *s = st->v[i];

		if (s->state == SRV_REJECTED || s->state == SRV_BANNED)
			continue;
		for (size_t j = 0; j < s->ndescs; j++)
			if (s->descs[j]->valid_until >= now)
				info_normalize(out, s->descs[j]->text, s->descs[j]->textlen);
	}
}

void
vote_as_consensus(struct buf *out, const char *body, size_t len)
{
	static const char vote[] = "Status: vote";
	size_t at = dirtext_find(body, len, 0, vote);

	buf_put(out, body, at);
	if (at == len)
		return;
	buf_str(out, "Status: consensus");
	at += strlen(vote);
	buf_put(out, body + at, len - at);
}
