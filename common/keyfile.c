/* The keyring's armored, encrypted file, E2E-spec A.2; see keyring.h. */
#include <string.h>

#include "armor.h"
#include "keyring.h"

#define MAGIC	     "KEYRING2" /* and a zero octet: the way of encryption */
#define MAGIC_LEN    8
#define SALT_LEN     8
#define PADDED_TO    1024
#define FILE_VERSION "0.1"
#define HEAD_LEN     (MAGIC_LEN + 1 + SALT_LEN)

/* The stream's key is the start of HASH(SALT | PASSPHRASE | SALT). */
static void
file_crypt(uint8_t *p, size_t len, const uint8_t *salt, const char *passphrase)
{
	struct chunk c[] = { { salt, SALT_LEN }, { passphrase, strlen(passphrase) },
		{ salt, SALT_LEN } };
	uint8_t key[HASH_LEN];

	sha1_parts(key, c, 3);
	stream_crypt(key, 0, p, p, len);
	wipe(key, sizeof(key));
}

static void
body_digest(uint8_t md[HASH_LEN], const uint8_t *body, size_t len, const uint8_t *salt)
{
	struct chunk c[] = { { body, len }, { salt, SALT_LEN }, { MAGIC, MAGIC_LEN } };

	sha1_parts(md, c, 3);
}

void
keyring_encrypt(struct buf *out, const struct keyring *k, const char *passphrase,
    const struct rng *rng)
{
	static const struct armor_header version = { "Version", FILE_VERSION };
	struct buf items = { 0 }, f = { 0 };
	uint8_t md[HASH_LEN], salt[SALT_LEN];
	size_t pad;

	keyring_pack(&items, k);
	pad = (PADDED_TO - items.len % PADDED_TO) % PADDED_TO;
	rng_fill(rng, salt, SALT_LEN);
	buf_put(&f, MAGIC "\0", MAGIC_LEN + 1);
	buf_put(&f, salt, SALT_LEN);
	buf_u32(&f, (uint32_t)items.len);
	buf_put(&f, items.p, items.len);
	if (pad != 0)
		rng_fill(rng, buf_space(&f, pad), pad);
	body_digest(md, f.p + HEAD_LEN, f.len - HEAD_LEN, salt);
	buf_put(&f, md, HASH_LEN);
	file_crypt(f.p + HEAD_LEN, f.len - HEAD_LEN, salt, passphrase);
	armor_encode(out, ARMOR_KEYRING, &version, 1, f.p, f.len, 1);
	buf_wipe(&items);
	buf_wipe(&f);
}

/* data: the inside of the armor; decrypted in place. */
static int
open_file(struct keyring *k, struct buf *data, const char *passphrase, struct errmsg *e)
{
	uint8_t md[HASH_LEN];
	uint8_t *salt, *body;
	size_t bodylen, itemslen;

	if (data->len < HEAD_LEN + 4 + HASH_LEN || memcmp(data->p, MAGIC "\0", MAGIC_LEN + 1) != 0)
		return err_set(e, "keyring of an unknown format");
	salt = data->p + MAGIC_LEN + 1;
	body = data->p + HEAD_LEN;
	bodylen = data->len - HEAD_LEN - HASH_LEN;
	file_crypt(body, bodylen + HASH_LEN, salt, passphrase);
	body_digest(md, body, bodylen, salt);
	if (!ct_equal(md, body + bodylen, HASH_LEN)) {
		(void)err_set(e, "wrong passphrase, or a damaged keyring");
		return -2;
	}
	itemslen = be32(body);
	if (itemslen > bodylen - 4)
		return err_set(e, "keyring cut short");
	return keyring_parse(k, body + 4, itemslen, e);
}

int
keyring_decrypt(struct keyring *k, const char *text, size_t len, const char *passphrase,
    struct errmsg *e)
{
	struct armored a;
	const char *version;
	size_t pos = 0;
	int r;

	r = armor_next(&a, ARMOR_KEYRING, text, len, &pos, e);
	if (r != 1)
		return r == 0 ? err_set(e, "no keyring in this file") : -1;
	version = armored_header(&a, "Version");
	if (version == NULL || strcmp(version, FILE_VERSION) != 0)
		r = err_set(e, "keyring of an unknown version");
	else
		r = open_file(k, &a.data, passphrase, e);
	buf_wipe(&a.data);
	armored_free(&a);
	return r;
}
