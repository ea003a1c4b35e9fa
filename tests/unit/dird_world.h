/*
 * For the tests of dird: keys, descriptors and the configurations of a clique.
 */
#ifndef TESTS_UNIT_DIRD_WORLD_H
#define TESTS_UNIT_DIRD_WORLD_H

#include "../../dird/dconf.h"
#include "crypto.h"
#include "desc.h"
#include "t.h"

#define DAY 86400
#define NOW (INT64_C(1800000000) / DAY * DAY + DAY / 2) /* noon of a day */
#define TODAY (NOW / DAY * DAY)

/* RSA keys take long to make: these serve all tests of a program. */
#define MAX_KEYS 8
static struct rsakey *world_key[MAX_KEYS], *world_packet;

static struct rsakey *
key(size_t i)
{
	if (world_packet == NULL) {
		crypto_init();
		world_packet = rsakey_generate(2048);
	}
	if (world_key[i] == NULL)
		world_key[i] = rsakey_generate(2048);
	return world_key[i];
}

/* A descriptor of the identity, valid from day (0 is today) on, published so many seconds ago. */
static __attribute__((unused)) struct desc *
world_desc(const char *nickname, size_t identity, int from, int days, int64_t ago)
{
	struct rsakey *k = key(identity);
	struct desc_params p = { .nickname = nickname, .contact = "op@node.example",
		.software = "test", .identity = k, .packet_key = world_packet,
		.published = NOW - ago, .valid_after = TODAY + from * DAY,
		.valid_until = TODAY + (from + days) * DAY, .secure = 1, .hostname = "node.example",
		.port = 48099, .smtp = 1, .smtp_max_kb = 100 };
	struct buf text = { 0 }, out = { 0 };
	struct errmsg e;
	struct desc *d;

	desc_format(&text, &p);
	CHECK(desc_sign(&out, (const char *)text.p, text.len, k, &rng_system, NULL) == 0);
	d = desc_parse((const char *)out.p, out.len, INT64_MAX / 4, &e);
	CHECK(d != NULL);
	buf_free(&text);
	buf_free(&out);
	return d;
}

/* The configuration of a member of a clique of n; more is put into [Directory]. */
static __attribute__((unused)) struct dird_conf *
world_conf(size_t n, const char *interval, const char *more)
{
	struct buf text = { 0 };
	struct errmsg e = { "" };
	struct dird_conf *c;

	buf_printf(&text, "[Directory]\nBaseDir: /nowhere\nURL: http://a.example/\n%s"
			  "[Voting]\nVotingInterval: %s\n",
	    more, interval);
	for (size_t i = 0; i < n; i++) {
		uint8_t id[HASH_LEN];
		char hex[2 * HASH_LEN + 1];

		rsakey_keyid(key(i), id);
		hex_upper(hex, id, HASH_LEN);
		buf_printf(&text, "Authority: %s http://%c.example/\n", hex, (char)('a' + i));
	}
	c = dconf_parse("dird.conf", (const char *)text.p, text.len, NULL, &e);
	CHECK_STR(e.s, "");
	buf_free(&text);
	return c;
}

#endif
