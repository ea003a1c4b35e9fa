/* j_delivered.json: what an exit makes of payloads, armor, and what a recipient finds in a text. */
#include "compress.h"
#include "delivered.h"
#include "e2e.h"
#include "vec.h"

/* Where we are strict and the reference is not: the headers that are left (row E11). */
static const struct {
	const char *name, *subject, *from;
} differences[] = {
	{ "header-order", "b", NULL }, /* FROM after SUBJECT */
	{ "unknown-header", "s", NULL },
	{ "lowercase-header", NULL, NULL },
	{ "header-space", "spaced", NULL },
	{ "from-tricks", NULL, NULL }, /* a quotation mark */
};
#define NDIFFERENCES (sizeof(differences) / sizeof(differences[0]))

static int
same(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static const char *
member(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void
check_headers(const json_t *x, const struct msghdrs *h)
{
	const json_t *want = json_object_get(x, "headers");

	for (size_t i = 0; i < NDIFFERENCES; i++) {
		if (strcmp(differences[i].name, vec_str(x, "name")) != 0)
			continue;
		VEC(same(h->subject, differences[i].subject));
		VEC(same(h->from, differences[i].from));
		VEC(h->in_reply_to == NULL && h->references == NULL);
		return;
	}
	VEC(same(h->subject, member(want, "SUBJECT")));
	VEC(same(h->from, member(want, "FROM")));
	VEC(same(h->in_reply_to, member(want, "IN-REPLY-TO")));
	VEC(same(h->references, member(want, "REFERENCES")));
}

static void
check_message(const struct delivered_message *m, const json_t *want, int force)
{
	struct buf contents = vec_bytes(want, "contents_b64"), out = { 0 };

	VEC(strcmp(message_type_name(m->type), vec_str(want, "type")) == 0);
	if (json_is_string(json_object_get(want, "tag_hex")))
		VEC(vec_eq_hex(m->tag, TAG_LEN, want, "tag_hex"));
	else
		VEC(m->type != MT_ENCRYPTED);
	if (force && m->type == MT_OVERCOMPRESSED) {
		VEC(mix_uncompress(&out, m->contents.p, m->contents.len, 0, NULL) == 0);
		VEC(vec_eq(&contents, out.p, out.len));
	} else {
		VEC(vec_eq(&contents, m->contents.p, m->contents.len));
	}
	buf_free(&contents);
	buf_free(&out);
}

/* parsed is the list of messages, or an object that tells of an exception. */
static void
check_parsed(const struct buf *text, const json_t *parsed, int force)
{
	struct delivered_message m;
	size_t pos = 0, n = 0;
	int r;

	while ((r = message_next(&m, (const char *)text->p, text->len, &pos, NULL)) == 1) {
		if (json_is_array(parsed) && n < json_array_size(parsed))
			check_message(&m, json_array_get(parsed, n), force);
		buf_free(&m.contents);
		n++;
	}
	VEC((r == -1) == json_is_object(parsed));
	VEC(r == -1 || n == json_array_size(parsed));
}

static const char *
type_of(const struct delivery *d)
{
	if (d->error)
		return "err";
	return d->type == MT_ENCRYPTED ? "enc" : d->type == MT_OVERCOMPRESSED ? "long" : "plain";
}

/* What the recipient, who has the secret or the key, reads. */
static void
check_recipient(const json_t *x, const struct buf *payload, const struct buf *tag)
{
	static struct e2e_decoded d;
	struct buf want = vec_bytes(x, "contents_b64"), got = { 0 }, secret = { 0 };
	struct e2e_secret s = { .name = "" };
	struct rsakey *key = NULL;

	if (member(x, "user_key_hex") != NULL) {
		secret = vec_bytes(x, "user_key_hex");
		s.secret = secret.p;
		s.len = secret.len;
	}
	for (size_t i = 0; i < keys.nrecipients; i++)
		if (same(keys.recipients[i].name, member(x, "recipient")))
			key = keys.recipients[i].key;
	VEC(e2e_decode(&d, payload->p, tag->p, &s, secret.len > 0, &key, key != NULL, NULL) == 0);
	VEC(d.how == (key != NULL ? E2E_ENCRYPTED : E2E_REPLY));
	VEC(mix_uncompress(&got, d.payload.data, d.payload.len, 0, NULL) == 0);
	VEC(vec_eq(&want, got.p, got.len));
	buf_free(&want);
	buf_free(&got);
	buf_free(&secret);
}

static void
delivery_one(const json_t *x)
{
	struct buf payload = vec_bytes(x, "payload_b64"), tag = vec_bytes(x, "tag_hex");
	struct buf armored = { 0 }, text;
	struct delivery d;

	vec_begin("delivery %s", vec_str(x, "name"));
	delivery_from_payload(&d, payload.p, tag.len == TAG_LEN ? tag.p : NULL);
	VEC(strcmp(type_of(&d), vec_str(x, "type")) == 0);
	VEC((!d.error && d.type == MT_FRAGMENT) == json_is_true(json_object_get(x, "is_fragment")));
	if (json_object_get(x, "text") != NULL) {
		text = vec_bytes(x, "text");
		delivery_armor(&armored, &d);
		VEC(vec_eq(&text, armored.p, armored.len));
		check_headers(x, &d.headers);
		check_parsed(&text, json_object_get(x, "parsed"), 0);
		if (json_object_get(x, "parsed_force") != NULL)
			check_parsed(&text, json_object_get(x, "parsed_force"), 1);
		buf_free(&text);
	}
	if (member(x, "surb_case") != NULL || member(x, "recipient") != NULL)
		check_recipient(x, &payload, &tag);
	vec_end();
	delivery_free(&d);
	buf_free(&payload);
	buf_free(&tag);
	buf_free(&armored);
}

static void
text_one(const json_t *x)
{
	struct buf text = vec_bytes(x, "text");

	vec_begin("text %s", vec_str(x, "name"));
	check_parsed(&text, json_object_get(x, "parsed"), 0);
	vec_end();
	buf_free(&text);
}

static void
armor_one(const json_t *x)
{
	static const struct armor_header h[] = { { "A", "b" }, { "Version", "1" } };
	struct buf data = vec_bytes(x, "data_b64"), want = vec_bytes(x, "armored"), got = { 0 };
	struct armored a;
	size_t pos = 0;

	vec_begin("armor of %zu octets", data.len);
	armor_encode(&got, "TYPE III TEST", h, 2, data.p, data.len, 1);
	VEC(vec_eq(&want, got.p, got.len));
	VEC(armor_next(&a, "TYPE III TEST", (const char *)want.p, want.len, &pos, NULL) == 1);
	VEC(vec_eq(&data, a.data.p, a.data.len));
	VEC(same(armored_header(&a, "Version"), "1") && pos == want.len);
	vec_end();
	armored_free(&a);
	buf_free(&data);
	buf_free(&want);
	buf_free(&got);
}

static void
headers_one(const json_t *x)
{
	const json_t *in = json_object_get(x, "in");
	struct buf got = { 0 }, want;
	struct msghdrs h = {
		.subject = (char *)(uintptr_t)member(in, "subject"),
		.from = (char *)(uintptr_t)member(in, "fromAddr"),
		.in_reply_to = (char *)(uintptr_t)member(in, "inReplyTo"),
		.references = (char *)(uintptr_t)member(in, "references"),
	};
	int ok;

	vec_begin("message headers, %zu given, %s", json_object_size(in), vec_str(x, "verdict"));
	ok = msghdrs_encode(&got, &h, NULL) == 0;
	VEC(ok == vec_accept(x, "verdict"));
	if (ok) {
		want = vec_bytes(x, "encoded");
		VEC(vec_eq(&want, got.p, got.len));
		buf_free(&want);
	}
	vec_end();
	buf_free(&got);
}

static void
each(json_t *v, const char *key, void (*one)(const json_t *))
{
	size_t i;
	json_t *x;

	json_array_foreach(json_object_get(v, key), i, x)
		one(x);
}

void
vec_j_delivered(json_t *v)
{
	each(v, "deliveries", delivery_one);
	each(v, "text_parse", text_one);
	each(v, "armor", armor_one);
	each(v, "encode_headers", headers_one);
}
