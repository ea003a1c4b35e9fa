/*
 * The descriptor that a configuration makes: signed and parsed again, it says what the
 * configuration says.
 */
#include "desc.h"
#include "../../dirsync/dirsync.h"
#include "rsakey.h"
#include "t.h"

#define NOW   1795231569
#define DAY   86400
#define TODAY (NOW / DAY * DAY)

static const char text[] =
    "[Server]\nBaseDir: /nowhere\nNickname: Exit\nMode: relay\nContact-Email: op@exit.example\n"
    "Comments: a node\nMixAlgorithm: BinomialDynamicPool\n"
    "[Incoming/MMTP]\nEnabled: yes\nHostname: exit.example\nPort: 4711\n"
    "[Outgoing/MMTP]\nEnabled: yes\n"
    "[Delivery/SMTP]\nEnabled: yes\nReturnAddress: a@b.example\nMaximumSize: 64K\n"
    "[Delivery/MBOX]\nEnabled: yes\nAdvertise: no\nReturnAddress: a@b.example\n"
    "RemoveContact: a@b.example\nAddressFile: /nowhere/addresses\n"
    "[Delivery/Fragmented]\nEnabled: yes\nMaximumSize: 100K\n";

static struct rsakey *identity, *packet;

static struct server_conf *
conf_of(const char *t)
{
	struct errmsg e = { "" };
	struct server_conf *c = conf_parse("conf", t, strlen(t), NULL, &e);

	CHECK_STR(e.s, "");
	return c;
}

static void
make(struct buf *out, const struct server_conf *c, int64_t published, int unconfined)
{
	struct keyset_info set = {
		.number = 1, .valid_after = TODAY, .valid_until = TODAY + 30 * DAY
	};
	struct buf id = { 0 }, key = { 0 };
	struct errmsg e;

	rsakey_public_der(identity, &id);
	rsakey_public_der(packet, &key);
	CHECK(selfdesc_text(out, c, &(struct chunk) { id.p, id.len },
		  &(struct chunk) { key.p, key.len }, &set, published, unconfined, &e) == 0);
	buf_free(&id);
	buf_free(&key);
}

static struct desc *
signed_desc(const struct server_conf *c, int unconfined)
{
	struct buf unsigned_text = { 0 }, done = { 0 };
	struct errmsg e = { "" };
	struct desc *d;

	make(&unsigned_text, c, NOW, unconfined);
	CHECK(desc_sign(&done, (char *)unsigned_text.p, unsigned_text.len, identity, &rng_system,
		  &e) == 0);
	d = desc_parse((char *)done.p, done.len, NOW, &e);
	CHECK_STR(e.s, "");
	buf_free(&unsigned_text);
	buf_free(&done);
	return d;
}

static void
test_says_it(void)
{
	struct server_conf *c = conf_of(text);
	struct desc *d = signed_desc(c, 0);

	CHECK(d != NULL);
	if (d == NULL)
		return;
	CHECK_STR(d->nickname, "Exit");
	CHECK_STR(d->hostname, "exit.example");
	CHECK_STR(d->contact, "op@exit.example");
	CHECK_STR(d->comments, "a node");
	CHECK_STR(d->software, MIX_SOFTWARE);
	CHECK(d->port == 4711 && d->published == NOW);
	CHECK(d->valid_after == TODAY && d->valid_until == TODAY + 30 * DAY);
	CHECK(d->has_incoming && d->has_outgoing && d->has_smtp && d->has_fragmented);
	CHECK(!d->has_mbox); /* Advertise: no */
	CHECK(d->smtp_max_kb == 64 && d->smtp_allow_from && d->max_fragments == 6);
	CHECK(d->secure == 1 && d->why_insecure == NULL);
	CHECK(d->mix_interval == 30 * 60);
	desc_free(d);
	conf_free(c);
}

