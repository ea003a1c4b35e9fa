#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pubstate.h"
#include "schedule.h"
#include "url.h"

#define HOUR 3600

#define WAITING_AGAIN (12 * HOUR)
#define REFUSED_AGAIN (24 * HOUR)
#define MAX_ENTRIES   4096

static const char *const names[] = { "new", "accepted", "waiting", "refused", "failed" };

struct pub_entry *
pubstate_get(struct pubstate *s, uint32_t number, const char *url)
{
	struct pub_entry *e;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].number == number && strcmp(s->v[i].url, url) == 0) {
			s->v[i].wanted = 1;
			return &s->v[i];
		}
	s->v = reallocarray(s->v, s->n + 1, sizeof(*s->v));
	if (s->v == NULL)
		fatal("out of memory");
	e = &s->v[s->n++];
	*e = (struct pub_entry){ .number = number, .wanted = 1 };
	if ((e->url = strdup(url)) == NULL)
		fatal("out of memory");
	return e;
}

int
pubstate_due(const struct pub_entry *e, const uint8_t md[PUB_MD_LEN], int64_t now)
{
	if (e->outcome == PUB_NEW || memcmp(e->md, md, PUB_MD_LEN) != 0)
		return 1;
	/* Further away than any pause: the clock was set back. */
	return e->next != 0 && (e->next <= now || e->next > now + REFUSED_AGAIN);
}

void
pubstate_note(struct pub_entry *e, const uint8_t md[PUB_MD_LEN], enum pub_outcome outcome,
    int64_t now, const struct rng *rng)
{
	memcpy(e->md, md, PUB_MD_LEN);
	e->outcome = outcome;
	e->tries = outcome == PUB_FAILED ? e->tries + 1 : 0;
	switch (outcome) {
	case PUB_WAITING: e->next = now + WAITING_AGAIN; break;
	case PUB_REFUSED: e->next = now + REFUSED_AGAIN; break;
	case PUB_FAILED: e->next = now + schedule_upload_retry(e->tries, rng); break;
	default: e->next = 0;
	}
}

void
pubstate_prune(struct pubstate *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!s->v[i].wanted) {
			free(s->v[i].url);
			continue;
		}
		s->v[kept] = s->v[i];
		s->v[kept++].wanted = 0;
	}
	s->n = kept;
}

void
pubstate_forget_all(struct pubstate *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->v[i].outcome = PUB_NEW;
		s->v[i].tries = 0;
	}
}

size_t
pubstate_count(const struct pubstate *s, enum pub_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].outcome == outcome;
	return n;
}

void
pubstate_free(struct pubstate *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].url);
	free(s->v);
	*s = (struct pubstate){ NULL, 0 };
}

/* --- the file: "number digest outcome tries next url" --- */

void
pubstate_format(struct buf *out, const struct pubstate *s)
{
	char hex[2 * PUB_MD_LEN + 1];

	for (size_t i = 0; i < s->n; i++) {
		const struct pub_entry *e = &s->v[i];

		hex_encode(hex, e->md, PUB_MD_LEN);
		buf_printf(out, "%u %s %s %u %lld %s\n", (unsigned)e->number, hex,
		    names[e->outcome], e->tries, (long long)e->next, e->url);
	}
}

static int
outcome_of(const char *word)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

static int
parse_line(struct pubstate *s, char *line)
{
	char *save = NULL, *word[6];
	const char *f1 = NULL, *f2 = NULL, *f3 = NULL;
	long long number, tries, next;
	uint8_t md[PUB_MD_LEN];
	struct pub_entry *e;
	struct url u;
	int outcome;

	for (size_t i = 0; i < 6; i++)
		if ((word[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return -1;
	number = strtonum(word[0], 0, UINT32_MAX, &f1);
	tries = strtonum(word[3], 0, 1000000, &f2);
	next = strtonum(word[4], 0, INT64_MAX / 2, &f3);
	outcome = outcome_of(word[2]);
	if (f1 != NULL || f2 != NULL || f3 != NULL || outcome == -1 ||
	    hex_decode(md, sizeof(md), word[1], strlen(word[1])) == -1 ||
	    url_parse(&u, word[5], URL_WEB, NULL) == -1 || s->n >= MAX_ENTRIES)
		return -1;
	e = pubstate_get(s, (uint32_t)number, word[5]);
	memcpy(e->md, md, sizeof(md));
	e->outcome = (enum pub_outcome)outcome;
	e->tries = (unsigned)tries;
	e->next = next;
	return 0;
}

int
pubstate_parse(struct pubstate *s, char *text)
{
	char *line, *save = NULL;
	int rc = 0;

	for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		if (parse_line(s, line) == -1)
			rc = -1;
	return rc;
}
