#include <sys/socket.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addrrule.h"
#include "infofmt.h"
#include "log.h"

#define WORD_MAX 64
#define RULE_MAX 160

/* Blanks around '/' and '-' say nothing. A text that is longer than any rule is cut. */
static void
squeeze(char out[RULE_MAX], const char *s)
{
	size_t n = 0;

	while (*s != '\0' && n < RULE_MAX - 1) {
		char c = *s++;

		if (c == '/' || c == '-') {
			while (n > 0 && out[n - 1] == ' ')
				n--;
			s += strspn(s, " \t");
		}
		out[n++] = c == '\t' ? ' ' : c;
	}
	out[n] = '\0';
}

static const char *
next_word(const char *s, char word[WORD_MAX])
{
	size_t n;

	s += strspn(s, " ");
	n = strcspn(s, " ");
	if (n >= WORD_MAX)
		n = WORD_MAX - 1; /* no address is so long: it will not parse */
	memcpy(word, s, n);
	word[n] = '\0';
	return s + n;
}

static void
mask_of_bits(uint8_t mask[16], long bits)
{
	memset(mask, 0, 16);
	for (long i = 0; i < bits; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> (i % 8));
}

static int
parse_mask(struct addr_rule *r, const char *s)
{
	long most = r->family == AF_INET ? 32 : 128, bits = most;

	if (s == NULL || conv_int(&bits, s, 0, most, NULL) == 0) {
		mask_of_bits(r->mask, bits);
		return 0;
	}
	return r->family == AF_INET && inet_pton(AF_INET, s, r->mask) == 1 ? 0 : -1;
}

static int
parse_address(struct addr_rule *r, char *word)
{
	char *slash = strchr(word, '/');

	if (strcmp(word, "*") == 0)
		return 0;
	if (slash != NULL)
		*slash++ = '\0';
	if (inet_pton(AF_INET, word, r->ip) == 1)
		r->family = AF_INET;
	else if (inet_pton(AF_INET6, word, r->ip) == 1)
		r->family = AF_INET6;
	else
		return -1;
	return parse_mask(r, slash);
}

static int
parse_ports(struct addr_rule *r, char *word)
{
	char *dash = strchr(word, '-');
	long lo, hi;

	if (dash != NULL)
		*dash++ = '\0';
	if (conv_int(&lo, word, 1, 65535, NULL) == -1)
		return -1;
	hi = lo;
	if (dash != NULL && conv_int(&hi, dash, lo, 65535, NULL) == -1)
		return -1;
	r->port_given = 1;
	r->port = (uint16_t)lo;
	r->port_high = (uint16_t)hi;
	return 0;
}

int
addr_rule_parse(struct addr_rule *r, const char *s, int allow, struct errmsg *e)
{
	char address[WORD_MAX], ports[WORD_MAX], more[WORD_MAX], rule[RULE_MAX];

	squeeze(rule, s);
	s = rule;
	*r = (struct addr_rule) { .allow = allow };
	s = next_word(s, address);
	s = next_word(s, ports);
	next_word(s, more);
	if (parse_address(r, address) == -1)
		return err_set(e, "\"%s\" is not *, IPv4[/MASK] or IPv6[/BITS]", address);
	if (*more != '\0' || (*ports != '\0' && parse_ports(r, ports) == -1))
		return err_set(e, "behind the address stands PORT or PORT-PORT, from 1 to 65535");
	return 0;
}

void
addr_rules_add(struct addr_rules *l, const struct addr_rule *r)
{
	l->v = reallocarray(l->v, l->n + 1, sizeof(*l->v));
	if (l->v == NULL)
		fatal("out of memory");
	l->v[l->n++] = *r;
}

void
addr_rules_free(struct addr_rules *l)
{
	free(l->v);
	*l = (struct addr_rules) { NULL, 0 };
}

static int
fits(const struct addr_rule *r, int family, const uint8_t *ip, uint16_t port)
{
	size_t len = family == AF_INET ? 4 : 16;
	uint16_t lo = MMTP_PORT, hi = MMTP_PORT;

	if (r->family != 0 && r->family != family)
		return 0;
	for (size_t i = 0; r->family != 0 && i < len; i++)
		if ((ip[i] & r->mask[i]) != (r->ip[i] & r->mask[i]))
			return 0;
	if (port == 0 || (!r->port_given && !r->allow))
		return 1;
	if (r->port_given) {
		lo = r->port;
		hi = r->port_high;
	}
	return lo <= port && port <= hi;
}

int
addr_rules_allow(const struct addr_rules *l, int family, const uint8_t *ip, uint16_t port)
{
	int otherwise = 1;

	for (size_t i = 0; i < l->n; i++) {
		if (fits(&l->v[i], family, ip, port))
			return l->v[i].allow;
		otherwise &= !l->v[i].allow;
	}
	return otherwise;
}

static void
say_rule(struct buf *out, const struct addr_rule *r)
{
	char ip[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];

	buf_str(out, r->allow ? "Allow: " : "Deny: ");
	inet_ntop(AF_INET, r->ip, ip, sizeof(ip));
	inet_ntop(AF_INET, r->mask, mask, sizeof(mask));
	buf_str(out, r->family == 0 ? "*" : ip);
	if (r->family != 0 && strcmp(mask, "255.255.255.255") != 0)
		buf_printf(out, "/%s", mask);
	if (r->port_given)
		buf_printf(out, " %u-%u", r->port, r->port_high);
	buf_u8(out, '\n');
}

void
addr_rules_say(struct buf *out, const struct addr_rules *l)
{
	size_t said = 0, allows = 0;

	for (size_t i = 0; i < l->n; i++) {
		said += l->v[i].family != AF_INET6;
		allows += (size_t)l->v[i].allow;
	}
	if (said == 0 || said > ADDR_RULES_SAID)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].family != AF_INET6)
			say_rule(out, &l->v[i]);
	if (allows == 0)
		buf_str(out, "Allow: * 1-65535\n");
}
