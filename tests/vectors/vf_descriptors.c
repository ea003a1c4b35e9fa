/* f_descriptors.json: descriptors that the reference wrote, and variants of them. */
#include <stdio.h>
#include <stdlib.h>

#include "desc.h"
#include "vec.h"

/*
 * Where we decide otherwise, by row of README. accept is our verdict; section, if any, the one
 * that counts as absent.
 */
static const struct difference {
	const char *name, *row;
	int accept;
	const char *section;
} differences[] = {
	{ "missing-Incoming-Hostname", "D3", 1, "Incoming/MMTP" },
	{ "missing-Incoming-Port", "D3", 1, "Incoming/MMTP" },
	{ "missing-Incoming-Protocols", "D3", 1, "Incoming/MMTP" },
	{ "smtp-max-size-garbage", "D3", 1, "Delivery/SMTP" },
	{ "port-0", "D4, D3", 1, "Incoming/MMTP" },
	{ "port-65536", "D4, D3", 1, "Incoming/MMTP" },
	{ "port-neg", "D4, D3", 1, "Incoming/MMTP" },
	{ "port-hex", "D3", 1, "Incoming/MMTP" },
	{ "port-text", "D3", 1, "Incoming/MMTP" },
	{ "hostname-bad", "D3", 1, "Incoming/MMTP" },
	{ "hostname-dots", "D3", 1, "Incoming/MMTP" },
	{ "hostname-empty", "D3", 1, "Incoming/MMTP" },
	{ "hostname-colon", "D3", 1, "Incoming/MMTP" },
	{ "date-slashes", "D4", 0, NULL },
	{ "no-space-after-colon", "D4", 0, NULL },
	{ "space-before-colon", "D4", 0, NULL },
	/* dir-spec 3: [Server] comes first. */
	{ "wrong-first-section", "dir-spec 3", 0, NULL },
};

static const struct difference *
difference(const char *name)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (strcmp(differences[i].name, name) == 0)
			return &differences[i];
	return NULL;
}

static int
has_section(const struct desc *d, const char *name)
{
	if (strcmp(name, "Incoming/MMTP") == 0)
		return d->has_incoming;
	if (strcmp(name, "Delivery/SMTP") == 0)
		return d->has_smtp;
	return -1;
}

static int
in_list(const json_t *list, const char *s)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), s) == 0)
			return 1;
	return 0;
}

static void
check_keys(const struct desc *d, const json_t *f)
{
	uint8_t id[HASH_LEN];

	VEC(vec_eq_hex(d->digest, HASH_LEN, f, "digest_hex"));
	VEC(vec_eq_hex(d->keyid, HASH_LEN, f, "identity_keyid_hex"));
	rsakey_keyid(d->packet_key, id);
	VEC(vec_eq_hex(id, HASH_LEN, f, "packet_key_digest_hex"));
}

static void
check_times(const struct desc *d, const json_t *f)
{
	const char *when;
	json_t *valid;

	VEC(d->published == (int64_t)json_number_value(json_object_get(f, "published")));
	VEC(d->valid_after == vec_int(f, "valid_after"));
	VEC(d->valid_until == vec_int(f, "valid_until"));
	json_object_foreach(json_object_get(f, "valid_at"), when, valid)
		VEC(desc_valid_at(d, strtoll(when, NULL, 10)) == json_integer_value(valid));
}

static void
check_capabilities(const struct desc *d, const json_t *f)
{
	const json_t *caps = json_object_get(f, "caps");

	/* The reference names no capability of a node that takes no connections. */
	if (!d->has_incoming) {
		VEC(json_array_size(caps) == 0);
		return;
	}
	VEC(strcmp(d->hostname, vec_str(f, "hostname")) == 0);
	VEC(d->port == vec_int(f, "port"));
	VEC(protocol_listed(d->in_protocols, "0.3") == in_list(json_object_get(f, "mmtp_in"),
	    "0.3"));
	VEC(d->has_mbox == in_list(caps, "mbox"));
	VEC(d->has_smtp == in_list(caps, "smtp"));
	VEC(d->has_outgoing == in_list(caps, "relay"));
	VEC(d->has_fragmented == in_list(caps, "frag"));
}

static void
check_one(const json_t *v, int64_t now)
{
	const char *name = vec_str(v, "name");
	const struct difference *diff = difference(name);
	struct buf text = vec_bytes(v, "descriptor");
	int accept = diff != NULL ? diff->accept : vec_accept(v, "verdict");
	struct errmsg e = { "" };
	struct desc *d;

	vec_begin("f_descriptors %s", name);
	d = desc_parse((const char *)text.p, text.len, now, &e);
	VEC((d != NULL) == accept);
	VEC(d != NULL || e.s[0] != '\0');
	if (d != NULL && diff != NULL && diff->section != NULL) {
		VEC(has_section(d, diff->section) == 0);
	} else if (d != NULL && json_object_get(v, "fields") != NULL) {
		VEC(strcmp(d->nickname, vec_str(json_object_get(v, "fields"), "nickname")) == 0);
		check_keys(d, json_object_get(v, "fields"));
		check_times(d, json_object_get(v, "fields"));
		check_capabilities(d, json_object_get(v, "fields"));
	}
	desc_free(d);
	buf_free(&text);
	vec_end();
}

