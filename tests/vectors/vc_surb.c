/* c_surb.json: reply blocks made, read and replied through; keyrings. */
#include <stdlib.h>

#include "armor.h"
#include "e2e.h"
#include "keyring.h"
#include "surb.h"
#include "vec.h"

static void
check_made(json_t *c, struct surb *s)
{
	struct buf info = vec_bytes(c, "exit_info_hex"), sec = vec_bytes(c, "user_key_hex");
	struct buf bin = { 0 }, text = { 0 }, want = vec_bytes(c, "surb_b64");
	struct buf armored = vec_bytes(c, "surb_armored");
	struct hop path[MAX_HOPS];
	uint8_t seed[TAG_LEN], md[HASH_LEN];
	struct errmsg e;
	struct vec_rng r;

	vec_rng_init(&r);
	vec_rng_push_hex(&r, vec_str(c, "seed_tag_hex"));
	vec_rng_push_hex(&r, vec_str(c, "header_padding_hex"));
	vec_rng_push_list(&r, json_object_get(c, "oaep_seeds_hex"), 1);
	VEC(surb_build(s, path, vec_path(path, json_object_get(c, "path")),
		(uint16_t)vec_int(c, "exit_type"), info.p, info.len, sec.p, sec.len,
		(uint32_t)vec_int(c, "expiry"), &r.rng, seed, &e) == 0);
	VEC(vec_rng_done(&r));
	VEC(vec_eq_hex(seed, TAG_LEN, c, "seed_tag_hex"));
	surb_pack(&bin, s);
	VEC(vec_eq(&want, bin.p, bin.len));
	surb_armor(&text, s);
	VEC(vec_eq(&armored, text.p, text.len));
	surb_digest(s, md);
	VEC(vec_eq_hex(md, HASH_LEN, c, "surb_sha1_hex"));
	vec_rng_free(&r);
	buf_free(&info);
	buf_free(&sec);
	buf_free(&bin);
	buf_free(&text);
	buf_free(&want);
	buf_free(&armored);
}

static void
check_read(json_t *c)
{
	json_t *f = json_object_get(c, "surb_fields");
	struct buf bin = vec_bytes(c, "surb_b64"), header = vec_bytes(f, "header_b64");
	struct surb s;
	struct errmsg e;
	size_t used = 0;

	VEC(surb_parse(&s, bin.p, bin.len, &used, &e) == 0);
	VEC(used == bin.len);
	VEC(s.use_by == vec_int(f, "timestamp") && s.rtype == vec_int(f, "routing_type"));
	VEC(vec_eq_hex(s.ri, s.rilen, f, "routing_info_hex"));
	VEC(vec_eq_hex(s.key, KEY_LEN, f, "encryption_key_hex"));
	VEC(vec_eq(&header, s.header, HEADER_LEN));
	VEC(!surb_expired(&s, s.use_by) && surb_expired(&s, (int64_t)s.use_by + 1));
	buf_free(&bin);
	buf_free(&header);
}

static void
check_decoded(json_t *c, json_t *want, const struct unwrapped *last, const struct buf *payload)
{
	static const uint8_t zeros[HASH_LEN];
	struct buf sec = vec_bytes(c, "user_key_hex");
	struct e2e_secret secrets[] = { { "other", zeros, HASH_LEN },
		{ vec_str(c, "identity"), sec.p, sec.len } };
	struct e2e_decoded *d = malloc(sizeof(*d));
	struct errmsg e;

	VEC(e2e_decode(d, last->payload, last->ri, secrets, 2, NULL, 0, &e) == 0);
	VEC(d->how == E2E_REPLY && d->which == 1);
	VEC(strcmp(secrets[1].name, vec_str(want, "identity")) == 0);
	VEC(vec_eq(payload, d->buf, PAYLOAD_LEN));
	VEC(e2e_decode(d, last->payload, last->ri, secrets, 1, NULL, 0, &e) == 0);
	VEC(d->how == E2E_UNDECODABLE);
	free(d);
	buf_free(&sec);
}

static void
check_reply(json_t *c, const struct surb *s)
{
	json_t *reply = json_object_get(c, "reply");
	struct buf payload = vec_bytes(reply, "payload_b64");
	struct buf packet = vec_bytes(reply, "packet_b64");
	struct hop leg1[MAX_HOPS];
	uint8_t mine[PACKET_LEN];
	struct unwrapped last;
	struct errmsg e;
	struct vec_rng r;

	vec_rng_init(&r);
	vec_push_build(&r, json_object_get(reply, "build_randomness"));
	VEC(packet_build_reply(mine, payload.p, leg1,
		vec_path(leg1, json_object_get(reply, "path1")), s, &r.rng, &e) == 0);
	VEC(vec_rng_done(&r));
	VEC(vec_eq(&packet, mine, PACKET_LEN));
	vec_check_hops(packet.p, json_object_get(reply, "hops"), &last);
	check_decoded(c, json_object_get(reply, "decode"), &last, &payload);
	vec_rng_free(&r);
	buf_free(&payload);
	buf_free(&packet);
}

static void
check_batch_of(json_t *batch, const char *field)
{
	json_t *want = json_object_get(batch, "surb_sha1_hex");
	struct buf b = vec_bytes(batch, field);
	struct surb *s = NULL;
	size_t n = 0;
	uint8_t md[HASH_LEN];

	vec_begin("c_surb batch %s", field);
	VEC(surb_parse_all(&s, &n, b.p, b.len, 100, NULL, NULL) == 0);
	VEC(n == json_array_size(want));
	for (size_t i = 0; i < n; i++) {
		struct buf w = vec_bytes_of(json_array_get(want, i), "hex");

		surb_digest(&s[i], md);
		VEC(vec_eq(&w, md, HASH_LEN));
		buf_free(&w);
	}
	vec_end();
	free(s);
	buf_free(&b);
}

