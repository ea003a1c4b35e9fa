#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "address.h"
#include "routing.h"
#include "ui.h"

static int
no_address(const char *s, const char *why, struct errmsg *e)
{
	return err_set(e, "\"%.200s\" is no address: %s", s, why);
}

static int
parse_smtp(struct address *a, const char *whole, const char *s, struct errmsg *e)
{
	a->type = RT_SMTP;
	if (!mailbox_valid(s, strlen(s)))
		return no_address(whole, "it is not of the form user@host", e);
	buf_str(&a->info, s);
	return 0;
}

/* The names that address files hold: printing characters without blanks. */
static int
mbox_name_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f)
			return 0;
	return len > 0;
}

static int
parse_mbox(struct address *a, const char *whole, const char *s, struct errmsg *e)
{
	const char *at = strchr(s, '@');
	size_t len = at != NULL ? (size_t)(at - s) : strlen(s);

	a->type = RT_MBOX;
	if (!mbox_name_ok(s, len))
		return no_address(whole, "a mailbox's name is missing or malformed", e);
	if (at != NULL && (at[1] == '\0' || strlen(at + 1) > MAX_NICKNAME))
		return no_address(whole, "no server's nickname stands after the @", e);
	buf_put(&a->info, s, len);
	if (at != NULL)
		(void)strlcpy(a->server, at + 1, sizeof(a->server));
	return 0;
}

static int
parse_number(struct address *a, const char *s, struct errmsg *e)
{
	uint8_t type[2];

	if (strlen(s) < 6 || hex_decode(type, 2, s + 2, 4) == -1 || (s[6] != '\0' && s[6] != ':'))
		return no_address(s, "a routing type is 0x and four hex digits", e);
	a->type = be16(type);
	if (a->type < RT_MIN_EXIT && a->type != RT_DROP)
		return no_address(s, "that routing type is not an exit's", e);
	if (s[6] == ':')
		buf_str(&a->info, s + 7);
	if (!exit_has_tag(a->type) && a->info.len != 0)
		return no_address(s, "that exit type takes no routing info", e);
	return 0;
}

static int
parse(struct address *a, const char *s, struct errmsg *e)
{
	if (strcasecmp(s, "drop") == 0) {
		a->type = RT_DROP;
		return 0;
	}
	if (strcasecmp(s, "test") == 0 || strncasecmp(s, "test:", 5) == 0) {
		a->type = RT_TEST;
		buf_str(&a->info, s[4] == ':' ? s + 5 : "");
		return 0;
	}
	if (strncasecmp(s, "0x", 2) == 0)
		return parse_number(a, s, e);
	if (strncasecmp(s, "mbox:", 5) == 0)
		return parse_mbox(a, s, s + 5, e);
	if (strncasecmp(s, "smtp:", 5) == 0)
		return parse_smtp(a, s, s + 5, e);
	if (strchr(s, ':') != NULL)
		return no_address(s, "what stands before the colon is not known", e);
	return parse_smtp(a, s, s, e);
}

int
address_parse(struct address *a, const char *s, struct errmsg *e)
{
	memset(a, 0, sizeof(*a));
	if (parse(a, s, e) == -1) {
		address_free(a);
		return -1;
	}
	return 0;
}

/* Puts one into the list of recipients, which is in order and has each once (E2E-spec 3.3.1). */
static void
insert(struct buf *list, const struct buf *more)
{
	struct buf out = { 0 };
	const char *p = buf_cstr(list), *end = p + list->len, *one = (const char *)more->p;
	int placed = 0;

	for (; p <= end; p += strlen(p) + 1) {
		int order = placed ? -1 : strcmp(p, one);

		if (order >= 0) {
			buf_put(&out, one, more->len + 1);
			placed = 1;
		}
		if (order != 0)
			buf_put(&out, p, strlen(p) + 1);
	}
	if (!placed)
		buf_put(&out, one, more->len + 1);
	out.len--; /* the NUL separates, and ends nothing */
	buf_wipe(list);
	*list = out;
}

int
address_add(struct address *a, const char *s, struct errmsg *e)
{
	struct address more;
	int r = 0;

	if (address_parse(&more, s, e) == -1)
		return -1;
	if (a->type != RT_SMTP || more.type != RT_SMTP) {
		r = err_set(e, "only mail addresses can be several");
	} else {
		(void)buf_cstr(&more.info);
		insert(&a->info, &more.info);
		if (!mailboxes_valid(a->info.p, a->info.len))
			r = err_set(e, "a message has at most eight recipients");
	}
	address_free(&more);
	return r;
}

int
address_parse_all(struct address *a, const struct cli *cli)
{
	struct errmsg e;

	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < cli->nto; i++) {
		int r = i == 0 ? address_parse(a, cli->to[i], &e) : address_add(a, cli->to[i], &e);

		if (r == -1)
			return ui_fail(EX_USAGE, "%s", e.s);
	}
	if (cli->nto != 0 && a->type == RT_DROP && cli->input != NULL)
		return ui_fail(EX_USAGE, "a dummy (drop) carries no message");
	return 0;
}

void
address_free(struct address *a)
{
	buf_wipe(&a->info);
}
