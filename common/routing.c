#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "armor.h"
#include "routing.h"

#define HOST_FIXED (2 + HASH_LEN) /* PORT, KEYID */
#define IP4_LEN	   (4 + HOST_FIXED)
#define MAILBOXES  8 /* recipients in one routing info */

static int
ascii_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int
host_plausible(const char *s, size_t len)
{
	if (len == 0 || len > MAX_HOSTNAME || s[0] == '.')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!ascii_alnum((uint8_t)s[i]) && s[i] != '.' && s[i] != '-')
			return 0;
		if (s[i] == '.' && i + 1 < len && s[i + 1] == '.')
			return 0;
	}
	return 1;
}

static void
copy_lower(char *to, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 'a' - 'A' : s[i]);
	to[len] = '\0';
}

void
routing_pack_host(struct buf *b, const struct mix_addr *a)
{
	char host[MAX_HOSTNAME + 1];

	copy_lower(host, a->host, strnlen(a->host, MAX_HOSTNAME));
	buf_u16(b, a->port);
	buf_put(b, a->keyid, HASH_LEN);
	buf_str(b, host);
}

static int
parse_host(struct mix_addr *a, const uint8_t *ri, size_t len, struct errmsg *e)
{
	struct rd r;
	size_t hostlen;
	const char *host;

	rd_init(&r, ri, len);
	a->port = rd_u16(&r);
	rd_copy(&r, a->keyid, HASH_LEN);
	hostlen = rd_left(&r);
	host = (const char *)rd_bytes(&r, hostlen);
	if (!rd_done(&r) || hostlen == 0)
		return err_set(e, "routing info of %zu octets is too short", len);
	if (!host_plausible(host, hostlen))
		return err_set(e, "routing info holds no plausible host name");
	copy_lower(a->host, host, hostlen);
	return 0;
}

static int
parse_ip4(struct mix_addr *a, const uint8_t *ri, size_t len, struct errmsg *e)
{
	if (len != IP4_LEN)
		return err_set(e, "IPv4 routing info of %zu octets", len);
	(void)snprintf(a->host, sizeof(a->host), "%u.%u.%u.%u", ri[0], ri[1], ri[2], ri[3]);
	a->port = be16(ri + 4);
	memcpy(a->keyid, ri + 6, HASH_LEN);
	return 0;
}

int
routing_parse(
    struct mix_addr *a, uint16_t rt, const uint8_t *ri, size_t len, struct errmsg *e)
{
	switch (rt) {
	case RT_FWD_IP4:
	case RT_SWAP_FWD_IP4:
		return parse_ip4(a, ri, len, e);
	case RT_FWD_HOST:
	case RT_SWAP_FWD_HOST:
		return parse_host(a, ri, len, e);
	default:
		return err_set(e, "routing type 0x%04x is not a relay's", rt);
	}
}

/* The characters of an atom, RFC 2822 without what E2E-spec 3.3.1 leaves out. */
static int
atom_char(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("\"(),.:;<>@[\\]", c) == NULL;
}

/* Atoms joined by single dots. */
static int
dotted_atoms(const char *s, size_t len)
{
	int in_atom = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && !in_atom)
			return 0;
		in_atom = s[i] != '.';
		if (in_atom && !atom_char((uint8_t)s[i]))
			return 0;
	}
	return in_atom;
}

static int
digits_and_dots(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] != '.' && (s[i] < '0' || s[i] > '9'))
			return 0;
	return 1;
}

int
mailbox_valid(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);
	size_t user, domain;

	if (at == NULL)
		return 0;
	user = (size_t)(at - s);
	domain = len - user - 1;
	return dotted_atoms(s, user) && dotted_atoms(at + 1, domain) &&
	    !digits_and_dots(at + 1, domain);
}

int
mailbox_valid_utf8(const char *s, size_t len)
{
	char *ascii = malloc(len);
	int ok = 0;

	if (ascii != NULL && utf8_valid((const uint8_t *)s, len)) {
		for (size_t i = 0; i < len; i++)
			ascii[i] = (char)((unsigned char)s[i] > 0x7f ? 'x' : s[i]);
		ok = mailbox_valid(ascii, len);
	}
	free(ascii);
	return ok;
}

int
mailboxes_valid(const uint8_t *s, size_t len)
{
	const char *p = (const char *)s, *end = p + len;

	for (int n = 0; n < MAILBOXES; n++) {
		const char *nul = memchr(p, '\0', (size_t)(end - p));
		size_t one = (size_t)((nul != NULL ? nul : end) - p);

		if (!mailbox_valid(p, one))
			return 0;
		if (nul == NULL)
			return 1;
		p = nul + 1;
	}
	return 0;
}

int
exit_has_tag(uint16_t rt)
{
	return rt >= RT_MIN_EXIT && rt != RT_FRAGMENT;
}
