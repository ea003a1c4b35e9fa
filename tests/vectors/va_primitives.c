/* a_primitives.json: streams, keys, LIONESS, OAEP, RSA, routing info and mailboxes. */
#include <stdlib.h>

#include "vec.h"

#define EACH(v, field) \
	for (size_t i = 0; i < json_array_size(json_object_get(v, field)); i++)
#define ITEM(v, field) json_array_get(json_object_get(v, field), i)

static void
streams(json_t *v)
{
	EACH(v, "prng")
	{
		json_t *x = ITEM(v, "prng");
		struct buf key = vec_bytes(x, "key_hex");
		size_t len = (size_t)vec_int(x, "length");
		uint8_t *out = malloc(len + 1);

		vec_begin("a_primitives prng %zu", i);
		stream_crypt(key.p, (uint64_t)vec_int(x, "offset"), NULL, out, len);
		VEC(vec_eq_hex(out, len, x, "stream_hex"));
		vec_end();
		free(out);
		buf_free(&key);
	}
	EACH(v, "ctr_crypt")
	{
		json_t *x = ITEM(v, "ctr_crypt");
		struct buf key = vec_bytes(x, "key_hex"), m = vec_bytes(x, "plaintext_hex");

		vec_begin("a_primitives ctr_crypt %zu", i);
		stream_crypt(key.p, (uint64_t)vec_int(x, "offset"), m.p, m.p, m.len);
		VEC(vec_eq_hex(m.p, m.len, x, "ciphertext_hex"));
		vec_end();
		buf_free(&key);
		buf_free(&m);
	}
}

/* The four keys of LIONESS against a list of hex strings. */
static int
lioness_is(const void *master, size_t mlen, const char *label, const json_t *list)
{
	struct lioness_key k;
	int same = json_array_size(list) == 4;

	lioness_setkey(&k, master, mlen, label);
	for (size_t i = 0; i < 4; i++) {
		struct buf want = vec_bytes_of(json_array_get(list, i), "hex");

		same = same && vec_eq(&want, k.k[i], HASH_LEN);
		buf_free(&want);
	}
	return same;
}

static void
subkeys(json_t *v)
{
	EACH(v, "subkeys")
	{
		json_t *x = ITEM(v, "subkeys"), *want;
		struct buf m = vec_bytes(x, "master_hex");
		const char *label;

		json_object_foreach(json_object_get(x, "subkeys"), label, want)
		{
			uint8_t key[KEY_LEN], md[HASH_LEN];
			struct chunk c[] = { { m.p, m.len }, { label, strlen(label) } };

			vec_begin("a_primitives subkeys %zu %s", i, label);
			subkey(key, m.p, m.len, label);
			VEC(vec_eq_hex(key, KEY_LEN, want, "aes16_hex"));
			sha1_parts(md, c, 2);
			VEC(vec_eq_hex(md, HASH_LEN, want, "sha20_hex"));
			VEC(lioness_is(m.p, m.len, label, json_object_get(want, "lioness_hex")));
			vec_end();
		}
		buf_free(&m);
	}
}

static void
swap_keys(json_t *v)
{
	json_t *x = json_object_get(v, "swap_keys");
	struct buf payload = vec_bytes(x, "payload_b64"), header = vec_bytes(x, "header_b64");
	uint8_t md[HASH_LEN];

	vec_begin("a_primitives swap_keys");
	sha1(md, payload.p, payload.len);
	VEC(lioness_is(md, HASH_LEN, L_HIDE_HEADER,
	    json_object_get(x, "hide_header_keys_from_payload_hex")));
	sha1(md, header.p, header.len);
	VEC(lioness_is(md, HASH_LEN, L_HIDE_PAYLOAD,
	    json_object_get(x, "hide_payload_keys_from_header_hex")));
	vec_end();
	buf_free(&payload);
	buf_free(&header);
}