/* Each in its own section, and a reader of descriptors takes them. */
static void
test_rules(void)
{
	static const char *const said[] = {
		"Protocols: 0.3\nDeny: 192.0.2.1\nDeny: 192.0.2.2\nAllow: *\n[Outgoing/MMTP]\n",
		"Protocols: 0.3\nDeny: 10.0.0.0/255.0.0.0\nAllow: * 1-65535\n[Delivery/SMTP]\n",
	};
	struct buf ruled = { 0 };
	struct server_conf *c;
	struct desc *d;

	buf_printf(&ruled, "%.*s", (int)(strstr(text, "[Outgoing") - text), text);
	buf_str(&ruled, "Deny: 192.0.2.1\nDeny: 192.0.2.2\nAllow: *\n");
	buf_str(&ruled, "[Outgoing/MMTP]\nEnabled: yes\nDeny: 10.0.0.0/8\n");
	buf_str(&ruled, strstr(text, "[Delivery/SMTP]"));
	c = conf_of(buf_cstr(&ruled));
	d = signed_desc(c, 0);
	CHECK(d != NULL && d->has_incoming && d->has_outgoing);
	for (size_t i = 0; d != NULL && i < 2; i++)
		CHECK(memmem(d->text, d->textlen, said[i], strlen(said[i])) != NULL);
	desc_free(d);
	conf_free(c);
	buf_free(&ruled);
}

/* Mail that leaves by Mixmaster is mail to any address, and said so unless "Advertise: no". */
static void
test_mixmaster(void)
{
	static const char *const said[] = { "", "Advertise: no\n" };

	for (size_t i = 0; i < 2; i++) {
		struct buf t = { 0 };
		struct server_conf *c;
		struct desc *d;

		buf_printf(&t, "%.*s", (int)(strstr(text, "[Delivery/SMTP]") - text), text);
		buf_printf(&t,
		    "[Delivery/SMTP-Via-Mixmaster]\nEnabled: yes\nMixCommand: /bin/true\n"
		    "Server: one\nMaximumSize: 48K\nAllowFromAddress: no\n%s",
		    said[i]);
		c = conf_of(buf_cstr(&t));
		d = signed_desc(c, 0);
		CHECK(d != NULL && d->has_smtp == (i == 0));
		CHECK(i == 1 || (d != NULL && d->smtp_max_kb == 48 && !d->smtp_allow_from));
		desc_free(d);
		conf_free(c);
		buf_free(&t);
	}
}

static void
test_insecure(void)
{
	struct server_conf *c = conf_of(text);
	struct desc *d;

	c->legacy_tls = 1;
	d = signed_desc(c, 1);
	CHECK(d != NULL && d->secure == 0);
	CHECK(strstr(d->why_insecure, "TLS") != NULL &&
	      strstr(d->why_insecure, "unconfined") != NULL);
	desc_free(d);
	conf_free(c);
}

/*
 * By this is told whether the configuration still says the same: the time must not matter,
 * anything else must.
 */
static void
test_sameness(void)
{
	struct server_conf *c = conf_of(text);
	struct buf a = { 0 }, b = { 0 };

	make(&a, c, 0, 0);
	make(&b, c, 0, 0);
	CHECK(a.len == b.len && memcmp(a.p, b.p, a.len) == 0);
	buf_reset(&b);
	c->port++;
	make(&b, c, 0, 0);
	CHECK(a.len != b.len || memcmp(a.p, b.p, a.len) != 0);
	buf_free(&a);
	buf_free(&b);
	conf_free(c);
}

static void
test_bad_key(void)
{
	struct server_conf *c = conf_of(text);
	struct keyset_info set = { .number = 1 };
	struct chunk junk = { "junk", 4 };
	struct buf out = { 0 };
	struct errmsg e = { "" };

	CHECK(selfdesc_text(&out, c, &junk, &junk, &set, NOW, 0, &e) == -1);
	CHECK(e.s[0] != '\0' && out.len == 0);
	conf_free(c);
}

static void
make_keys(void)
{
	identity = rsakey_generate(2048);
	packet = rsakey_generate(2048);
	CHECK(rsakey_bits(identity) == 2048);
}

static void
free_keys(void)
{
	rsakey_free(identity);
	rsakey_free(packet);
	CHECK(identity != packet);
}

TESTS(T(make_keys), T(test_says_it), T(test_rules), T(test_mixmaster), T(test_insecure),
    T(test_sameness), T(test_bad_key), T(free_keys))
