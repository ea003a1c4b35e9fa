/* The wide-block cipher of minion-spec 3.1.1.3, and WHITEN of E2E-spec 2.1.3; see crypto.h. */
#include <string.h>

#include "crypto.h"
#include "log.h"

void
lioness_setkey(struct lioness_key *k, const void *master, size_t mlen, const char *label)
{
	struct chunk c[] = { { master, mlen }, { label, strlen(label) } };

	sha1_parts(k->k[0], c, 2);
	for (unsigned i = 1; i < 4; i++) {
		memcpy(k->k[i], k->k[0], HASH_LEN);
		k->k[i][HASH_LEN - 1] ^= (uint8_t)i;
	}
}

/* HASH(K | M | K) */
static void
keyed_hash(uint8_t md[HASH_LEN], const uint8_t key[HASH_LEN], const uint8_t *m, size_t len)
{
	struct chunk c[] = { { key, HASH_LEN }, { m, len }, { key, HASH_LEN } };

	sha1_parts(md, c, 3);
}

/* The long part, under a key made of the short one. */
static void
round_stream(const uint8_t key[HASH_LEN], uint8_t *m, size_t len)
{
	uint8_t md[HASH_LEN];

	keyed_hash(md, key, m, HASH_LEN);
	stream_crypt(md, 0, m + HASH_LEN, m + HASH_LEN, len - HASH_LEN);
	wipe(md, sizeof(md));
}

/* The short part, under a hash of the long one. */
static void
round_hash(const uint8_t key[HASH_LEN], uint8_t *m, size_t len)
{
	uint8_t md[HASH_LEN];

	keyed_hash(md, key, m + HASH_LEN, len - HASH_LEN);
	for (size_t i = 0; i < HASH_LEN; i++)
		m[i] ^= md[i];
	wipe(md, sizeof(md));
}

void
lioness_encrypt(const struct lioness_key *k, uint8_t *m, size_t len)
{
	if (len <= HASH_LEN)
		fatalx("LIONESS needs more than %d octets", HASH_LEN);
	round_stream(k->k[0], m, len);
	round_hash(k->k[1], m, len);
	round_stream(k->k[2], m, len);
	round_hash(k->k[3], m, len);
}

void
lioness_decrypt(const struct lioness_key *k, uint8_t *m, size_t len)
{
	if (len <= HASH_LEN)
		fatalx("LIONESS needs more than %d octets", HASH_LEN);
	round_hash(k->k[3], m, len);
	round_stream(k->k[2], m, len);
	round_hash(k->k[1], m, len);
	round_stream(k->k[0], m, len);
}

void
sprp_encrypt(const void *master, size_t mlen, const char *label, uint8_t *m, size_t len)
{
	struct lioness_key k;

	lioness_setkey(&k, master, mlen, label);
	lioness_encrypt(&k, m, len);
	wipe(&k, sizeof(k));
}

void
sprp_decrypt(const void *master, size_t mlen, const char *label, uint8_t *m, size_t len)
{
	struct lioness_key k;

	lioness_setkey(&k, master, mlen, label);
	lioness_decrypt(&k, m, len);
	wipe(&k, sizeof(k));
}

void
whiten(uint8_t *m, size_t len)
{
	sprp_encrypt(L_WHITEN, strlen(L_WHITEN), L_WHITEN, m, len);
}

void
unwhiten(uint8_t *m, size_t len)
{
	sprp_decrypt(L_WHITEN, strlen(L_WHITEN), L_WHITEN, m, len);
}
