/*
 * Allow and Deny: who may connect, and to whom we connect (dir-spec 2.4, address patterns, with
 * prefixes and IPv6).
 */
#ifndef COMMON_ADDRRULE_H
#define COMMON_ADDRRULE_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "mix.h"

struct addr_rule {
	int allow;
	int family; /* AF_INET, AF_INET6, or 0: any address ("*") */
	uint8_t ip[16], mask[16]; /* the first 4 or all */
	int port_given;
	uint16_t port, port_high;
};

struct addr_rules {
	struct addr_rule *v; /* in the order of the file */
	size_t n;
};

/*
 * "* [PORT[-PORT]]", "IPv4[/MASK or /BITS] [...]", "IPv6[/BITS] [...]". -1 with a reason.
 */
int addr_rule_parse(struct addr_rule *r, const char *s, int allow, struct errmsg *e);
void addr_rules_add(struct addr_rules *l, const struct addr_rule *r);
void addr_rules_free(struct addr_rules *l);

/*
 * The first rule that fits decides. Where none does: yes, if there is no Allow, else no. ip has 4
 * or 16 octets; an IPv4 address inside IPv6 is the caller's to take out. port 0: rules fit whatever
 * port they name (those who connect to us have one that means nothing); else an Allow without a
 * port is for 48099, as dir-spec has it.
 */
int addr_rules_allow(const struct addr_rules *l, int family, const uint8_t *ip, uint16_t port);

/*
 * Appends "Allow: ..." and "Deny: ..." lines for a descriptor (dir-spec 3), of which the reference
 * can read each: no IPv6, masks as addresses. Where there is no Allow, what nothing denies is
 * allowed expressly, since readers take no rule for a Deny. Nothing, if there are no IPv4 rules or
 * more than ADDR_RULES_SAID.
 */
#define ADDR_RULES_SAID 100
void addr_rules_say(struct buf *out, const struct addr_rules *l);

#endif
