#include "t.h"

#include "directory.h"

#define DAY 86400
#define NOW (INT64_C(1800000000) / DAY * DAY + DAY / 2)

/* RSA keys take long to make: these serve all tests. */
static struct rsakey *identity, *other, *packet;

static void
make_keys(void)
{
	if (identity != NULL)
		return;
	crypto_init();
	identity = rsakey_generate(2048);
	other = rsakey_generate(2048);
	packet = rsakey_generate(2048);
}

static struct desc_params
params(void)
{
	make_keys();
	return (struct desc_params){ .nickname = "Node", .contact = "op@node.example",
		.software = "test", .identity = identity, .packet_key = packet,
		.published = NOW - 60, .valid_after = NOW / DAY * DAY,
		.valid_until = NOW / DAY * DAY + 30 * DAY, .secure = 1, .hostname = "Node.Example",
		.ip = "192.0.2.1", .port = 48099, .mbox = 1, .smtp = 1, .fragmented = 1,
		.mbox_max_kb = 64, .smtp_max_kb = 100, .max_fragments = 33, .smtp_allow_from = 1 };
}

static struct buf
signed_by(const struct desc_params *p, struct rsakey *key)
{
	struct buf text = { 0 }, out = { 0 };

	desc_format(&text, p);
	CHECK(desc_sign(&out, (const char *)text.p, text.len, key, &rng_system, NULL) == 0);
	buf_free(&text);
	return out;
}

/* Signed, after from (if any) was replaced by to. */
static struct buf
signed_text(const struct desc_params *p, const char *from, const char *to)
{
	struct buf text = { 0 }, changed = { 0 }, out = { 0 };
	char *at;

	desc_format(&text, p);
	at = from == NULL ? NULL : strstr(buf_cstr(&text), from);
	if (at == NULL) {
		buf_put(&changed, text.p, text.len);
	} else {
		buf_put(&changed, text.p, (size_t)(at - (char *)text.p));
		buf_printf(&changed, "%s%s", to, at + strlen(from));
	}
	CHECK(from == NULL || at != NULL);
	CHECK(desc_sign(&out, (const char *)changed.p, changed.len, identity, &rng_system, NULL) ==
	    0);
	buf_cstr(&out);
	buf_free(&text);
	buf_free(&changed);
	return out;
}

static struct desc *
parse(const struct buf *b, enum desc_fault *why)
{
	return desc_parse_why((const char *)b->p, b->len, NOW, why, NULL);
}

static struct desc *
made(const struct desc_params *p)
{
	struct buf b = signed_text(p, NULL, NULL);
	enum desc_fault why;
	struct desc *d = parse(&b, &why);

	buf_free(&b);
	return d;
}

/* What [Testing] says of the mix interval, with value in the place of "30 minutes". */
static int64_t
interval_said(const char *value)
{
	struct desc_params p = params();
	enum desc_fault why;
	struct buf b;
	struct desc *d;
	int64_t seconds;

	p.mix_interval = 30 * 60;
	b = signed_text(&p, "Server/MixInterval='30 minutes'", value);
	d = parse(&b, &why);
	CHECK(d != NULL);
	seconds = d != NULL ? d->mix_interval : -2;
	desc_free(d);
	buf_free(&b);
	return seconds;
}

static void
test_mix_interval(void)
{
	static const int64_t some[] = { 1, 90, 120, 3600, 5400, 7200, 86400 };
	struct desc_params p = params();

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct desc *d;

		p.mix_interval = some[i];
		d = made(&p);
		CHECK(d != NULL && d->mix_interval == some[i]);
		desc_free(d);
	}
	CHECK(interval_said("Server/LogLevel='WARN'; Server/MixInterval='1.5 hours'; A/B='c'") ==
	    5400);
	CHECK(interval_said("A/B='XServer/MixInterval='1 hour'; Server/MixInterval='2 hours'") ==
	    7200);
	CHECK(interval_said("XServer/MixInterval='1 hour'") == -1);
	CHECK(interval_said("Server/MixInterval='a while'") == -1);
	CHECK(interval_said("Server/MixInterval='31 days'") == -1);
	CHECK(interval_said("Server/MixInterval=''") == -1);
	CHECK(interval_said("Server/MixInterval='30 minutes, or another very long text") == -1);
	CHECK(interval_said("Server/MixInterval='") == -1);
	CHECK(interval_said("nothing") == -1);
}