/* The value of the IP entry, which a parsed descriptor does not keep. */
static void
find_ip(char ip[64], const struct buf *text)
{
	const char *p = strstr((const char *)text->p, "\nIP: ");

	*ip = '\0';
	if (p != NULL)
		(void)sscanf(p, "\nIP: %63s", ip);
}

static struct desc_params
params_of(const struct desc *d, const char *ip)
{
	return (struct desc_params){ .nickname = d->nickname, .contact = d->contact,
		.contact_fingerprint = d->contact_fingerprint, .comments = d->comments,
		.software = d->software, .why_insecure = d->why_insecure, .identity = d->identity,
		.packet_key = d->packet_key, .published = d->published,
		.valid_after = d->valid_after, .valid_until = d->valid_until, .secure = d->secure,
		.hostname = d->hostname, .ip = ip, .port = d->port, .mbox = d->has_mbox,
		.smtp = d->has_smtp, .fragmented = d->has_fragmented,
		.mbox_max_kb = d->mbox_max_kb, .smtp_max_kb = d->smtp_max_kb,
		.max_fragments = d->max_fragments, .mbox_allow_from = d->mbox_allow_from,
		.smtp_allow_from = d->smtp_allow_from };
}

/*
 * What we write of the same node is the reference's text, but for [Testing], where it says more
 * than we.
 */
static void
check_written(const json_t *v, int64_t now)
{
	struct buf text = vec_bytes(v, "descriptor"), stub = { 0 }, ours = { 0 }, out = { 0 };
	struct desc *d = desc_parse((const char *)text.p, text.len, now, NULL), *again;
	struct desc_params p;
	char ip[64], *testing;

	vec_begin("f_descriptors written %s", vec_str(v, "name"));
	VEC(d != NULL);
	buf_cstr(&text);
	find_ip(ip, &text);
	p = params_of(d, ip);
	desc_format(&ours, &p);
	desc_stub(&stub, (const char *)text.p, text.len);
	testing = strstr(buf_cstr(&stub), "[Testing]");
	VEC(d->mix_interval == 30 * 60);
	VEC(testing != NULL && (size_t)(testing - (char *)stub.p) == ours.len);
	VEC(testing != NULL && memcmp(ours.p, stub.p, ours.len) == 0);
	VEC(desc_sign(&out, (const char *)ours.p, ours.len, vec_server(d->nickname)->identity,
	    &rng_system, NULL) == 0);
	again = desc_parse((const char *)out.p, out.len, now, NULL);
	VEC(again != NULL && again->secure == d->secure && again->has_smtp == d->has_smtp);
	desc_free(again);
	desc_free(d);
	buf_free(&text);
	buf_free(&stub);
	buf_free(&ours);
	buf_free(&out);
	vec_end();
}

static struct desc *
named(json_t *v, const char *name, int64_t now)
{
	json_t *list = json_object_get(v, "descriptors"), *one = NULL;
	struct buf text;
	struct desc *d;

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(vec_str(json_array_get(list, i), "name"), name) == 0)
			one = json_array_get(list, i);
	text = one != NULL ? vec_bytes(one, "descriptor") : vec_bytes(v, name);
	d = desc_parse((const char *)text.p, text.len, now, NULL);
	buf_free(&text);
	return d;
}

static void
check_supersession(json_t *v, const json_t *row, int64_t now)
{
	const json_t *others = json_object_get(row, "others");
	struct desc *a = named(v, vec_str(row, "a"), now), *o[8] = { NULL };
	const struct desc *list[8];
	size_t n = json_array_size(others);

	vec_begin("f_descriptors supersession %s", vec_str(row, "a"));
	for (size_t i = 0; i < n; i++)
		list[i] = o[i] = named(v, json_string_value(json_array_get(others, i)), now);
	VEC(a != NULL && o[0] != NULL);
	VEC(desc_superseded(a, list, n) == json_is_true(json_object_get(row, "superseded")));
	for (size_t i = 0; i < n; i++)
		desc_free(o[i]);
	desc_free(a);
	vec_end();
}

static void
check_stub(json_t *v)
{
	json_t *first = json_array_get(json_object_get(v, "descriptors"), 0);
	struct buf text = vec_bytes(first, "descriptor"), stub = { 0 };
	struct buf want = vec_bytes(v, "digest_stub_of_good_0");
	uint8_t md[HASH_LEN];

	vec_begin("f_descriptors stub");
	desc_stub(&stub, (const char *)text.p, text.len);
	VEC(vec_eq(&want, stub.p, stub.len));
	desc_digest(md, (const char *)text.p, text.len);
	VEC(vec_eq_hex(md, HASH_LEN, v, "digest_of_stub_hex"));
	buf_free(&text);
	buf_free(&stub);
	buf_free(&want);
	vec_end();
}

void
vec_f_descriptors(json_t *v)
{
	json_t *list = json_object_get(v, "descriptors");
	json_t *rows = json_object_get(v, "supersession");
	/* good-0-later was published an hour after the rest. */
	int64_t now = vec_int(v, "now") + 7200;

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *d = json_array_get(list, i);

		check_one(d, strcmp(vec_str(d, "name"), "published-future") == 0 ?
			vec_int(v, "now") : now);
		if (strncmp(vec_str(d, "name"), "good-", 5) == 0)
			check_written(d, now);
	}
	for (size_t i = 0; i < json_array_size(rows); i++)
		check_supersession(v, json_array_get(rows, i), now);
	check_stub(v);
}
