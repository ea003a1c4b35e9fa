/*
 * Lines without a pattern are sorted by kind and value, so that a long list costs a few searches;
 * patterns (PCRE2) are tried in their order.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <ctype.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "blocklist.h"
#include "crypto.h"
#include "log.h"
#include "routing.h"
#include "textfile.h"

/*
 * What one pattern may cost for one address (of 254 octets at most): an honest one needs some
 * hundreds of steps, this many take a millisecond or so.
 */
#define MATCH_LIMIT    50000
#define DEPTH_LIMIT    5000
#define HEAP_LIMIT_KIB 1024
#define MAX_PATTERN    4096
#define MAX_NESTING    50

#define BLANKS	" \t\r\v\f"

enum kind { ADDRESS, USER, ONEHOST, ALLHOSTS, PATTERN, KINDS };

struct rule {
	enum kind kind;
	uint32_t line;
	int deny;
	char *value; /* lower case; NULL for a pattern */
	pcre2_code *code;
	struct log_state slow;
};

struct blocklist {
	char *name;
	struct rule *r; /* values sorted, then the patterns by line */
	size_t n, cap;
	size_t nvalues; /* of them are no patterns */
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

static void *
must(void *p)
{
	if (p == NULL)
		fatal("blocklist");
	return p;
}

/* --- reading --- */

static const char *const kinds[KINDS] = { "address", "user", "onehost", "allhosts", "pattern" };

static int
kind_of(const char *word, enum kind *kind, struct errmsg *e)
{
	for (enum kind k = 0; k < KINDS; k++)
		if (strcasecmp(word, kinds[k]) == 0) {
			*kind = k;
			return 0;
		}
	return err_set(e, "\"%.40s\" is none of address, user, onehost, allhosts, pattern", word);
}

/* Something that an address could match. */
static int
check_value(enum kind k, const char *value, struct errmsg *e)
{
	struct buf whole = { 0 };
	int ok;

	buf_printf(&whole, "%s%s%s", k == ONEHOST || k == ALLHOSTS ? "x@" : "", value,
	    k == USER ? "@x" : "");
	ok = mailbox_valid(buf_cstr(&whole), whole.len);
	buf_free(&whole);
	return ok ? 0 : err_set(e, "\"%.80s\" can be in no address as %s", value, kinds[k]);
}

/* "/.../" */
static int
compile(struct rule *r, const char *value, struct errmsg *e)
{
	pcre2_compile_context *c = must(pcre2_compile_context_create(NULL));
	size_t len = strlen(value);
	PCRE2_UCHAR why[120];
	PCRE2_SIZE at = 0;
	int code = 0;

	if (len < 2 || value[0] != '/' || value[len - 1] != '/') {
		pcre2_compile_context_free(c);
		return err_set(e, "a pattern stands between two '/'");
	}
	pcre2_set_max_pattern_length(c, MAX_PATTERN);
	pcre2_set_parens_nest_limit(c, MAX_NESTING);
	r->code = pcre2_compile((PCRE2_SPTR)value + 1, len - 2,
	    PCRE2_CASELESS | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C, &code,
	    &at, c);
	pcre2_compile_context_free(c);
	if (r->code != NULL)
		return 0;
	pcre2_get_error_message(code, why, sizeof(why));
	return err_set(e, "the pattern is wrong at its character %zu: %s", (size_t)at + 1,
	    (char *)why);
}

static void
rule_add(struct blocklist *b, const struct rule *r)
{
	if (b->n == b->cap) {
		b->cap = b->cap * 2 + 16;
		b->r = must(reallocarray(b->r, b->cap, sizeof(*b->r)));
	}
	b->r[b->n++] = *r;
}

/* The next word of *s, ended by NUL; *s is behind the blanks that follow. NULL: none. */
static char *
word(char **s)
{
	char *at = *s;

	if (*at == '\0')
		return NULL;
	*s += strcspn(*s, BLANKS);
	if (**s != '\0')
		*(*s)++ = '\0';
	*s += strspn(*s, BLANKS);
	return at;
}

static int
take_line(void *arg, char *line, unsigned number, struct errmsg *e)
{
	struct blocklist *b = arg;
	char *rest = line, *verdict = word(&rest), *kind = word(&rest);
	struct rule r = { .line = number };

	if (strcasecmp(verdict, "Deny") != 0 && strcasecmp(verdict, "Allow") != 0)
		return err_set(e, "a line begins with Deny or Allow, not \"%.40s\"", verdict);
	if (kind == NULL || *rest == '\0')
		return err_set(e, "expected \"%s KIND WHAT\"", verdict);
	r.deny = strcasecmp(verdict, "Deny") == 0;
	if (kind_of(kind, &r.kind, e) == -1)
		return -1;
	if (r.kind == PATTERN) {
		if (compile(&r, rest, e) == -1)
			return -1;
	} else {
		if (check_value(r.kind, rest, e) == -1)
			return -1;
		r.value = must(strdup(rest));
		for (char *c = r.value; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
	}
	rule_add(b, &r);
	return 0;
}

static int
by_value(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	int d = (int)x->kind - (int)y->kind;

	if (d == 0 && x->kind != PATTERN)
		d = strcmp(x->value, y->value);
	return d != 0 ? d : x->line < y->line ? -1 : 1;
}

struct blocklist *
blocklist_parse(const char *name, const char *text, size_t len, struct errmsg *e)
{
	struct blocklist *b = must(calloc(1, sizeof(*b)));

	b->name = must(strdup(name));
	b->data = must(pcre2_match_data_create(1, NULL));
	b->limits = must(pcre2_match_context_create(NULL));
	pcre2_set_match_limit(b->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(b->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(b->limits, HEAP_LIMIT_KIB);
	if (textfile_lines(name, text, len, take_line, b, e) == -1) {
		blocklist_free(b);
		return NULL;
	}
	if (b->n > 0)
		qsort(b->r, b->n, sizeof(*b->r), by_value);
	while (b->nvalues < b->n && b->r[b->nvalues].kind != PATTERN)
		b->nvalues++;
	return b;
}

struct blocklist *
blocklist_load(const char *path, struct errmsg *e)
{
	struct blocklist *b = NULL;
	struct buf text = { 0 };

	if (textfile_read(&text, path, e) == 0)
		b = blocklist_parse(path, buf_cstr(&text), text.len, e);
	buf_free(&text);
	return b;
}

void
blocklist_free(struct blocklist *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++) {
		free(b->r[i].value);
		pcre2_code_free(b->r[i].code);
	}
	pcre2_match_data_free(b->data);
	pcre2_match_context_free(b->limits);
	free(b->r);
	free(b->name);
	free(b);
}

size_t
blocklist_size(const struct blocklist *b)
{
	return b->n;
}

/* --- asking --- */

/* Takes the first line of this kind with this value, if it stands before what was found so far. */
static void
look_up(const struct blocklist *b, enum kind k, const char *value, const struct rule **found)
{
	size_t lo = 0, hi = b->nvalues;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = (int)b->r[mid].kind - (int)k;

		if (d == 0)
			d = strcmp(b->r[mid].value, value);
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < b->nvalues && b->r[lo].kind == k && strcmp(b->r[lo].value, value) == 0 &&
	    (*found == NULL || b->r[lo].line < (*found)->line))
		*found = &b->r[lo];
}

static int
matches(const struct blocklist *b, struct rule *r, const char *mailbox)
{
	int rc = pcre2_match(r->code, (PCRE2_SPTR)mailbox, strlen(mailbox), 0, 0, b->data,
	    b->limits);

	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc < 0 && log_once(&r->slow))
		log_warnx("%s:%u: this pattern takes too long for an address: it counts as one "
			  "that matches",
		    b->name, r->line);
	return 1;
}

/* mailbox in lower case, in pieces: user is cut off from domain. */
static void
look_up_parts(const struct blocklist *b, char *lower, const struct rule **found)
{
	char *at = strrchr(lower, '@');

	look_up(b, ADDRESS, lower, found);
	if (at == NULL)
		return;
	*at = '\0';
	look_up(b, USER, lower, found);
	look_up(b, ONEHOST, at + 1, found);
	for (const char *domain = at + 1; domain != NULL; domain = strchr(domain, '.')) {
		domain += *domain == '.';
		look_up(b, ALLHOSTS, domain, found);
	}
}

int
blocklist_blocks(struct blocklist *b, const char *mailbox)
{
	const struct rule *found = NULL;
	char *lower;

	if (b == NULL)
		return 0;
	lower = must(strdup(mailbox));
	for (char *c = lower; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	look_up_parts(b, lower, &found);
	wipe(lower, strlen(mailbox));
	free(lower);
	for (size_t i = b->nvalues; i < b->n; i++) {
		if (found != NULL && found->line < b->r[i].line)
			break;
		if (matches(b, &b->r[i], mailbox)) {
			found = &b->r[i];
			break;
		}
	}
	return found != NULL && found->deny;
}