static void
test_what_is_written_is_read(void)
{
	struct desc_params p = params();
	struct desc *d = made(&p);
	struct mix_addr a;

	CHECK(d != NULL);
	if (d == NULL)
		return;
	CHECK_STR(d->nickname, "Node");
	CHECK_STR(d->contact, "op@node.example");
	CHECK(d->comments == NULL && d->why_insecure == NULL && d->secure == 1);
	CHECK(d->published == NOW - 60 && d->valid_until - d->valid_after == 30 * DAY);
	CHECK(d->has_incoming && d->has_outgoing && d->has_mbox && d->has_smtp);
	CHECK(d->has_fragmented && d->max_fragments == 33 && d->mbox_max_kb == 64);
	CHECK(d->mix_interval == -1);
	CHECK(!d->mbox_allow_from && d->smtp_allow_from);
	CHECK(desc_addr(d, &a) == 0 && a.port == 48099);
	CHECK_STR(a.host, "node.example");
	CHECK(memcmp(a.keyid, d->keyid, HASH_LEN) == 0);
	desc_free(d);
	p.hostname = NULL;
	d = made(&p);
	CHECK(d != NULL && !d->has_incoming && desc_addr(d, &a) == -1);
	desc_free(d);
}

static void
test_a_faulty_section_is_dropped(void)
{
	static const struct {
		const char *from, *to;
	} faults[] = {
		{ "Port: 48099", "Port: 0" },
		{ "Port: 48099\n", "" },
		{ "Hostname: Node.Example", "Hostname: a_b" },
		{ "Hostname: Node.Example", "Hostname: a\nHostname: b" },
		{ "[Incoming/MMTP]\nVersion: 0.1", "[Incoming/MMTP]\nVersion: 0.2" },
		{ "[Incoming/MMTP]\nVersion: 0.1\n", "[Incoming/MMTP]\n" },
	};
	struct desc_params p = params();
	enum desc_fault why;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct buf b = signed_text(&p, faults[i].from, faults[i].to);
		struct desc *d = parse(&b, &why);

		CHECK(d != NULL && !d->has_incoming && d->has_smtp);
		desc_free(d);
		buf_free(&b);
	}
}

/* What a descriptor is refused for, and whether that condemns a directory. */
static int
refused(const char *from, const char *to, enum desc_fault want)
{
	struct desc_params p = params();
	struct buf b = signed_text(&p, from, to);
	enum desc_fault why;
	struct desc *d = parse(&b, &why);
	int ok = d == NULL && why == want;

	desc_free(d);
	buf_free(&b);
	return ok;
}

static void
test_refusals(void)
{
	struct desc_params p = params();
	enum desc_fault why;
	struct buf b;

	CHECK(refused("Nickname: Node", "Nickname: No_de", DESC_FAULTY));
	CHECK(refused("Contact: op@node.example\n", "", DESC_FAULTY));
	CHECK(refused("Secure-Configuration: yes", "Secure-Configuration: true", DESC_FAULTY));
	CHECK(refused("[Outgoing/MMTP]", "[Incoming/MMTP]", DESC_FAULTY));
	CHECK(refused("Packet-Versions: 0.3", "Packet-Versions: 0.3\nPacket-Versions: 0.4",
	    DESC_FAULTY));
	p.published = NOW + 601;
	b = signed_text(&p, NULL, NULL);
	CHECK(parse(&b, &why) == NULL && why == DESC_FAULTY);
	buf_free(&b);
	p = params();
	b = signed_text(&p, NULL, NULL);
	*strstr((char *)b.p, "48099") = '1';
	CHECK(parse(&b, &why) == NULL && why == DESC_FORGED);
	buf_free(&b);
}

/* Sections are compared with each other before it is known who wrote them: so they are few. */
static void
test_sections_are_few(void)
{
	struct desc_params p = params();
	struct buf more = { 0 }, b;
	enum desc_fault why;
	struct desc *d;

	for (int i = 0; i < 50; i++)
		buf_printf(&more, "[X%d]\nA: b\n", i);
	buf_str(&more, "[Outgoing/MMTP]");
	b = signed_text(&p, "[Outgoing/MMTP]", buf_cstr(&more));
	CHECK((d = parse(&b, &why)) != NULL && d->has_outgoing);
	desc_free(d);
	buf_free(&b);
	for (int i = 0; i < 15; i++)
		buf_printf(&more, "\n[Y%d]\nA: b", i);
	CHECK(refused("[Outgoing/MMTP]", buf_cstr(&more), DESC_FAULTY));
	buf_free(&more);
}