static int warned;

static void
count_warning(const char *what)
{
	(void)what;
	warned++;
}

/* A binary vector is one reply block and nothing else. */
static int
parse_vector(json_t *x, struct surb **s, size_t *n)
{
	int binary = strcmp(vec_str(x, "format"), "binary") == 0;
	struct buf b = vec_bytes(x, binary ? "surb_b64" : "surb_armored");
	size_t used = 0;
	int r;

	if (binary) {
		*s = malloc(sizeof(**s));
		*n = 1;
		r = surb_parse(*s, b.p, b.len, &used, NULL) == 0 && used == b.len;
	} else {
		r = surb_parse_all(s, n, b.p, b.len, 100, count_warning, NULL) == 0;
	}
	buf_free(&b);
	return r;
}

static void
check_parse(json_t *x)
{
	const char *name = vec_str(x, "name");
	struct surb *s = NULL;
	size_t n = 0;
	int ok, want = vec_accept(x, "verdict") ^ vec_differs("c_surb", name);

	vec_begin("c_surb parse %s", name);
	warned = 0;
	ok = parse_vector(x, &s, &n);
	VEC(ok == want);
	VEC(warned == (strstr(name, "version") != NULL && ok)); /* S1 */
	if (ok && want) {
		VEC((long long)n == vec_int(x, "count"));
		for (size_t i = 0; i < n; i++) {
			struct buf ri = vec_bytes_of(
			    json_array_get(json_object_get(x, "routing_info_hex"), i), "hex");

			VEC(vec_eq(&ri, s[i].ri, s[i].rilen));
			VEC(s[i].use_by == json_integer_value(json_array_get(
				json_object_get(x, "timestamps"), i)));
			buf_free(&ri);
		}
	}
	vec_end();
	free(s);
}

/* Salt and padding of the file, for writing the same again. */
static void
push_file_randomness(struct vec_rng *r, const char *text, size_t len, const char *pass, size_t n)
{
	struct armored a;
	struct errmsg e;
	size_t pos = 0;
	uint8_t key[HASH_LEN];

	VEC(armor_next(&a, ARMOR_KEYRING, text, len, &pos, &e) == 1);
	struct chunk c[] = { { a.data.p + 9, 8 }, { pass, strlen(pass) }, { a.data.p + 9, 8 } };

	vec_rng_push(r, a.data.p + 9, 8);
	sha1_parts(key, c, 3);
	stream_crypt(key, 0, a.data.p + 17, a.data.p + 17, a.data.len - 17);
	vec_rng_push(r, a.data.p + 21 + n, a.data.len - 21 - n - HASH_LEN);
	armored_free(&a);
}

static void
check_surb_keys(const struct keyring *k, json_t *list)
{
	struct surb_key got;
	size_t n = 0;

	while (keyring_surb_key(k, n, &got)) {
		int found = 0;

		for (size_t i = 0; i < json_array_size(list); i++) {
			json_t *w = json_array_get(list, i);

			found |= strcmp(got.name, vec_str(w, "identity")) == 0 &&
			    got.expires == vec_int(w, "expires") &&
			    vec_eq_hex(got.secret, got.seclen, w, "secret_hex");
		}
		VEC(found);
		n++;
	}
	VEC(n == json_array_size(list));
}

static void
check_keyring(json_t *x, size_t i)
{
	struct buf text = vec_bytes(x, "keyring_armored"), plain = { 0 }, again = { 0 };
	const char *pass = vec_str(x, "password");
	struct keyring k;
	struct vec_rng r;
	struct errmsg e;

	vec_begin("c_surb keyrings %zu", i);
	VEC(keyring_decrypt(&k, (char *)text.p, text.len, "no passphrase", &e) == -2);
	VEC(keyring_decrypt(&k, (char *)text.p, text.len, pass, &e) == 0);
	keyring_pack(&plain, &k);
	VEC(vec_eq_hex(plain.p, plain.len, x, "plain_data_hex"));
	check_surb_keys(&k, json_object_get(x, "surb_keys"));
	vec_rng_init(&r);
	push_file_randomness(&r, (char *)text.p, text.len, pass, plain.len);
	keyring_encrypt(&again, &k, pass, &r.rng);
	VEC(vec_eq(&text, again.p, again.len));
	vec_end();
	keyring_free(&k);
	vec_rng_free(&r);
	buf_free(&text);
	buf_free(&plain);
	buf_free(&again);
}

static void
check_case(json_t *c)
{
	struct surb s;

	vec_begin("c_surb %s made", vec_str(c, "name"));
	check_made(c, &s);
	vec_end();
	vec_begin("c_surb %s read", vec_str(c, "name"));
	check_read(c);
	vec_end();
	vec_begin("c_surb %s reply", vec_str(c, "name"));
	check_reply(c, &s);
	vec_end();
}

void
vec_c_surb(json_t *v)
{
	json_t *list = json_object_get(v, "cases");

	for (size_t i = 0; i < json_array_size(list); i++)
		check_case(json_array_get(list, i));
	check_batch_of(json_object_get(v, "batch"), "binary_concatenated_b64");
	check_batch_of(json_object_get(v, "batch"), "binary_with_whitespace_b64");
	check_batch_of(json_object_get(v, "batch"), "armored_concatenated");
	list = json_object_get(v, "parse");
	for (size_t i = 0; i < json_array_size(list); i++)
		check_parse(json_array_get(list, i));
	list = json_object_get(v, "keyrings");
	for (size_t i = 0; i < json_array_size(list); i++)
		check_keyring(json_array_get(list, i), i);
}