static void
lioness(json_t *v)
{
	EACH(v, "lioness")
	{
		json_t *x = ITEM(v, "lioness");
		struct buf k = vec_bytes(x, "master_hex"), m = vec_bytes(x, "plaintext_b64");
		struct buf enc = vec_bytes(x, "encrypted_b64");
		struct buf dec = vec_bytes(x, "decrypted_of_plaintext_b64");

		vec_begin("a_primitives lioness %zu", i);
		sprp_encrypt(k.p, k.len, vec_str(x, "mode"), m.p, m.len);
		VEC(vec_eq(&enc, m.p, m.len));
		sprp_decrypt(k.p, k.len, vec_str(x, "mode"), m.p, m.len);
		sprp_decrypt(k.p, k.len, vec_str(x, "mode"), m.p, m.len);
		VEC(vec_eq(&dec, m.p, m.len));
		vec_end();
		buf_free(&k);
		buf_free(&m);
		buf_free(&enc);
		buf_free(&dec);
	}
	EACH(v, "whiten")
	{
		json_t *x = ITEM(v, "whiten");
		struct buf m = vec_bytes(x, "plaintext_b64"), w = vec_bytes(x, "whitened_b64");

		vec_begin("a_primitives whiten %zu", i);
		whiten(m.p, m.len);
		VEC(vec_eq(&w, m.p, m.len));
		unwhiten(m.p, m.len);
		unwhiten(w.p, w.len);
		VEC(vec_eq(&w, m.p, m.len));
		vec_end();
		buf_free(&m);
		buf_free(&w);
	}
}

static void
key_ids(json_t *v)
{
	EACH(v, "key_ids")
	{
		json_t *x = ITEM(v, "key_ids");
		struct buf der = vec_bytes(x, "public_der_hex"), again = { 0 };
		struct rsakey *k = rsakey_from_public_der(der.p, der.len, NULL);
		char fingerprint[2 * HASH_LEN + 1];
		uint8_t id[HASH_LEN];

		vec_begin("a_primitives key_ids %zu", i);
		VEC(k != NULL && !rsakey_is_private(k));
		if (k != NULL) {
			rsakey_keyid(k, id);
			VEC(vec_eq_hex(id, HASH_LEN, x, "keyid_hex"));
			hex_upper(fingerprint, id, HASH_LEN);
			VEC(strcmp(fingerprint, vec_str(x, "fingerprint")) == 0);
			rsakey_public_der(k, &again);
			VEC(vec_eq(&der, again.p, again.len));
		}
		vec_end();
		rsakey_free(k);
		buf_free(&again);
		buf_free(&der);
	}
}

/* Every private key of keys.json through its encodings. */
static void
private_keys(void)
{
	json_t *list = json_object_get(vec_load("keys"), "servers");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *x = json_array_get(list, i);
		struct buf want = vec_bytes(x, "packet_private_der_hex"), der = { 0 }, pem = { 0 };
		struct rsakey *k;

		vec_begin("a_primitives private key %zu", i);
		rsakey_private_der(keys.servers[i].packet, &der);
		VEC(vec_eq(&want, der.p, der.len));
		rsakey_private_pem(keys.servers[i].packet, &pem);
		k = rsakey_from_pem((char *)pem.p, pem.len, NULL, NULL);
		VEC(k != NULL);
		if (k != NULL) {
			buf_reset(&der);
			rsakey_private_der(k, &der);
			VEC(vec_eq(&want, der.p, der.len));
		}
		vec_end();
		rsakey_free(k);
		buf_free(&want);
		buf_free(&der);
		buf_free(&pem);
	}
}

static void
check_oaep(json_t *x, struct rsakey *k)
{
	struct buf m = vec_bytes(x, "message_hex"), seed = vec_bytes(x, "seed_hex");
	struct buf cipher = vec_bytes(x, "ciphertext_hex");
	uint8_t block[RSA_MAX_LEN], out[RSA_MAX_LEN];
	struct vec_rng r;
	size_t len = 0;

	VEC(oaep_encode(block, PK_ENC_LEN, seed.p, m.p, m.len) == 0);
	VEC(vec_eq_hex(block, PK_ENC_LEN, x, "padded_hex"));
	VEC(oaep_decode(out, &len, block, PK_ENC_LEN) == 0 && vec_eq(&m, out, len));
	vec_rng_init(&r);
	vec_rng_push(&r, seed.p, seed.len);
	VEC(rsakey_encrypt(k, &r.rng, m.p, m.len, out) == 0);
	VEC(vec_eq(&cipher, out, PK_ENC_LEN));
	VEC(rsakey_decrypt(k, cipher.p, out, &len) == 0 && vec_eq(&m, out, len));
	vec_rng_free(&r);
	buf_free(&m);
	buf_free(&seed);
	buf_free(&cipher);
}