static void
test_signature_of_another(void)
{
	struct desc_params p = params();
	struct buf text = { 0 }, out = { 0 };
	uint8_t digest[HASH_LEN] = { 0 };
	enum desc_fault why;

	desc_format(&text, &p);
	CHECK(desc_sign(&out, (const char *)text.p, text.len, other, &rng_system, NULL) == 0);
	CHECK(parse(&out, &why) == NULL && why == DESC_FORGED);
	CHECK(desc_fill(&out, (const char *)text.p, text.len, digest, "x", 1, NULL) == -1);
	CHECK(desc_fill(&out, "[Server]\n", 9, digest, "x", 1, NULL) == -1);
	buf_free(&text);
	buf_free(&out);
}

static void
test_supersession(void)
{
	struct desc_params p = params();
	struct desc *a = made(&p), *b, *c;
	const struct desc *later[2];

	p.published += 10;
	p.valid_until -= 10 * DAY;
	b = made(&p);
	p.valid_after = p.valid_until;
	p.valid_until += 20 * DAY;
	c = made(&p);
	later[0] = c;
	later[1] = b;
	CHECK(desc_superseded(a, later, 2));
	CHECK(!desc_superseded(a, later, 1));
	CHECK(!desc_superseded(a, later + 1, 1));
	CHECK(!desc_superseded(b, (const struct desc *const[]){ a }, 1));
	CHECK(desc_valid_at(a, a->valid_until) && !desc_valid_at(a, a->valid_until + 1));
	desc_free(a);
	desc_free(b);
	desc_free(c);
}

static void
test_protocol_lists(void)
{
	CHECK(protocol_listed("0.3", "0.3"));
	CHECK(protocol_listed("0.2, 0.3,0.4", "0.3"));
	CHECK(!protocol_listed("0.30", "0.3"));
	CHECK(!protocol_listed("", "0.3"));
	CHECK(!protocol_listed(NULL, "0.3"));
}

