/* The keyring in memory; its encrypted file is in keyfile.c. See keyring.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring.h"
#include "log.h"

#define ITEM_SURB_KEY	0
#define ITEM_RSA_KEY	0x45
#define DAY		86400
#define SURB_SECRET_LEN 20
#define MAX_IDENTITY	255

/* EXPIRES, NAME, NUL, SECRET */
static int
parse_surb_key(const struct keyring_item *it, struct surb_key *out)
{
	const uint8_t *nul;

	if (it->len < 5 || (nul = memchr(it->val + 4, '\0', it->len - 4U)) == NULL)
		return -1;
	out->name = (const char *)it->val + 4;
	out->expires = be32(it->val);
	out->secret = nul + 1;
	out->seclen = (size_t)(it->val + it->len - out->secret);
	return 0;
}

static struct keyring_item *
add_item(struct keyring *k, uint8_t type, const void *val, uint16_t len)
{
	struct keyring_item *it;

	it = reallocarray(k->items, k->n + 1, sizeof(*it));
	if (it == NULL)
		fatal("reallocarray");
	k->items = it;
	it += k->n++;
	it->type = type;
	it->len = len;
	it->val = malloc(len != 0 ? len : 1);
	if (it->val == NULL)
		fatal("malloc");
	memcpy(it->val, val, len);
	return it;
}

/* NAME, NUL, DER */
static int
parse_rsa_key(const struct keyring_item *it, struct rsa_item *out)
{
	const uint8_t *nul = it->len > 0 ? memchr(it->val, '\0', it->len) : NULL;

	if (nul == NULL)
		return -1;
	out->name = (const char *)it->val;
	out->der = nul + 1;
	out->len = (size_t)(it->val + it->len - out->der);
	return 0;
}

/* Identities are compared in lower case; the copy in memory is what callers see. */
static int
check_item(struct keyring_item *it)
{
	struct surb_key key;

	if (it->type != ITEM_SURB_KEY)
		return 0;
	if (parse_surb_key(it, &key) == -1)
		return -1;
	for (uint8_t *p = it->val + 4; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (uint8_t)(*p + 'a' - 'A');
	return 0;
}

int
keyring_parse(struct keyring *k, const uint8_t *p, size_t len, struct errmsg *e)
{
	struct rd r;

	memset(k, 0, sizeof(*k));
	rd_init(&r, p, len);
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r);
		uint16_t vlen = rd_u16(&r);
		const uint8_t *val = rd_bytes(&r, vlen);

		if (val == NULL || check_item(add_item(k, type, val, vlen)) == -1) {
			keyring_free(k);
			return err_set(e, "keyring with a malformed item");
		}
	}
	return 0;
}

void
keyring_pack(struct buf *b, const struct keyring *k)
{
	for (size_t i = 0; i < k->n; i++) {
		buf_u8(b, k->items[i].type);
		buf_u16(b, k->items[i].len);
		buf_put(b, k->items[i].val, k->items[i].len);
	}
}

void
keyring_free(struct keyring *k)
{
	for (size_t i = 0; i < k->n; i++)
		freezero(k->items[i].val, k->items[i].len);
	free(k->items);
	memset(k, 0, sizeof(*k));
}

int
keyring_surb_key(const struct keyring *k, size_t i, struct surb_key *out)
{
	for (size_t j = 0; j < k->n; j++)
		if (k->items[j].type == ITEM_SURB_KEY && i-- == 0)
			return parse_surb_key(&k->items[j], out) == 0;
	return 0;
}

int
keyring_rsa_key(const struct keyring *k, size_t i, struct rsa_item *out)
{
	for (size_t j = 0; j < k->n; j++)
		if (k->items[j].type == ITEM_RSA_KEY && parse_rsa_key(&k->items[j], out) == 0 &&
		    i-- == 0)
			return 1;
	return 0;
}

int
keyring_add_rsa(struct keyring *k, const char *name, const void *der, size_t len,
    struct errmsg *e)
{
	struct buf b = { 0 };

	if (strlen(name) > MAX_IDENTITY || len > UINT16_MAX - MAX_IDENTITY - 1)
		return err_set(e, "identity or key is too large for a keyring");
	for (const char *p = name; *p != '\0'; p++)
		buf_u8(&b, (uint8_t)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p));
	buf_u8(&b, 0);
	buf_put(&b, der, len);
	(void)add_item(k, ITEM_RSA_KEY, b.p, (uint16_t)b.len);
	buf_wipe(&b);
	return 0;
}

int
keyring_newest(const struct keyring *k, const char *name, struct surb_key *out)
{
	struct surb_key key;
	int found = 0;

	for (size_t i = 0; keyring_surb_key(k, i, &key); i++) {
		if (strcasecmp(key.name, name) != 0)
			continue;
		if (!found || key.expires > out->expires)
			*out = key;
		found = 1;
	}
	return found;
}

int
keyring_add(struct keyring *k, const char *name, uint32_t expires, const void *secret,
    size_t seclen, const struct rng *rng, struct errmsg *e)
{
	uint8_t fresh[SURB_SECRET_LEN];
	uint64_t midnight = ((uint64_t)expires + DAY - 1) / DAY * DAY;
	struct buf b = { 0 };
	int r;

	if (strlen(name) > MAX_IDENTITY || seclen > MAX_IDENTITY || midnight > UINT32_MAX)
		return err_set(e, "identity, secret or date is too large for a keyring");
	if (secret == NULL) {
		rng_fill(rng, fresh, sizeof(fresh));
		secret = fresh;
		seclen = sizeof(fresh);
	}
	buf_u32(&b, (uint32_t)midnight);
	buf_put(&b, name, strlen(name) + 1);
	buf_put(&b, secret, seclen);
	r = check_item(add_item(k, ITEM_SURB_KEY, b.p, (uint16_t)b.len));
	buf_wipe(&b);
	wipe(fresh, sizeof(fresh));
	return r;
}

size_t
keyring_expire(struct keyring *k, int64_t now)
{
	struct surb_key key;
	size_t kept = 0, n = k->n;

	for (size_t i = 0; i < n; i++) {
		struct keyring_item *it = &k->items[i];

		if (it->type == ITEM_SURB_KEY && parse_surb_key(it, &key) == 0 &&
		    (int64_t)key.expires < now)
			freezero(it->val, it->len);
		else
			k->items[kept++] = *it;
	}
	k->n = kept;
	return n - kept;
}