static void
oaep(json_t *v)
{
	uint8_t md[HASH_LEN], out[RSA_MAX_LEN];
	size_t len = 0;

	vec_begin("a_primitives oaep_parameter");
	VEC(strcmp(OAEP_LABEL, vec_str(v, "oaep_parameter")) == 0);
	sha1(md, OAEP_LABEL, strlen(OAEP_LABEL));
	VEC(vec_eq_hex(md, HASH_LEN, v, "oaep_parameter_sha1"));
	vec_end();
	EACH(v, "oaep")
	{
		json_t *x = ITEM(v, "oaep");

		vec_begin("a_primitives oaep %zu", i);
		check_oaep(x, vec_server(vec_str(x, "server"))->packet);
		vec_end();
	}
	EACH(v, "oaep_decrypt")
	{
		json_t *x = ITEM(v, "oaep_decrypt");
		struct buf c = vec_bytes(x, "ciphertext_hex");
		int ok = rsakey_decrypt(keys.servers[0].packet, c.p, out, &len) == 0;

		vec_begin("a_primitives oaep_decrypt %s", vec_str(x, "name"));
		VEC(ok == vec_accept(x, "verdict"));
		if (ok)
			VEC(vec_eq_hex(out, len, x, "message_hex"));
		vec_end();
		buf_free(&c);
	}
}

static void
signatures(json_t *v)
{
	EACH(v, "signatures")
	{
		json_t *x = ITEM(v, "signatures");
		struct rsakey *k = vec_server(vec_str(x, "server"))->identity;
		struct buf digest = vec_bytes(x, "digest_hex"), sig = { 0 };
		struct vec_rng r;

		vec_begin("a_primitives signatures %zu", i);
		vec_rng_init(&r);
		vec_rng_push_hex(&r, vec_str(x, "oaep_seed_hex"));
		VEC(rsakey_sign(k, &r.rng, digest.p, &sig) == 0);
		VEC(vec_eq_hex(sig.p, sig.len, x, "signature_hex"));
		VEC(rsakey_verify(k, digest.p, sig.p, sig.len) == 0);
		digest.p[0] ^= 1;
		VEC(rsakey_verify(k, digest.p, sig.p, sig.len) == -1);
		digest.p[0] ^= 1;
		sig.p[sig.len - 1] ^= 1;
		VEC(rsakey_verify(k, digest.p, sig.p, sig.len) == -1);
		VEC(rsakey_verify(k, digest.p, sig.p, sig.len - 1) == -1);
		vec_end();
		vec_rng_free(&r);
		buf_free(&digest);
		buf_free(&sig);
	}
}

static void
host_info(json_t *v)
{
	EACH(v, "mmtp_host_info")
	{
		json_t *x = ITEM(v, "mmtp_host_info");
		struct buf id = vec_bytes(x, "keyid_hex"), host = vec_bytes(x, "host"), b = { 0 };
		struct mix_addr a = { .port = (uint16_t)vec_int(x, "port") };

		vec_begin("a_primitives mmtp_host_info %zu", i);
		memcpy(a.host, host.p, host.len);
		memcpy(a.keyid, id.p, HASH_LEN);
		routing_pack_host(&b, &a);
		VEC(vec_eq_hex(b.p, b.len, x, "packed_hex"));
		vec_end();
		buf_free(&id);
		buf_free(&host);
		buf_free(&b);
	}
	EACH(v, "mmtp_host_info_parse")
	{
		json_t *x = ITEM(v, "mmtp_host_info_parse");
		struct buf ri = vec_bytes(x, "hex");
		struct mix_addr a;
		int ok = routing_parse(&a, RT_FWD_HOST, ri.p, ri.len, NULL) == 0;

		vec_begin("a_primitives mmtp_host_info_parse %zu", i);
		/* No host name is longer than 255 octets (RFC 1035); the reference does not ask. */
		VEC(ok == (vec_accept(x, "verdict") && ri.len <= 2 + HASH_LEN + MAX_HOSTNAME));
		if (ok)
			VEC(strcmp(a.host, vec_str(x, "host")) == 0);
		vec_end();
		buf_free(&ri);
	}
}

static void
mailboxes(json_t *v)
{
	EACH(v, "smtp_mailbox")
	{
		json_t *x = ITEM(v, "smtp_mailbox");
		struct buf a = vec_bytes(x, "address");

		vec_begin("a_primitives smtp_mailbox %zu", i);
		VEC(mailbox_valid((char *)a.p, a.len) == vec_accept(x, "verdict"));
		vec_end();
		buf_free(&a);
	}
}


void
vec_a_primitives(json_t *v)
{
	streams(v);
	subkeys(v);
	swap_keys(v);
	lioness(v);
	key_ids(v);
	private_keys();
	oaep(v);
	signatures(v);
	host_info(v);
	mailboxes(v);
	vec_a_payload_parts(v);
}