static void
test_versions(void)
{
	static const char *const order[] = { "0.0.8alpha3", "0.0.8alpha10", "0.0.8beta", "0.0.8rc1",
		"0.0.8", "0.0.8.1", "0.0.10", "0.1.0", "1.0", "what" };
	const size_t n = sizeof(order) / sizeof(order[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			CHECK((version_cmp(order[i], order[j]) < 0) == (i < j) &&
			    (version_cmp(order[i], order[j]) > 0) == (i > j));
}

/* A directory of these descriptors, signed by one key. */
static struct buf
directory(const struct buf *descs, size_t n, struct rsakey *const *signers, size_t nsigners)
{
	struct dir_voter voter = { .url = (char []){ "http://d/" } };
	struct dir_params p = { .status = DIR_CONSENSUS, .valid_after = NOW / DAY * DAY,
		.valid_until = NOW / DAY * DAY + DAY, .voters = &voter, .nvoters = 1 };
	struct buf body = { 0 }, out = { 0 };

	directory_format(&body, &p);
	for (size_t i = 0; i < n; i++)
		buf_put(&body, descs[i].p, descs[i].len);
	for (size_t i = 0; i < nsigners; i++)
		directory_sign(&out, (const char *)body.p, body.len, signers[i], &rng_system);
	buf_put(&out, body.p, body.len);
	buf_free(&body);
	return out;
}

static void
test_directory_skips_the_faulty_and_refuses_the_forged(void)
{
	struct desc_params p = params();
	struct buf texts[2] = { signed_text(&p, "Nickname: Node", "Nickname: -"),
		signed_text(&p, NULL, NULL) };
	struct buf b = directory(texts, 2, &identity, 1);
	struct directory *d = directory_parse((const char *)b.p, b.len, NOW, NULL);

	CHECK(d != NULL && d->nservers == 1 && d->nskipped == 1 && d->nrecommended == 0);
	directory_free(d);
	buf_free(&b);
	*strstr((char *)texts[1].p, "48099") = '1';
	b = directory(texts, 2, &identity, 1);
	CHECK(directory_parse((const char *)b.p, b.len, NOW, NULL) == NULL);
	buf_free(&b);
	buf_free(&texts[0]);
	buf_free(&texts[1]);
}

static int
usable(struct rsakey *const *signers, size_t n, const uint8_t (*trusted)[HASH_LEN], size_t ntrusted)
{
	struct buf b = directory(NULL, 0, signers, n);
	struct directory *d = directory_parse((const char *)b.p, b.len, NOW, NULL);
	int ok = d != NULL && directory_check(d, trusted, ntrusted, NOW, 0, NULL) == 0;

	directory_free(d);
	buf_free(&b);
	return ok;
}

static void
test_more_than_half_of_the_trusted(void)
{
	struct rsakey *both[2], *twice[2];
	uint8_t trusted[2][HASH_LEN];

	make_keys();
	both[0] = twice[0] = twice[1] = identity;
	both[1] = other;
	rsakey_keyid(identity, trusted[0]);
	rsakey_keyid(other, trusted[1]);
	CHECK(usable(both, 2, trusted, 2));
	CHECK(usable(both, 1, trusted, 1));
	CHECK(!usable(both, 1, trusted, 2));
	CHECK(!usable(twice, 2, trusted, 2));
	CHECK(!usable(both, 1, trusted + 1, 1));
	CHECK(!usable(both, 2, trusted, 0));
}

/* Why a directory of these descriptors may not be used; "" if it may. */
static const char *
sound(const struct buf *a, const struct buf *b)
{
	static struct errmsg e;
	const struct buf both[2] = { *a, *b };
	uint8_t trusted[1][HASH_LEN];
	struct buf text = directory(both, 2, &other, 1);
	struct directory *d = directory_parse((const char *)text.p, text.len, NOW, &e);

	rsakey_keyid(other, trusted[0]);
	CHECK(d != NULL);
	if (d != NULL &&
	    directory_check(d, (const uint8_t (*)[HASH_LEN])trusted, 1, NOW, 0, &e) == 0)
		e.s[0] = '\0';
	directory_free(d);
	buf_free(&text);
	return e.s;
}

static void
test_one_name_one_key_in_order(void)
{
	struct desc_params p = params(), q = params();
	struct buf a, b, c, d;

	p.nickname = "Alpha";
	a = signed_text(&p, NULL, NULL);
	p.valid_after += DAY;
	b = signed_text(&p, NULL, NULL);
	p.nickname = "Beta";
	c = signed_text(&p, NULL, NULL);
	q.nickname = "alpha";
	q.identity = other;
	d = signed_by(&q, other);
	CHECK_STR(sound(&a, &b), "");
	CHECK_STR(sound(&b, &a), "the directory's descriptors are out of order");
	CHECK_STR(sound(&a, &c), "the directory has one identity with two nicknames: Alpha, Beta");
	CHECK(strstr(sound(&a, &d), "one nickname with two identities") != NULL);
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
	buf_free(&d);
}

static void
test_who_signed(void)
{
	struct buf b = directory(NULL, 0, &identity, 1);
	struct directory *d = directory_parse((const char *)b.p, b.len, NOW, NULL);
	uint8_t trusted[2][HASH_LEN];
	char hex[2][2 * HASH_LEN + 1];
	struct errmsg e = { "" };

	rsakey_keyid(identity, trusted[0]);
	rsakey_keyid(other, trusted[1]);
	hex_upper(hex[0], trusted[0], HASH_LEN);
	hex_upper(hex[1], trusted[1], HASH_LEN);
	CHECK(directory_check(d, (const uint8_t (*)[HASH_LEN])trusted, 2, NOW, 0, &e) == -1);
	CHECK(strstr(e.s, "1 of the 2 trusted") != NULL);
	CHECK(strstr(e.s, "Signed by: ") != NULL &&
	    strncmp(strstr(e.s, "Signed by: ") + 11, hex[0], 40) == 0);
	CHECK(strstr(e.s, "not by: ") != NULL &&
	    strncmp(strstr(e.s, "not by: ") + 8, hex[1], 40) == 0);
	directory_free(d);
	buf_free(&b);
}

TESTS(T(test_what_is_written_is_read), T(test_mix_interval),
    T(test_a_faulty_section_is_dropped), T(test_refusals), T(test_sections_are_few),
    T(test_signature_of_another), T(test_supersession), T(test_protocol_lists), T(test_versions),
    T(test_directory_skips_the_faulty_and_refuses_the_forged),
    T(test_more_than_half_of_the_trusted), T(test_one_name_one_key_in_order), T(test_who_signed))
