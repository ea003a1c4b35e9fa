/*
 * What the parser makes of octets that strangers wrote: no I/O, no clock.
 */
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "directory.h"
#include "parse.h"

/* --- directories and descriptors --- */

/* A text that begins with a [Server] section is a descriptor. */
static int
is_descriptor(const void *p, size_t len)
{
	return len >= 8 && memcmp(p, "[Server]", 8) == 0;
}

static int
take_descriptor(struct hostlist *l, const void *p, size_t len, struct parse_rep *rep, int64_t now,
    struct errmsg *e)
{
	struct desc *d = desc_parse(p, len, now, e);

	if (d == NULL)
		return -1;
	hostlist_add(l, d->hostname);
	rep->valid_after = d->valid_after;
	rep->valid_until = d->valid_until;
	rep->nservers = 1;
	desc_free(d);
	return 0;
}

static int
check(const struct directory *d, const struct parse_req *q, struct errmsg *e)
{
	if (q->ntrusted == 0)
		return 0;
	if (q->dates && directory_check_dates(d, q->now, e) == -1)
		return -1;
	return directory_check_sound(d, q->trusted, q->ntrusted, 1, e);
}

static void
tell(struct parse_rep *rep, const struct directory *d, const struct parse_req *q)
{
	struct buf names = { 0 };

	rep->is_directory = 1;
	rep->valid_after = d->valid_after;
	rep->valid_until = d->valid_until;
	rep->nservers = (uint32_t)d->nservers;
	rep->nskipped = (uint32_t)d->nskipped;
	(void)directory_signers(d, q->trusted, q->ntrusted, &names, NULL);
	(void)snprintf(rep->why, WHY_LEN, "%s", buf_cstr(&names));
	buf_free(&names);
}

static int
take_directory(struct hostlist *l, const void *p, size_t len, struct parse_rep *rep,
    const struct parse_req *q, struct errmsg *e)
{
	struct directory *d = directory_parse_any(p, len, q->now, e);
	int rv = d == NULL ? -1 : check(d, q, e);

	if (rv == 0) {
		tell(rep, d, q);
		for (size_t i = 0; i < d->nservers; i++)
			if (desc_valid_at(d->servers[i], q->now))
				hostlist_add(l, d->servers[i]->hostname);
	}
	directory_free(d);
	return rv;
}

void
parse_document(struct hostlist *l, struct parse_rep *rep, const void *p, size_t len,
    const struct parse_req *q)
{
	struct errmsg e = { "" };
	int rv;

	memset(rep, 0, sizeof(*rep));
	if (is_descriptor(p, len))
		rv = take_descriptor(l, p, len, rep, q->now, &e);
	else
		rv = take_directory(l, p, len, rep, q, &e);
	if (rv == 0)
		return;
	rep->outcome = PARSE_BAD;
	parse_printable(rep->why, WHY_LEN, e.s, strlen(e.s));
}

/* --- answers to uploads, dir-spec 5.2 --- */

void
parse_printable(char *out, size_t size, const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++)
		out[n++] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	out[n] = '\0';
}

/* The next line from *at on: without its end, blanks behind it cut off. NULL: there is none. */
static const char *
next_line(const char *s, size_t len, size_t *at, size_t *n)
{
	const char *line = s + *at;
	size_t left = len - *at;

	if (left == 0)
		return NULL;
	for (*n = 0; *n < left && line[*n] != '\n' && line[*n] != '\r';)
		(*n)++;
	*at += *n;
	if (*at < len && s[*at] == '\r')
		(*at)++;
	if (*at < len && s[*at] == '\n')
		(*at)++;
	while (*n > 0 && (line[*n - 1] == ' ' || line[*n - 1] == '\t'))
		(*n)--;
	return line;
}

/* The value behind "KEY:" and blanks; NULL if it is another line. */
static const char *
value_of(const char *line, size_t *n, const char *key)
{
	size_t len = strlen(key);

	if (line == NULL || *n < len || memcmp(line, key, len) != 0)
		return NULL;
	while (len < *n && (line[len] == ' ' || line[len] == '\t'))
		len++;
	*n -= len;
	return line + len;
}

void
parse_reply(struct reply_rep *rep, const char *s, size_t len)
{
	size_t at = 0, n_status = 0, n_message = 0;
	const char *line, *status, *message;

	memset(rep, 0, sizeof(*rep));
	line = next_line(s, len, &at, &n_status);
	status = value_of(line, &n_status, "Status:");
	line = next_line(s, len, &at, &n_message);
	message = value_of(line, &n_message, "Message:");
	if (status == NULL || message == NULL || n_status != 1 ||
	    (*status != '0' && *status != '1')) {
		rep->outcome = UPLOAD_NONSENSE;
		return;
	}
	parse_printable(rep->message, sizeof(rep->message), message, n_message);
	if (*status == '0')
		rep->outcome = UPLOAD_REFUSED;
	else if (strcmp(rep->message, "Accepted.") == 0)
		rep->outcome = UPLOAD_ACCEPTED;
	else
		rep->outcome = UPLOAD_WAITING;
}
